// SPDX-License-Identifier: Apache-2.0
//
// There is a device more each time the host counts, and a function that no table may lack is not
// there.
#include <atomic>

#include "conformance/mutants/mutant.h"

namespace tenon::mutant {

void mutate(tn_dispatch& table) {
  table.instance_device_count = [](tn_instance* instance, size_t* count, tn_error* error) {
    static std::atomic<size_t> calls{0};
    const tn_status status = sound().instance_device_count(instance, count, error);
    if (status == TN_OK) *count += calls++;
    return status;
  };
  table.stream_reset = nullptr;
}

}  // namespace tenon::mutant
