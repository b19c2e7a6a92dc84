// SPDX-License-Identifier: Apache-2.0
//
// isin, which every text generation asks for its end tokens: composed of comparisons.
#include <torch/library.h>

#include <algorithm>

#include <ATen/native/Resize.h>
#include <ATen/ops/any.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logical_not.h>
#include <ATen/ops/logical_or.h>

#include "tensors.h"

namespace tenon::pytorch {
namespace {

// Bounds the table of comparisons, in elements.
constexpr int64_t kTable = int64_t{1} << 24;

Tensor membership(const Tensor& elements, const Tensor& wanted, bool /*assume_unique*/,
                  bool invert) {
  const Tensor rows = elements.reshape({-1, 1}), columns = wanted.reshape({1, -1});
  const int64_t count = columns.size(1), step = std::max<int64_t>(1, kTable / (rows.size(0) + 1));
  Tensor found = at::full({rows.size(0)}, false, elements.options().dtype(at::kBool));
  for (int64_t begin = 0; begin < count; begin += step) {
    const Tensor part = columns.slice(1, begin, std::min(begin + step, count));
    found = at::logical_or(found, at::any(at::eq(rows, part), 1));
  }
  if (invert) found = at::logical_not(found);
  return found.reshape(elements.sizes());
}

Tensor& membership_out(const Tensor& elements, const Tensor& wanted, bool assume_unique,
                       bool invert, Tensor& out) {
  at::native::resize_output(out, elements.sizes());
  return out.copy_(membership(elements, wanted, assume_unique, invert));
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("isin.Tensor_Tensor", TORCH_FN(membership));
  m.impl("isin.Tensor_Tensor_out", TORCH_FN(membership_out));
}

}  // namespace
}  // namespace tenon::pytorch
