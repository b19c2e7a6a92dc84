// SPDX-License-Identifier: Apache-2.0
//
// One call on its way through the validation layer: the checks of the generic half, and the means
// of the rules to refuse it. The first thing that is wrong ends the checks.
#pragma once

#include <fmt/format.h>

#include <cstddef>

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

class Call {
 public:
  // `function` is "tn_" and the slot's name; `first` its first argument, which is live.
  template <class Handle>
  Call(const char* function, Handle* first, tn_error* error)
      : Call(function, static_cast<const void*>(first), error, KindOf<Handle>::value) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call();

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
                   const std::string& remedy);
  // Says that something is wrong where the standard names no status; the call goes on.
  void warn(const char* rule, const std::string& what, const std::string& remedy) const;

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
  void output(const T* given, const char* name, const Path& path) {
    check_struct(given, sizeof(T), false, name, path);
  }
  // One that both fill.
  template <class T>
  void answer(const T* given, const char* name, const Path& path) {
    check_struct(given, sizeof(T), true, name, path);
  }
  // A list of `count`; NULL only when that is 0.
  bool list(const void* first, size_t count, const Path& path);

  void known(bool is_known, int64_t value, const Path& path);
  void bits(uint32_t value, uint32_t all, const Path& path);
  void zero(uint32_t reserved, const Path& path);

 private:
  Call(const char* function, const void* first, tn_error* error, Kind kind);
  bool needed_pointer(const void* pointer, const Path& path);
  void check_handle(const void* handle, Kind kind, const Path& path, bool any_device = false);
  bool check_struct(const void* given, size_t known, bool tail, const char* name, const Path& path);

  const char* const function_;
  tn_error* const error_;
  Validation& layer_;
  std::shared_ptr<Record> device_;
  std::shared_ptr<StreamRecord> serial_;
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
