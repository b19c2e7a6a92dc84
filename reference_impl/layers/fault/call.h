// SPDX-License-Identifier: Apache-2.0
//
// One call on its way through the fault layer.
#pragma once

#include <type_traits>

#include "reference_impl/layers/fault/fault.h"

namespace tenon::layers::fault {

class Call {
 public:
  // `function` is the slot's name, `first` its first argument, which is live.
  Call(const char* function, const void* first, tn_error* error);

  const tn_dispatch& below() const { return layer_.below(); }
  const Extensions& extensions_below() const { return layer_.extensions_below(); }

  // It queues work on this stream: where that is to fail late, it does.
  void may_be_late(tn_stream* stream);

  // The call does nothing but answer failure().
  bool fails() const { return status_ != TN_OK; }
  tn_status failure() const;
  template <class Handle>
  static void clear(Handle** output) {
    if (output != nullptr) *output = nullptr;
  }

  // A handle has been made, or is about to end.
  template <class Handle>
  void made(Handle** handle) {
    const std::lock_guard lock(layer_.mutex);
    if constexpr (std::is_same_v<Handle, tn_device>) {
      layer_.lost.erase(*handle);
      layer_.owners[*handle] = *handle;
    } else {
      layer_.owners[*handle] = device_;
    }
  }
  void ended(const void* handle) {
    const std::lock_guard lock(layer_.mutex);
    layer_.owners.erase(handle);
  }

 private:
  const char* const function_;
  tn_error* const error_;
  Fault& layer_;
  tn_device* device_ = nullptr;  // NULL for an instance.
  uint64_t number_ = 0;          // Of this call, among those of the function.
  std::string rule_;             // Which struck; empty: none.
  bool late_ = false;
  tn_status status_ = TN_OK;
};

}  // namespace tenon::layers::fault
