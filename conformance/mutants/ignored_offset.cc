// SPDX-License-Identifier: Apache-2.0
//
// Kernels read inputs from the beginning of their buffers.
#include "conformance/mutants/inputs.h"
#include "conformance/mutants/mutant.h"

namespace tenon::mutant {

void mutate(tn_dispatch& table) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    if (launch == nullptr) return sound().kernel_launch(kernel, stream, launch, error);
    ChangedInputs changed(*launch);
    for (tn_tensor& tensor : changed.tensors) tensor.offset = 0;
    return sound().kernel_launch(kernel, stream, changed.launch(), error);
  };
}

}  // namespace tenon::mutant
