// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/validation/call.h"

#include <algorithm>

#include "reference_impl/layers/validation/stale.h"

namespace tenon::layers::validation {
namespace {

const tn_dispatch* table_of(const void* handle) {
  return static_cast<const tn_handle*>(handle)->dispatch;
}

std::string with_remedy(const char* function, const std::string& what, const std::string& remedy) {
  return std::string(function) + ": " + what + "; " + remedy;
}

// A small name for the calling thread.
int thread_number() {
  static std::atomic<int> last{0};
  thread_local const int number = ++last;
  return number;
}

}  // namespace

std::atomic<uintptr_t> checked_below{0};
thread_local int InCallback::depth_ = 0;

void watch_stale_handles() { checked_below = UINTPTR_MAX; }

void stop_watching_after_fork() { checked_below = 0; }

bool refuse_stale(const void* handle, const char* function, tn_status* status, tn_error* error) {
  const std::shared_ptr<Record> record = Registry::get().find(handle);
  if (record == nullptr || !record->dead) return false;
  constexpr const char* kRule = "TN-handle-001";
  const std::string message = with_remedy(
      function,
      "the first argument was " + describe(*record) + " and destroyed by " + record->ended,
      "do not use a handle after its destroy");
  if (record->layer != nullptr) {
    record->layer->report(TN_LOG_ERROR, kRule, message);
  } else {
    // Its instance has gone, and the host's log with it.
    std::fprintf(stderr, "tenon: validation: %s [%s: %s]\n", message.c_str(), kRule,
                 sentence_of(kRule));
  }
  *status = plugin::set_error_text(error, TN_INVALID_ARGUMENT, kRule, message.c_str());
  return true;
}

std::string Path::text() const {
  std::string text = parent_ != nullptr ? parent_->text() + "->" + name_ : std::string(name_);
  if (index_ >= 0) text += "[" + std::to_string(index_) + "]";
  return text;
}

Call::Call(const char* function, const void* first, tn_error* error, Kind kind)
    : function_(function), error_(error), layer_(Validation::of(table_of(first))) {
  const std::shared_ptr<Record> record = Registry::get().find(first);
  if (record) device_ = kind == Kind::kDevice ? record : record->device;
  if (InCallback::now()) {
    refuse(TN_INVALID_STATE, "TN-callback-005", "it is called from within a callback",
           "set a flag there and call from a thread of your own");
  }
  if (error != nullptr &&
      (error->struct_size < sizeof(size_t) || error->struct_size > plugin::kMaxStructSize)) {
    refuse(TN_INVALID_ARGUMENT, "TN-struct-005",
           fmt::format("error->struct_size is {}", error->struct_size), "begin with TN_ERROR_INIT");
  }
}

Call::~Call() {
  if (serial_ != nullptr) serial_->serial.unlock();
}

tn_status Call::refuse(tn_status status, const char* rule, const std::string& what,
                       const std::string& remedy) {
  if (refused()) return status_;
  status_ = status;
  const std::string message = with_remedy(function_, what, remedy);
  layer_.report(TN_LOG_ERROR, rule, message);
  plugin::set_error_text(error_, status, rule, (message + " (" + sentence_of(rule) + ")").c_str());
  return status;
}

void Call::warn(const char* rule, const std::string& what, const std::string& remedy) const {
  layer_.report(TN_LOG_WARNING, rule, with_remedy(function_, what, remedy));
}

bool Call::needed_pointer(const void* pointer, const Path& path) {
  if (!refused() && pointer == nullptr) {
    refuse(TN_INVALID_ARGUMENT, "TN-null-002", path.text() + " is NULL", "give one");
  }
  return !refused();
}

void Call::check_handle(const void* handle, Kind kind, const Path& path, bool any_device) {
  if (refused()) return;
  const std::shared_ptr<Record> record = Registry::get().find(handle);
  if (record == nullptr) {
    // One that an extension made, if it begins as all of this plugin's do.
    if (layered(table_of(handle)).validation.get() == &layer_) return;
    refuse(TN_INVALID_ARGUMENT, "TN-handle-002", path.text() + " is no handle of this plugin",
           "give one that it made");
  } else if (record->dead) {
    refuse(TN_INVALID_ARGUMENT, "TN-handle-001",
           path.text() + " was " + describe(*record) + " and destroyed by " + record->ended,
           "do not use a handle after its destroy");
  } else if (record->kind != kind) {
    refuse(TN_INVALID_ARGUMENT, "TN-handle-002",
           path.text() + " is " + describe(*record) + ", no " + name_of(kind),
           std::string("give a ") + name_of(kind));
  } else if (record->layer != &layer_) {
    refuse(TN_INVALID_ARGUMENT, "TN-handle-002",
           path.text() + " is " + describe(*record) + " of another plugin",
           "copy through the host between plugins");
  } else if (!any_device && kind != Kind::kInstance && kind != Kind::kDevice &&
             device_ != nullptr && record->device != device_) {
    refuse(
        TN_INVALID_ARGUMENT, "TN-device-002",
        path.text() + " is " + describe(*record) + " from another device than the first argument",
        "give one of the same tn_device");
  }
}

void Call::serial(tn_stream* stream) {
  if (refused() || stream == nullptr) return;
  std::shared_ptr<StreamRecord> record = this->record<StreamRecord>(stream);
  if (record == nullptr) return;
  if (!record->serial.try_lock()) {
    warn("TN-stream-012", describe(*record) + " is in use by another thread",
         "take a lock around the calls that queue work on one stream, or use a stream a thread");
    record->serial.lock();
  }
  serial_ = std::move(record);
}

bool Call::check_struct(const void* given, size_t known, bool tail, const char* name,
                        const Path& path) {
  if (!needed_pointer(given, path)) return false;
  const size_t size = *static_cast<const size_t*>(given);
  if (size < sizeof(size_t) || size > plugin::kMaxStructSize) {
    refuse(TN_INVALID_ARGUMENT, "TN-struct-005",
           fmt::format("{}->struct_size is {}", path.text(), size),
           fmt::format("set it to sizeof({})", name));
  } else if (tail && plugin::first_unknown_byte(given, size, known) < size) {
    refuse(TN_UNSUPPORTED, "TN-struct-001",
           fmt::format("a field of {} beyond the {} bytes of {} known here is set", path.text(),
                       known, name),
           "leave it 0, or use a newer libtenon");
  }
  return !refused();
}

bool Call::list(const void* first, size_t count, const Path& path) {
  if (!refused() && count != 0 && first == nullptr) {
    refuse(TN_INVALID_ARGUMENT, "TN-null-002",
           fmt::format("{} is NULL, but there are {}", path.text(), count), "give the list");
  }
  return !refused();
}

void Call::known(bool is_known, int64_t value, const Path& path) {
  if (refused() || is_known) return;
  refuse(TN_UNSUPPORTED, "TN-enum-001", fmt::format("{} is {}", path.text(), value),
         "give a value that tenon.h names");
}

void Call::bits(uint32_t value, uint32_t all, const Path& path) {
  if (refused() || (value & ~all) == 0) return;
  refuse(TN_UNSUPPORTED, "TN-enum-001",
         fmt::format("{} has the unknown bits {:#x}", path.text(), value & ~all),
         "give bits that tenon.h names");
}

void Call::zero(uint32_t reserved, const Path& path) {
  if (refused() || reserved == 0) return;
  refuse(TN_UNSUPPORTED, "TN-struct-006", fmt::format("{} is {}", path.text(), reserved),
         "zero the struct before you fill it");
}

std::string made_by(const char* function, const std::string& words) {
  static std::atomic<uint64_t> calls{0};
  return fmt::format("{}({}) as handle {} on thread {}", function, words, ++calls, thread_number());
}

}  // namespace tenon::layers::validation
