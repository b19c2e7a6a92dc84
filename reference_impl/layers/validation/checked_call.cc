// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/validation/checked_call.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "reference_impl/layers/validation/foreign_memory.h"
#include "reference_impl/layers/validation/stale.h"
#include "tenon/cpp/error.hpp"

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

// How long a call waits for another one on its stream: that may be waiting for this one in turn.
constexpr auto kMostSerialWait = std::chrono::seconds(1);

// What no handle can be, since it begins with a pointer.
bool is_garbage(const void* handle) {
  constexpr uintptr_t kFirstPage = 4096;
  const auto address = reinterpret_cast<uintptr_t>(handle);
  return address < kFirstPage || address % alignof(tn_handle) != 0;
}

// The table that a handle begins with; NULL where there is no memory.
const void* safe_table_of(const void* handle) {
  const void* table = nullptr;
  if (is_garbage(handle) || !copy_foreign(&table, handle, sizeof(table))) return nullptr;
  return table;
}

bool refuse_garbage(const void* handle, const char* function, tn_status* status, tn_error* error) {
  if (!is_garbage(handle)) return false;
  constexpr const char* kRule = "TN-handle-002";
  const std::string message =
      with_remedy(function, fmt::format("the first argument is {}, which is no handle", handle),
                  "give one that Tenon made");
  report_without_host(kRule, message);
  *status = plugin::set_error_text(error, TN_INVALID_ARGUMENT, kRule, message.c_str());
  return true;
}

}  // namespace

std::atomic<uintptr_t> checked_below{0};
thread_local int InCallback::depth_ = 0;

void watch_stale_handles() { checked_below = UINTPTR_MAX; }

void stop_watching_after_fork() { checked_below = 0; }

bool refuse_stale(const void* handle, const char* function, tn_status* status, tn_error* error) {
  const std::shared_ptr<Record> record = Registry::get().find(handle);
  if (record == nullptr) return refuse_garbage(handle, function, status, error);
  if (!record->dead) return false;
  constexpr const char* kRule = "TN-handle-001";
  const std::string message = with_remedy(
      function,
      "the first argument was " + describe(*record) + " and destroyed by " + record->ended,
      "do not use a handle after its destroy");
  if (record->layer != nullptr) {
    record->layer->report(TN_LOG_ERROR, kRule, message);
  } else {
    report_without_host(kRule, message);  // Its instance has gone, and the host's log with it.
  }
  *status = plugin::set_error_text(error, TN_INVALID_ARGUMENT, kRule, message.c_str());
  return true;
}

std::string Path::text() const {
  std::string text = parent_ != nullptr ? parent_->text() + "->" + name_ : std::string(name_);
  if (index_ >= 0) text += "[" + std::to_string(index_) + "]";
  return text;
}

CheckedCall::CheckedCall(const char* function, const void* first, tn_error* error, Kind kind)
    : function_(function), error_(error), layer_(Validation::of(table_of(first))) {
  const std::shared_ptr<Record> record = Registry::get().find(first);
  if (record) device_ = kind == Kind::kDevice ? record : record->device;
  if (InCallback::now()) {
    refuse(TN_INVALID_STATE, "TN-callback-005", "it is called from within a callback",
           "set a flag there and call from a thread of your own");
  }
  if (error != nullptr &&
      (error->struct_size < sizeof(size_t) || error->struct_size > plugin::kMaxStructSize)) {
    refuse_at("error->struct_size", TN_INVALID_ARGUMENT, "TN-struct-005",
              fmt::format("error->struct_size is {}", error->struct_size),
              "begin with TN_ERROR_INIT");
  }
}

CheckedCall::~CheckedCall() {
  if (filled_.used()) filled_.hand_over(sizeof(size_t));
  if (serial_ != nullptr) serial_->user = 0;
}

tn_status CheckedCall::refuse_at(const std::string& argument, tn_status status, const char* rule,
                                 const std::string& what, const std::string& remedy) {
  if (refused()) return status_;
  status_ = status;
  const std::string message = with_remedy(function_, what, remedy);
  layer_.report(TN_LOG_ERROR, rule, message);
  plugin::set_error_text(error_, status, rule, (message + " (" + sentence_of(rule) + ")").c_str());
  plugin::set_error_argument(error_, argument.c_str());
  return status;
}

void CheckedCall::warn(const char* rule, const std::string& what, const std::string& remedy) const {
  layer_.report(TN_LOG_WARNING, rule, with_remedy(function_, what, remedy));
}

