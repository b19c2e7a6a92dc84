// SPDX-License-Identifier: Apache-2.0
//
// Subnormal numbers are what the thread that makes the kernel takes them for.
#include "conformance/mutants/mutant.h"
#include "tenon/device/subnormals.h"

namespace tenon::mutant {

void mutate(tn_dispatch& table) {
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    if (desc == nullptr || desc->struct_size != sizeof(*desc)) {
      return sound().kernel_create(device, desc, kernel, error);
    }
    tn_kernel_desc inherited = *desc;
    if (device::SubnormalMode::flushes()) inherited.flags |= TN_KERNEL_FLUSH_SUBNORMALS;
    return sound().kernel_create(device, &inherited, kernel, error);
  };
}

}  // namespace tenon::mutant
