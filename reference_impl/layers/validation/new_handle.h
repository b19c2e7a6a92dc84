// SPDX-License-Identifier: Apache-2.0
//
// What functions that make handles have in common.
#pragma once

#include "reference_impl/layers/validation/checked_call.h"

namespace tenon::layers::validation {

// Makes something by `make`, which calls below; where memory is lacking, once more after the
// quarantine has been emptied. TN_OK means that `*handle` is a handle.
template <class Handle, class Make>
tn_status make_handle(CheckedCall& call, Handle** handle, Make make) {
  tn_status status = make();
  if (TN_STATUS_CLASS(status) == TN_OUT_OF_MEMORY && call.layer().release(call.device().get())) {
    *handle = nullptr;
    call.forget_error();
    status = make();
  }
  return call.made(status, handle);
}

// Enters a new handle. `words` say in the report of a leak which one it was.
template <class T, class Handle>
std::shared_ptr<T> enter(CheckedCall& call, Handle* handle, const std::string& words) {
  return std::make_shared<T>(KindOf<Handle>::value, handle, &call.layer(), call.device(),
                             made_by(call.function(), words));
}

}  // namespace tenon::layers::validation
