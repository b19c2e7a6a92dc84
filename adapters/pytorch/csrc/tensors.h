// SPDX-License-Identifier: Apache-2.0
//
// Making tensors of tenon devices.
#pragma once

#include <ATen/core/Tensor.h>

#include "types.h"

namespace tenon::pytorch {

using at::Tensor;

inline bool on_tenon(const Tensor& tensor) {
  return tensor.device().type() == c10::DeviceType::PrivateUse1;
}

// An uninitialised tensor, dense row-major.
Tensor make_tensor(at::IntArrayRef sizes, ScalarType type, c10::Device device);
// An uninitialised tensor with these strides.
Tensor make_strided(at::IntArrayRef sizes, at::IntArrayRef strides, ScalarType type,
                    c10::Device device);
// An uninitialised tensor laid out as `like` where that has no gaps, else dense row-major.
Tensor make_like(const Tensor& like, ScalarType type);
inline Tensor make_like(const Tensor& like) { return make_like(like, like.scalar_type()); }
// An uninitialised tensor in the memory format that `like` suggests (channels last).
Tensor make_suggested(at::IntArrayRef sizes, const Tensor& like);
// A defined tensor without elements.
Tensor make_empty(const Tensor& like);

// `tensor` with elements of `type`: itself, or a copy cast on the device. Scalars on the host stay
// what they are: they become launch values.
Tensor as_type(const Tensor& tensor, ScalarType type);
// A dense row-major tensor with the same elements.
Tensor as_dense(const Tensor& tensor);

// Lazy negation and conjugation: `tensor` as it lies in memory, and the bits of one for another.
Tensor bare(const Tensor& tensor);
inline void copy_lazy_bits(const Tensor& to, const Tensor& from) {
  to._set_conj(from.is_conj());
  to._set_neg(from.is_neg());
}
// A tensor of `type` over the storage of `base`.
Tensor alias_of(const Tensor& base, ScalarType type, at::IntArrayRef sizes, at::IntArrayRef strides,
                int64_t offset);
// False where each element certainly has a place of its own.
bool may_overlap(const Tensor& tensor);
// The memory from a tensor's first element to its last, as a flat tensor.
Tensor covered_range(const Tensor& tensor);

// dst = src, both on one tenon device, cast and broadcast as needed.
void assign(const Tensor& dst, const Tensor& src);
void fill_with(const Tensor& tensor, const at::Scalar& value);

}  // namespace tenon::pytorch
