// SPDX-License-Identifier: Apache-2.0
//
// No defect: every kernel needs a workspace, and a launch without one is refused. The suite is
// green on it.
#include "conformance/mutants/mutant.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::mutant {

void mutate(tn_dispatch& table) {
  table.kernel_get_info = [](tn_kernel* kernel, tn_kernel_info* info, tn_error* error) {
    const tn_status status = sound().kernel_get_info(kernel, info, error);
    if (status == TN_OK && info->struct_size >= sizeof(*info)) {
      info->flags &= ~uint32_t{TN_KERNEL_NO_WORKSPACE};
    }
    return status;
  };
  table.kernel_workspace_size = [](tn_kernel* kernel, const tn_launch* launch, uint64_t* size,
                                   tn_error* error) {
    const tn_status status = sound().kernel_workspace_size(kernel, launch, size, error);
    if (status == TN_OK) *size += 64;
    return status;
  };
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    if (launch != nullptr && launch->workspace == nullptr) {
      return plugin::set_error(error, TN_INVALID_ARGUMENT, "TN-launch-012",
                               "launch->workspace is NULL");
    }
    return sound().kernel_launch(kernel, stream, launch, error);
  };
}

}  // namespace tenon::mutant
