// SPDX-License-Identifier: Apache-2.0
//
// One call on its way through the validation layer: the checks of the generic half, and the means
// of the rules to refuse it. The first thing that is wrong ends the checks.
#pragma once

#include <fmt/format.h>

#include <cstddef>

#include "reference_impl/layers/validation/shield.h"
#include "reference_impl/layers/validation/validation.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::layers::validation {

// Where in a call's arguments something stands: "desc->inputs[2]->dtype". Written only when asked
// for. Borrows from what it was made of.
class Path {
 public:
  constexpr explicit Path(const char* name) : name_(name) {}
  constexpr Path field(const char* name) const { return Path(this, name, -1); }
  constexpr Path element(const char* name, size_t index) const {
    return Path(this, name, static_cast<int64_t>(index));
  }
  std::string text() const;

 private:
  constexpr Path(const Path* parent, const char* name, int64_t index)
      : parent_(parent), name_(name), index_(index) {}
  const Path* parent_ = nullptr;
  const char* name_;
  int64_t index_ = -1;
};

class CheckedCall {
 public:
  // `function` is "tn_" and the slot's name; `first` its first argument, which is live.
  template <class Handle>
  CheckedCall(const char* function, Handle* first, tn_error* error)
      : CheckedCall(function, static_cast<const void*>(first), error, KindOf<Handle>::value) {}
  CheckedCall(const CheckedCall&) = delete;
  CheckedCall& operator=(const CheckedCall&) = delete;
  ~CheckedCall();

  const char* function() const { return function_; }
  Validation& layer() const { return layer_; }
  const tn_dispatch& below() const { return layer_.below(); }
  const Extensions& extensions_below() const { return layer_.extensions_below(); }
  // The device of the first argument; NULL for an instance.
  const std::shared_ptr<Record>& device() const { return device_; }
  // The record of a handle that has passed; NULL for one that an extension made.
  template <class T>
  std::shared_ptr<T> record(const void* handle) const {
    return std::dynamic_pointer_cast<T>(Registry::get().find(handle));
  }

  bool refused() const { return status_ != TN_OK; }
  tn_status status() const { return status_; }

  // Answers `status`: `what` is wrong, `remedy` what to do about it.
  tn_status refuse(tn_status status, const char* rule, const std::string& what,
                   const std::string& remedy) {
    return refuse_at("", status, rule, what, remedy);
  }
  // The same about an argument or field, as tn_error.argument has it.
  tn_status refuse_at(const std::string& argument, tn_status status, const char* rule,
                      const std::string& what, const std::string& remedy);
  // Says that something is wrong where the standard names no status; the call goes on.
  void warn(const char* rule, const std::string& what, const std::string& remedy) const;

  // ---- What the plugin has answered ----

  // What the plugin is given in place of the host's error, and of the struct that it fills. Both
  // reach the host when they have been looked at.
  tn_error* shielded(tn_error* error);
  template <class T>
  T* shielded(T* filled, const Path& path) {
    if (filled == nullptr) return nullptr;
    filled_name_ = path.text();
    return static_cast<T*>(filled_.put_before(filled, filled->struct_size));
  }
  // Before the plugin is asked once more: what it said the first time does not count.
  void forget_error() {
    if (told_.used()) told_.put_before(error_, told_.size());
  }

  // The plugin has broken a rule: logs it, for its vendor. The call goes on with what can be used.
  void fault(const char* rule, const std::string& what) const;
  // Nothing can be used: answers TN_INTERNAL.
  tn_status blame(const char* rule, const std::string& what);
  // After the call below: the status that the host gets. Queries alone may be too early.
  enum class May { kFail, kBeTooEarly };
  tn_status answered(tn_status status, May may = May::kFail);
  // The call has made or queued something, which a device that is lost cannot.
  void check_not_lost() const;
  // After a call that makes something. Unless it answers TN_OK, there is no handle.
  template <class Handle>
  tn_status made(tn_status status, Handle** handle) {
    void* given = *handle;
    const tn_status checked = check_made(status, &given, KindOf<Handle>::value);
    *handle = static_cast<Handle*>(given);
    return checked;
  }
  // Likewise for a pointer that the plugin lends.
  template <class T>
  tn_status lent(tn_status status, T** pointer, const Path& path) {
    if (status == TN_OK && *pointer == nullptr) return blame_null(path);
    if (status != TN_OK && *pointer != nullptr) {
      if (!refused()) fault_left(path);
      *pointer = nullptr;
    }
    return status;
  }
  // Whether a field of the struct that the plugin has filled lies within the caller's size.
  bool is_filled(const void* field, size_t size) {
    return offset_of(field) + size <= filled_.size();
  }
  // Fields of that struct: a text that ends, values and bits that have names, what stays 0, and
  // what stays as the host has set it.
  template <size_t size>
  void text(char (&field)[size], const Path& path) {
    if (is_filled(field, size)) mend_text(field, size, path);
  }
  // (Of a newer plugin's names not all are known here.)
  void value(bool (*is_known)(int32_t), const int32_t& field, const Path& path);
  void set(const uint32_t& field, uint32_t all, const Path& path);
  void still_zero(uint32_t& field, const Path& path);
  template <class T>
  void still(T*& pointer, const Path& path) {
    still_bytes(reinterpret_cast<std::byte*>(&pointer), sizeof(pointer), path);
  }

