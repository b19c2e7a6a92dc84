// SPDX-License-Identifier: Apache-2.0
//
// Kernels that compute something else. What is off by little is for the perturbation layer.
#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "conformance/mutants/liar.h"

namespace tenon::liar {
namespace {

struct Other {
  const char* name;
  const char* other;
  int32_t version;
};
// Operators of the same form, with the versions of the others.
constexpr std::array kOthers = {Other{"Add", "Sub", 14},  Other{"Sub", "Add", 14},
                                Other{"Mul", "Div", 14},  Other{"Div", "Mul", 14},
                                Other{"Relu", "Neg", 13}, Other{"Neg", "Abs", 13},
                                Other{"Abs", "Neg", 13},  Other{"Exp", "Sqrt", 13},
                                Other{"Sqrt", "Exp", 13}, Other{"Tanh", "Sigmoid", 13}};

template <class Wrong>
tn_status create_wrong(tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                       tn_error* error, Wrong wrong) {
  if (whole(desc) && desc->input_count > 0 && desc->name != nullptr && desc->domain != nullptr &&
      desc->domain[0] == '\0' && wrong(desc->inputs[0]->dtype)) {
    for (const Other& one : kOthers) {
      if (std::strcmp(desc->name, one.name) != 0) continue;
      tn_kernel_desc changed = *desc;
      changed.name = one.other;
      changed.version = one.version;
      if (sound().kernel_create(device, &changed, kernel, nullptr) == TN_OK) return TN_OK;
    }
  }
  return sound().kernel_create(device, desc, kernel, error);
}

}  // namespace

TN_LIAR(half_types_compute_another_operator) {
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    return create_wrong(device, desc, kernel, error,
                        [](tn_dtype dtype) { return dtype == TN_FLOAT16 || dtype == TN_BFLOAT16; });
  };
}

TN_LIAR(double_computes_another_operator) {
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    return create_wrong(device, desc, kernel, error,
                        [](tn_dtype dtype) { return dtype == TN_FLOAT64; });
  };
}

TN_LIAR(integers_compute_another_operator) {
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    return create_wrong(device, desc, kernel, error,
                        [](tn_dtype dtype) { return dtype == TN_INT32 || dtype == TN_INT64; });
  };
}

// Of the first element, of every type.
TN_LIAR(a_bit_of_each_result) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    const tn_status status = sound().kernel_launch(kernel, stream, launch, error);
    const tn_tensor* const output =
        status == TN_OK && launch->output_count != 0 ? launch->outputs[0] : nullptr;
    if (output == nullptr || output->buffer == nullptr) return status;
    for (int32_t i = 0; i < output->rank; ++i) {
      if (output->dims[i] == 0) return status;
    }
    unsigned char byte = 0;
    sound().stream_read(stream, &byte, output->buffer, output->offset, 1, nullptr);
    sound().stream_synchronize(stream, nullptr);
    byte ^= 1;
    sound().stream_fill(stream, output->buffer, output->offset, 1, &byte, 1, nullptr);
    return status;
  };
}

TN_LIAR(constants_are_zeros) {
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    if (!whole(desc)) return sound().kernel_create(device, desc, kernel, error);
    static const std::vector<char> zeros(1 << 20);
    std::deque<tn_argument> copies;
    std::vector<const tn_argument*> inputs(desc->inputs, desc->inputs + desc->input_count);
    for (const tn_argument*& input : inputs) {
      if (input == nullptr || input->kind != TN_ARGUMENT_CONSTANT || input->host_data == nullptr) {
        continue;
      }
      copies.push_back(*input);
      copies.back().host_data = zeros.data();
      input = &copies.back();
    }
    tn_kernel_desc changed = *desc;
    changed.inputs = inputs.data();
    return sound().kernel_create(device, &changed, kernel, error);
  };
}

}  // namespace tenon::liar
