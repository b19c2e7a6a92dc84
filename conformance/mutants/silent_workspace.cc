// SPDX-License-Identifier: Apache-2.0
//
// Every kernel says that it needs no workspace; some do.
#include "conformance/mutants/mutant.h"

namespace tenon::mutant {

void mutate(tn_dispatch& table) {
  table.kernel_get_info = [](tn_kernel* kernel, tn_kernel_info* info, tn_error* error) {
    const tn_status status = sound().kernel_get_info(kernel, info, error);
    if (status == TN_OK && info->struct_size >= sizeof(*info)) {
      info->flags |= TN_KERNEL_NO_WORKSPACE;
    }
    return status;
  };
}

}  // namespace tenon::mutant
