// SPDX-License-Identifier: Apache-2.0
//
// What functions that make handles have in common.
#pragma once

#include "reference_impl/layers/validation/call.h"

namespace tenon::layers::validation {

// Makes something; where memory is lacking, once more after the quarantine has been emptied.
template <class Make>
tn_status with_room(Call& call, Make make) {
  tn_status status = make();
  if (TN_STATUS_CLASS(status) == TN_OUT_OF_MEMORY && call.layer().release(call.device().get())) {
    status = make();
  }
  return status;
}

// Enters a new handle. `words` say in the report of a leak which one it was.
template <class T, class Handle>
std::shared_ptr<T> enter(Call& call, Handle* handle, const std::string& words) {
  return std::make_shared<T>(KindOf<Handle>::value, handle, &call.layer(), call.device(),
                             made_by(call.function(), words));
}

}  // namespace tenon::layers::validation