void CheckedCall::fault(const char* rule, const std::string& what) const {
  layer_.report(TN_LOG_ERROR, rule, layer_.of_plugin(function_, what));
}

tn_status CheckedCall::blame(const char* rule, const std::string& what) {
  if (refused()) return status_;
  fault(rule, what);
  status_ = TN_INTERNAL;
  const std::string message = layer_.of_plugin(function_, what) + " (" + sentence_of(rule) + ")";
  return plugin::set_error_text(error_, TN_INTERNAL, rule, message.c_str());
}

tn_error* CheckedCall::shielded(tn_error* error) {
  if (error == nullptr) return nullptr;
  return static_cast<tn_error*>(static_cast<void*>(told_.put_before(error, error->struct_size)));
}

// Neither size was changed, and nothing was written behind the host's bytes.
void CheckedCall::check_shields() {
  const auto check = [this](Shield& shield, const std::string& name) {
    if (!shield.used()) return;
    size_t size = 0;
    std::memcpy(&size, shield.copy(), sizeof(size));
    if (size != shield.size()) {
      fault("TN-struct-003", fmt::format("changed {}->struct_size to {}", name, size));
      size = shield.size();
      std::memcpy(shield.copy(), &size, sizeof(size));
    }
    if (!shield.intact()) {
      fault("TN-struct-003",
            fmt::format("wrote beyond the {} bytes of {}, as its struct_size says", size, name));
    }
  };
  check(told_, "error");
  check(filled_, filled_name_);
}

// The error of a failure says what the status says, and texts that can be read; then it is the
// host's.
void CheckedCall::check_details(tn_status status) {
  if (!told_.used()) return;
  if (status == TN_OK || status == TN_NOT_READY) {
    if (told_.untouched()) return;
    return fault(status == TN_OK ? "TN-error-003" : "TN-error-005",
                 fmt::format("answered {}, but wrote to the error", status_name(status)));
  }
  auto& error = *static_cast<tn_error*>(static_cast<void*>(told_.copy()));
  constexpr const char* kRule = "TN-error-002";
  const bool has_code =
      plugin::writable(&error, offsetof(tn_error, code), sizeof(error.code)) == sizeof(error.code);
  if (has_code && error.code != status) {
    fault(kRule, fmt::format("answered {:#x}, but wrote {:#x} to error->code",
                             static_cast<uint32_t>(status), static_cast<uint32_t>(error.code)));
    error.code = status;
  }
  const auto text = [&](char* field, size_t offset, size_t size, const char* name) {
    const size_t room = plugin::writable(&error, offset, size);
    if (const char* problem = validation::mend_text(field, room)) {
      fault(kRule, fmt::format("wrote {} to error->{}", problem, name));
    }
    return room;
  };
  text(error.rule, offsetof(tn_error, rule), sizeof(error.rule), "rule");
  text(error.argument, offsetof(tn_error, argument), sizeof(error.argument), "argument");
  const size_t room =
      text(error.message, offsetof(tn_error, message), sizeof(error.message), "message");
  if (room > 1 && error.message[0] == '\0') {
    fault(kRule, fmt::format("answered {:#x} without a message", static_cast<uint32_t>(status)));
    plugin::copy_text(error.message, room, "the plugin says no more");
  }
  told_.hand_over();
}

void CheckedCall::check_not_lost() const {
  const auto* device = dynamic_cast<const DeviceRecord*>(device_.get());
  if (device == nullptr || !device->lost) return;
  fault("TN-device-010", "answered TN_OK, though the device has answered TN_DEVICE_LOST before");
}

tn_status CheckedCall::answered(tn_status status, May may) {
  check_shields();
  if (refused()) return status_;
  if (!is_known_status(status) && !layer_.plugin_is_newer()) {
    return blame("TN-status-001", fmt::format("answered {:#x}", static_cast<uint32_t>(status)));
  }
  if (TN_STATUS_CLASS(status) == TN_NOT_READY && may != May::kBeTooEarly) {
    return blame("TN-status-003", "answered TN_NOT_READY, but was not asked whether it is");
  }
  check_details(status);
  if (TN_STATUS_CLASS(status) == TN_DEVICE_LOST) {
    if (auto* device = dynamic_cast<DeviceRecord*>(device_.get())) device->lost = true;
  }
  return status;
}

