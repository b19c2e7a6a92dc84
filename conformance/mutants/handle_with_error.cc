// SPDX-License-Identifier: Apache-2.0
//
// A handle comes out of a call that failed.
#include "conformance/mutants/mutant.h"

namespace tenon::mutant {

void mutate(tn_dispatch& table) {
  table.buffer_create = [](tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    const tn_status status = sound().buffer_create(device, desc, buffer, error);
    if (status != TN_OK && buffer != nullptr) *buffer = reinterpret_cast<tn_buffer*>(device);
    return status;
  };
}

}  // namespace tenon::mutant
