// SPDX-License-Identifier: Apache-2.0
#include "suite/obey.h"

#include <algorithm>

namespace tenon::conformance {
namespace {

constexpr uint32_t kStrides = TN_REQUIRES_STATIC_STRIDES | TN_REQUIRES_DENSE;
constexpr uint32_t kKnown = TN_REQUIRES_STATIC_DIMS | kStrides | TN_REQUIRES_ALIGNED;

bool follow(const tn_argument_needs& needs, const tn_tensor* tensor, Argument& argument) {
  if (needs.requirements == 0) return true;
  if ((needs.requirements & ~kKnown) != 0 || tensor == nullptr) return false;
  if (wants_dense(needs) && !is_dense(*tensor)) return false;
  const uint64_t alignment = wanted_alignment(needs);
  if (alignment != 0 && tensor->offset % alignment != 0) return false;
  if (alignment != 0) argument.alignment = static_cast<uint32_t>(alignment);
  if ((needs.requirements & ~uint32_t{TN_REQUIRES_ALIGNED}) == 0) return true;
  argument.dims.assign(tensor->dims, tensor->dims + tensor->rank);
  argument.strides = Argument::dense_strides(argument.dims);
  if (tensor->strides != nullptr && !wants_dense(needs)) {
    argument.strides.assign(tensor->strides, tensor->strides + tensor->rank);
  }
  return true;
}

bool follow_all(const std::vector<tn_argument_needs>& needs, Tensors tensors,
                std::vector<Argument>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!follow(needs[i], i < tensors.size() ? tensors.begin()[i] : nullptr, arguments[i])) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool is_dense(const tn_tensor& tensor) {
  if (tensor.strides == nullptr) return true;
  int64_t step = 1;
  for (int32_t i = tensor.rank; i-- > 0;) {
    if (tensor.dims[i] == 0) return true;
    if (tensor.dims[i] != 1 && tensor.strides[i] != step) return false;
    step *= tensor.dims[i];
  }
  return true;
}

uint64_t wanted_alignment(const tn_argument_needs& needs) {
  return (needs.requirements & TN_REQUIRES_ALIGNED) != 0 ? needs.alignment : 0;
}

bool wants_dense(const tn_argument_needs& needs) {
  return (needs.requirements & TN_REQUIRES_DENSE) != 0;
}

tn_status obey(const Device& device, KernelDesc& desc, Tensors inputs, Tensors outputs) {
  // A device may ask for one thing after the other, but there are only so many.
  for (int round = 0; round < 8; ++round) {
    const KernelSupport support = supports(device, desc);
    if (support.status != TN_NEEDS_STATIC) return support.status;
    if (!follow_all(support.inputs, inputs, desc.inputs) ||
        !follow_all(support.outputs, outputs, desc.outputs)) {
      return TN_NEEDS_STATIC;
    }
  }
  return TN_NEEDS_STATIC;
}

KernelDesc aligned(const Device& device, KernelDesc desc) {
  const KernelDescView view(desc);
  std::vector<tn_argument_needs> inputs(desc.inputs.size()), outputs(desc.outputs.size());
  tn_kernel_support support{sizeof(support), inputs.data(), outputs.data()};
  if (tn_kernel_supports(device.get(), view.get(), &support, nullptr) != TN_NEEDS_STATIC) {
    return desc;
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    uint32_t& promised = desc.inputs[i].alignment;
    promised = std::max(promised, static_cast<uint32_t>(wanted_alignment(inputs[i])));
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    uint32_t& promised = desc.outputs[i].alignment;
    promised = std::max(promised, static_cast<uint32_t>(wanted_alignment(outputs[i])));
  }
  return desc;
}

}  // namespace tenon::conformance