tn_status CheckedCall::check_made(tn_status status, void** handle, Kind kind) {
  if (refused()) return status_;
  void* const given = *handle;
  if (status != TN_OK) {
    if (given != nullptr) {
      fault("TN-error-001", fmt::format("answered {:#x}, but left a {}",
                                        static_cast<uint32_t>(status), name_of(kind)));
      *handle = nullptr;
    }
    return status;
  }
  *handle = nullptr;
  if (given == nullptr) {
    return blame("TN-handle-003", fmt::format("answered TN_OK without a {}", name_of(kind)));
  }
  if (safe_table_of(given) != layer_.table()) {
    return blame("TN-handle-003",
                 fmt::format("made a {} whose first word is not the dispatch table "
                             "that it was started with",
                             name_of(kind)));
  }
  const std::shared_ptr<Record> record = Registry::get().find(given);
  if (record != nullptr && (!record->dead || layer_.keeps(*record))) {
    return blame("TN-handle-004", fmt::format("made a {} that is {}, which is still in use",
                                              name_of(kind), describe(*record)));
  }
  check_not_lost();
  *handle = given;
  return TN_OK;
}

tn_status CheckedCall::blame_null(const Path& path) {
  return blame("TN-answer-002", "answered TN_OK, but *" + path.text() + " is NULL");
}

void CheckedCall::fault_left(const Path& path) const {
  fault("TN-error-001", "answered a failure, but *" + path.text() + " is not NULL");
}

void CheckedCall::mend_text(char* field, size_t size, const Path& path) const {
  if (const char* problem = validation::mend_text(field, size)) {
    fault("TN-answer-001", fmt::format("wrote {} to {}", problem, path.text()));
  }
}

void CheckedCall::value(bool (*is_known)(int32_t), const int32_t& field, const Path& path) {
  if (!is_filled(&field, sizeof(field)) || is_known(field) || layer_.plugin_is_newer()) return;
  fault("TN-answer-001", fmt::format("wrote {} to {}, a value without a name", field, path.text()));
}

void CheckedCall::set(const uint32_t& field, uint32_t all, const Path& path) {
  if (!is_filled(&field, sizeof(field)) || (field & ~all) == 0 || layer_.plugin_is_newer()) return;
  fault("TN-answer-001",
        fmt::format("wrote the unknown bits {:#x} to {}", field & ~all, path.text()));
}

void CheckedCall::still_zero(uint32_t& field, const Path& path) {
  if (!is_filled(&field, sizeof(field)) || field == 0 || layer_.plugin_is_newer()) return;
  if (std::memcmp(&field, filled_.host() + offset_of(&field), sizeof(field)) == 0) return;
  fault("TN-answer-001", fmt::format("wrote {:#x} to {}", field, path.text()));
  field = 0;
}

void CheckedCall::still_bytes(std::byte* field, size_t size, const Path& path) {
  if (!is_filled(field, size)) return;
  const std::byte* given = filled_.host() + offset_of(field);
  if (std::memcmp(field, given, size) == 0) return;
  fault("TN-answer-001", fmt::format("changed {}, which is the host's", path.text()));
  std::memcpy(field, given, size);
}

bool CheckedCall::needed_pointer(const void* pointer, const Path& path) {
  if (!refused() && pointer == nullptr) {
    refuse_at(path.text(), TN_INVALID_ARGUMENT, "TN-null-002", path.text() + " is NULL",
              "give one");
  }
  return !refused();
}

void CheckedCall::check_handle(const void* handle, Kind kind, const Path& path, bool any_device) {
  if (refused()) return;
  const std::shared_ptr<Record> record = Registry::get().find(handle);
  if (record == nullptr) {
    // One that an extension made, if it begins as all of this plugin's do.
    if (safe_table_of(handle) == layer_.table()) return;
    refuse_at(path.text(), TN_INVALID_ARGUMENT, "TN-handle-002",
              path.text() + " is no handle of this plugin", "give one that it made");
  } else if (record->dead) {
    refuse_at(path.text(), TN_INVALID_ARGUMENT, "TN-handle-001",
              path.text() + " was " + describe(*record) + " and destroyed by " + record->ended,
              "do not use a handle after its destroy");
  } else if (record->kind != kind) {
    refuse_at(path.text(), TN_INVALID_ARGUMENT, "TN-handle-002",
              path.text() + " is " + describe(*record) + ", no " + name_of(kind),
              std::string("give a ") + name_of(kind));
  } else if (record->layer != &layer_) {
    refuse_at(path.text(), TN_INVALID_ARGUMENT, "TN-handle-002",
              path.text() + " is " + describe(*record) + " of another plugin",
              "copy through the host between plugins");
  } else if (!any_device && kind != Kind::kInstance && kind != Kind::kDevice &&
             device_ != nullptr && record->device != device_) {
    refuse_at(
        path.text(), TN_INVALID_ARGUMENT, "TN-device-002",
        path.text() + " is " + describe(*record) + " from another device than the first argument",
        "give one of the same tn_device");
  }
}

