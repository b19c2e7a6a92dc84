// SPDX-License-Identifier: Apache-2.0
//
// Nested tensors (of the strided layout): a flat buffer on the device, sizes on the host.
#pragma once

#include <ATen/NestedTensorImpl.h>

#include "tensors.h"

namespace tenon::pytorch {

// The memory of a nested tensor as a flat tensor.
inline Tensor buffer_of(const Tensor& nested) {
  return at::native::get_nested_tensor_impl(nested)->get_unsafe_storage_as_tensor();
}
// A nested tensor of the same parts in another buffer.
inline Tensor nested_like(const Tensor& nested, const Tensor& buffer) {
  const auto* impl = at::native::get_nested_tensor_impl(nested);
  return at::detail::make_tensor<at::native::NestedTensorImpl>(
      buffer, impl->get_nested_sizes(), impl->get_nested_strides(), impl->get_storage_offsets());
}

}  // namespace tenon::pytorch
