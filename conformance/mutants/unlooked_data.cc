// SPDX-License-Identifier: Apache-2.0
//
// Kernels take TN_KERNEL_CHECK_DATA and do not look at the data: no launch fails late.
#include "conformance/mutants/mutant.h"

namespace tenon::mutant {

void mutate(tn_dispatch& table) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    const tn_status status = sound().kernel_launch(kernel, stream, launch, error);
    if (status == TN_OK) sound().stream_reset(stream, nullptr);
    return status;
  };
}

}  // namespace tenon::mutant