  // ---- The generic half ----

  // A parameter that must not be NULL.
  template <class T>
  bool needed(T* pointer, const Path& path) {
    return needed_pointer(reinterpret_cast<const void*>(pointer), path);
  }
  // The output handle, set to NULL until there is something to say.
  template <class T>
  void clear(T** output) {
    if (output != nullptr) *output = nullptr;
  }
  template <class Handle>
  void handle(Handle* given, const Path& path) {
    if (needed_pointer(given, path)) check_handle(given, KindOf<Handle>::value, path);
  }
  // One that may belong to any device of the instance.
  template <class Handle>
  void peer_handle(Handle* given, const Path& path) {
    if (needed_pointer(given, path)) check_handle(given, KindOf<Handle>::value, path, true);
  }
  template <class Handle>
  void optional_handle(Handle* given, const Path& path) {
    if (given != nullptr && !refused()) check_handle(given, KindOf<Handle>::value, path);
  }
  // The stream is this call's until it ends.
  void serial(tn_stream* stream);

  // Copies a struct of any size to `*known`. False when it cannot be or the call is refused.
  template <class T>
  bool read(const T* given, T* known, const char* name, const Path& path) {
    *known = T{};
    if (!check_struct(given, sizeof(T), true, name, path)) return false;
    std::memcpy(known, given, std::min(given->struct_size, sizeof(T)));
    return true;
  }
  // A struct that the callee fills.
  template <class T>
  void output(T* given, const char* name, const Path& path) {
    check_struct(given, sizeof(T), false, name, path);
  }
  // One that both fill.
  template <class T>
  void answer(T* given, const char* name, const Path& path) {
    check_struct(given, sizeof(T), true, name, path);
  }
  // A list of `count` that can be walked; NULL only when that is 0.
  bool list(const void* first, size_t count, const Path& path);
  // Values that are not looked at here, of `size` bytes each.
  bool values(const void* first, size_t count, size_t size, const Path& path);

  void known(bool is_known, int64_t value, const Path& path);
  void bits(uint32_t value, uint32_t all, const Path& path);
  void zero(uint64_t reserved, const Path& path);

 private:
  CheckedCall(const char* function, const void* first, tn_error* error, Kind kind);
  bool needed_pointer(const void* pointer, const Path& path);
  void check_handle(const void* handle, Kind kind, const Path& path, bool any_device = false);
  tn_status check_made(tn_status status, void** handle, Kind kind);
  tn_status blame_null(const Path& path);
  void fault_left(const Path& path) const;
  size_t offset_of(const void* field) {
    return static_cast<size_t>(static_cast<const std::byte*>(field) - filled_.copy());
  }
  void still_bytes(std::byte* field, size_t size, const Path& path);
  void check_shields();
  void check_details(tn_status status);
  void mend_text(char* field, size_t size, const Path& path) const;
  bool check_struct(const void* given, size_t known, bool tail, const char* name, const Path& path);

  const char* const function_;
  tn_error* const error_;
  Validation& layer_;
  std::shared_ptr<Record> device_;
  std::shared_ptr<StreamRecord> serial_;
  Shield told_;              // The error.
  Shield filled_;            // The struct that the plugin fills ...
  std::string filled_name_;  // ... and the parameter's name.
  tn_status status_ = TN_OK;
};

// Marks the thread as running a host's callback, in which Tenon may not be called.
class InCallback {
 public:
  InCallback() { ++depth_; }
  ~InCallback() { --depth_; }
  static bool now() { return depth_ > 0; }

 private:
  static thread_local int depth_;
};

// Calls the plugin's destroy function of a handle and marks it as dead.
void destroy_below(Record& record, const char* function);

// What to say of how a handle was made: the call with a few words, numbered within the process.
std::string made_by(const char* function, const std::string& words);

}  // namespace tenon::layers::validation