void CheckedCall::serial(tn_stream* stream) {
  if (refused() || stream == nullptr) return;
  std::shared_ptr<StreamRecord> record = this->record<StreamRecord>(stream);
  if (record == nullptr) return;
  const int self = thread_number();
  int other = 0;
  bool taken = record->user.compare_exchange_strong(other, self);
  if (!taken) {
    const bool own = other == self;
    warn("TN-stream-012",
         describe(*record) + (own ? " is in use by a call of this thread that has not returned"
                                  : " is in use by another thread"),
         "take a lock around the calls that queue work on one stream, or use a stream a thread");
    // Not a lock: the thread that holds it may have called this.
    const auto deadline = std::chrono::steady_clock::now() + kMostSerialWait;
    while (!own && !taken && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
      other = 0;
      taken = record->user.compare_exchange_strong(other, self);
    }
  }
  if (taken) serial_ = std::move(record);
}

bool CheckedCall::check_struct(const void* given, size_t known, bool tail, const char* name,
                               const Path& path) {
  if (!needed_pointer(given, path)) return false;
  const size_t size = *static_cast<const size_t*>(given);
  if (!plugin::can_be_size(size)) {
    refuse_at(path.field("struct_size").text(), TN_INVALID_ARGUMENT, "TN-struct-005",
              fmt::format("{}->struct_size is {}", path.text(), size),
              fmt::format("set it to sizeof({})", name));
  } else if (tail && plugin::first_unknown_byte(given, size, known) < size) {
    refuse_at(path.text(), TN_UNSUPPORTED, "TN-struct-001",
              fmt::format("a field of {} beyond the {} bytes of {} known here is set", path.text(),
                          known, name),
              "leave it 0, or use a newer libtenon");
  }
  return !refused();
}

bool CheckedCall::list(const void* first, size_t count, const Path& path) {
  constexpr size_t kMost = 65536;
  if (!refused() && count > kMost) {
    refuse_at(path.text(), TN_INVALID_ARGUMENT, "TN-list-001",
              fmt::format("{} is said to have {} entries", path.text(), count),
              "give the number that there are");
  }
  return values(first, count, 1, path);
}

bool CheckedCall::values(const void* first, size_t count, size_t size, const Path& path) {
  if (!refused() && count > static_cast<size_t>(PTRDIFF_MAX) / size) {
    refuse_at(path.text(), TN_INVALID_ARGUMENT, "TN-list-001",
              fmt::format("{} is said to have {} values", path.text(), count),
              "give the number that there are");
  }
  if (!refused() && count != 0 && first == nullptr) {
    refuse_at(path.text(), TN_INVALID_ARGUMENT, "TN-null-002",
              fmt::format("{} is NULL, but there are {}", path.text(), count), "give the list");
  }
  return !refused();
}

void CheckedCall::known(bool is_known, int64_t value, const Path& path) {
  if (refused() || is_known) return;
  refuse_at(path.text(), TN_UNSUPPORTED, "TN-enum-001", fmt::format("{} is {}", path.text(), value),
            "give a value that tenon.h names");
}

void CheckedCall::bits(uint32_t value, uint32_t all, const Path& path) {
  if (refused() || (value & ~all) == 0) return;
  refuse_at(path.text(), TN_UNSUPPORTED, "TN-enum-001",
            fmt::format("{} has the unknown bits {:#x}", path.text(), value & ~all),
            "give bits that tenon.h names");
}

void CheckedCall::zero(uint64_t reserved, const Path& path) {
  if (refused() || reserved == 0) return;
  refuse_at(path.text(), TN_UNSUPPORTED, "TN-struct-006",
            fmt::format("{} is {:#x}", path.text(), reserved),
            "zero the struct before you fill it");
}

std::string made_by(const char* function, const std::string& words) {
  static std::atomic<uint64_t> calls{0};
  return fmt::format("{}({}) as handle {} on thread {}", function, words, ++calls, thread_number());
}

}  // namespace tenon::layers::validation
