// SPDX-License-Identifier: Apache-2.0
//
// Kernels take every input for dense row-major, in descriptions as in launches.
#include "conformance/mutants/inputs.h"
#include "conformance/mutants/mutant.h"

namespace tenon::mutant {
namespace {

tn_status create(tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                 tn_error* error) {
  if (desc == nullptr) return sound().kernel_create(device, desc, kernel, error);
  std::vector<tn_argument> arguments;
  std::vector<const tn_argument*> pointers;
  arguments.reserve(desc->input_count);
  for (size_t i = 0; i < desc->input_count; ++i) {
    arguments.push_back(*desc->inputs[i]);
    if (arguments[i].struct_size == sizeof(tn_argument)) arguments[i].strides = nullptr;
    // A longer one goes on as it is.
    pointers.push_back(arguments[i].struct_size == sizeof(tn_argument) ? &arguments[i]
                                                                       : desc->inputs[i]);
  }
  if (desc->struct_size != sizeof(tn_kernel_desc)) {
    return sound().kernel_create(device, desc, kernel, error);
  }
  tn_kernel_desc changed = *desc;
  changed.inputs = pointers.data();
  return sound().kernel_create(device, &changed, kernel, error);
}

}  // namespace

void mutate(tn_dispatch& table) {
  table.kernel_create = create;
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    if (launch == nullptr) return sound().kernel_launch(kernel, stream, launch, error);
    ChangedInputs changed(*launch);
    for (tn_tensor& tensor : changed.tensors) tensor.strides = nullptr;
    return sound().kernel_launch(kernel, stream, changed.launch(), error);
  };
}

}  // namespace tenon::mutant
