// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/sampling.h"

#include "reference_impl/device/operators/rule_calls.h"
#include "reference_impl/shapes/vision_rules.h"
#include "tenon/device/operators/description_checks.h"
#include "tenon/device/operators/number.h"

namespace tenon::device {

GridSampleOperator::GridSampleOperator(const Description& d)
    : NamedOperator(d), attributes::GridSample(d) {
  require_inputs(d, 2);
  require_output(d, d.input_dtype(0));
  if (!in_set(d.input_dtype(1), kFloatTypes)) throw_unsupported_dtype(name, d.input_dtype(1));
}

void GridSampleOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::grid_sample(PointCall(name, a), *this, 0));
  const View &x = a.inputs[0], &y = a.outputs[0];
  if (a.asked != nullptr || x.count() != 0) return;
  if (y.count() != 0) throw_invalid(name, "there is nothing to sample in " + dims_text(x.shape()));
}

DeformConvOperator::DeformConvOperator(const Description& d)
    : NamedOperator(d),
      attributes::DeformConv(d),
      window(name, attributes::Conv(d), d.input(0).rank) {
  if (!d.has_input(1) || !d.has_input(2) || d.output_count() != 1)
    throw_invalid(name, "takes X, W, offset, B and mask");
  require_same_inputs(d);
  require_output(d, d.input_dtype(0));
}

void DeformConvOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::conv(PointCall(name, a), *this, 0));
  if (a.asked != nullptr) return;
  const View &x = a.inputs[0], &w = a.inputs[1], &y = a.outputs[0];
  const View bias = a.input(3), mask = a.input(4);
  if (x.dims[1] % offset_group != 0)
    throw_invalid(name, std::to_string(x.dims[1]) + " channels for " +
                            std::to_string(offset_group) + " groups of offsets");
  if (bias.present() && (bias.rank != 1 || bias.dims[0] != w.dims[0]))
    throw_dims(name, "B", bias.shape(), w.shape().first(1));
  int64_t dims[TN_MAX_RANK];
  std::copy(y.dims, y.dims + y.rank, dims);
  const int64_t taps = extent(w, 2, w.rank) * offset_group;
  const std::span<const int64_t> expected(dims, static_cast<size_t>(y.rank));
  dims[1] = taps * window.spatial;
  if (!has_dims(a.inputs[2], expected)) throw_dims(name, "offset", a.inputs[2].shape(), expected);
  dims[1] = taps;
  if (mask.present() && !has_dims(mask, expected)) throw_dims(name, "mask", mask.shape(), expected);
}

}  // namespace tenon::device
