// SPDX-License-Identifier: Apache-2.0
//
// What torch.amp.GradScaler calls, composed of other ops: nothing here waits for the device.
#include <torch/library.h>

#include <ATen/ops/add.h>
#include <ATen/ops/all.h>
#include <ATen/ops/ge.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/logical_not.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "tensors.h"

namespace tenon::pytorch {
namespace {

// Each gradient times `inverse_scale`; `found` becomes 1 when one of their elements is not finite.
void unscale(at::TensorList gradients, Tensor& found, const Tensor& inverse_scale) {
  for (const Tensor& gradient : gradients) {
    const Tensor bad = at::isfinite(gradient).all().logical_not();
    found.copy_(at::maximum(found, bad.to(found.scalar_type())));
    Tensor target = gradient;
    target.mul_(inverse_scale);
  }
}

// After a step with bad gradients the scale shrinks; after `interval` good ones in a row it grows,
// as long as it stays finite.
Tensor& update_scale(Tensor& scale, Tensor& good_steps, const Tensor& found, double growth,
                     double backoff, int64_t interval) {
  const Tensor bad = at::ne(found, 0);
  const Tensor steps = at::add(good_steps, 1);
  const Tensor due = at::ge(steps, interval);
  const Tensor larger = at::mul(scale, growth);
  const Tensor grown = at::where(at::isfinite(larger), larger, scale);
  const Tensor kept = at::where(due, grown, scale);
  const Tensor none = at::zeros_like(good_steps);
  scale.copy_(at::where(bad, at::mul(scale, backoff), kept));
  good_steps.copy_(at::where(bad, none, at::where(due, none, steps)));
  return scale;
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("_amp_foreach_non_finite_check_and_unscale_", TORCH_FN(unscale));
  m.impl("_amp_update_scale_", TORCH_FN(update_scale));
}

}  // namespace
}  // namespace tenon::pytorch
