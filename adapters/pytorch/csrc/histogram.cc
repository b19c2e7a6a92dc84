// SPDX-License-Identifier: Apache-2.0
//
// Histograms of integers: torch's CPU has none, but models count tokens with it on every other
// device (the experts of a mixture). The bins of floats are the CPU's.
#include <torch/library.h>

#include <ATen/ops/clamp.h>
#include <ATen/ops/div.h>
#include <ATen/ops/ge.h>
#include <ATen/ops/le.h>
#include <ATen/ops/logical_and.h>
#include <ATen/ops/max.h>
#include <ATen/ops/min.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/scatter_add.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/zeros.h>

#include <ATen/native/Resize.h>

#include "kernel.h"

namespace tenon::pytorch {
namespace {

bool has_histogram(const Tensor& self) {
  return c10::isIntegralType(self.scalar_type(), /*includeBool=*/false) &&
         computable(self.scalar_type());
}

// Of `bins` equal bins over [low, high], the last one closed; outside nothing is counted.
Tensor counts_of(const Tensor& self, int64_t bins, const at::Scalar& min, const at::Scalar& max) {
  TORCH_CHECK(bins > 0, "bins must be > 0");
  int64_t low = min.toLong(), high = max.toLong();
  if (low == high && self.numel() > 0) {
    low = at::min(self).item().toLong();
    high = at::max(self).item().toLong();
  }
  if (low == high) {
    --low;
    ++high;
  }
  TORCH_CHECK(low < high, "max must be larger than min");
  const Tensor values = as_type(self, ScalarType::Long).reshape({-1});
  const Tensor counted = at::logical_and(at::ge(values, low), at::le(values, high));
  const Tensor position =
      at::div(at::mul(at::sub(at::clamp(values, low, high), low), bins), high - low, "trunc");
  const Tensor counts = at::zeros({bins}, values.options());
  return as_type(at::scatter_add(counts, 0, at::clamp(position, 0, bins - 1),
                                 as_type(counted, ScalarType::Long)),
                 self.scalar_type());
}

Tensor histogram(const Tensor& self, int64_t bins, const at::Scalar& min, const at::Scalar& max) {
  if (!has_histogram(self))
    return Fallback<"aten::histc", Tensor(const Tensor&, int64_t, const at::Scalar&,
                                          const at::Scalar&)>::call(self, bins, min, max);
  return counts_of(self, bins, min, max);
}
Tensor& histogram_out(const Tensor& self, int64_t bins, const at::Scalar& min,
                      const at::Scalar& max, Tensor& out) {
  if (!has_histogram(self))
    return Fallback<"aten::histc.out", Tensor&(const Tensor&, int64_t, const at::Scalar&,
                                               const at::Scalar&, Tensor&)>::call(self, bins, min,
                                                                                  max, out);
  TORCH_CHECK(out.scalar_type() == self.scalar_type(),
              "torch.histc: input tensor and out tensor "
              "should have the same dtype, but got ",
              self.scalar_type(), " and ", out.scalar_type());
  const Tensor counts = counts_of(self, bins, min, max);
  at::native::resize_output(out, counts.sizes());
  assign(out, counts);
  return out;
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  TENON_KERNEL(m, "histc", histogram);
  TENON_KERNEL(m, "histc.out", histogram_out);
}

}  // namespace
}  // namespace tenon::pytorch
