// SPDX-License-Identifier: Apache-2.0
//
// The halves of normalizations with statistics.
#include "tenon/device/operators/normalizations.h"

#include "tenon/device/operators/norm_checks.h"

namespace tenon::device {
namespace {

std::span<const int64_t> channels(const View& x) { return x.shape().subspan(1, 1); }

// The inputs [begin, end) are of one value for each channel of x.
void check_channel_inputs(std::string_view op, const Arguments& a, const View& x, size_t begin,
                          std::initializer_list<const char*> names) {
  for (const char* name : names) check_channels(op, name, a.input(begin++), x);
}

}  // namespace

BatchNormOperator::BatchNormOperator(const Description& d)
    : NamedOperator(d), attributes::BatchNormalization(d) {
  require_norm(d, {{0, "X"}, {1, "scale"}, {2, "B"}, {3, "input_mean"}, {4, "input_var"}}, {0}, 0,
               {});
}

void BatchNormOperator::check(const Arguments& a) const {
  const View& x = a.inputs[0];
  check_image(name, x);
  check_output(name, "Y", a, 0, x.shape());
  check_channel_inputs(name, a, x, 1, {"scale", "B", "input_mean", "input_var"});
}

BatchNormTrainingOperator::BatchNormTrainingOperator(const Description& d) : NamedOperator(d) {
  require_norm(d, {{0, "X"}, {5, "momentum"}, {6, "epsilon"}}, {0}, 0, {1, 2, 3, 4});
}

void BatchNormTrainingOperator::check(const Arguments& a) const {
  const View& x = a.inputs[0];
  check_image(name, x);
  check_output(name, "Y", a, 0, x.shape());
  check_channel_inputs(name, a, x, 1, {"scale", "B", "running_mean", "running_var"});
  static constexpr const char* kOutputs[] = {"Y", "saved_mean", "saved_invstd", "new_mean",
                                             "new_var"};
  for (size_t i = 1; i < 5; ++i) check_output(name, kOutputs[i], a, i, channels(x));
}

BatchNormGradOperator::BatchNormGradOperator(const Description& d)
    : NamedOperator(d), attributes::TenonBatchNormGrad(d) {
  require_norm(d, {{0, "dY"}, {1, "X"}, {3, "mean"}, {4, "invstd"}}, {0, 1}, SIZE_MAX, {1, 2});
}

void BatchNormGradOperator::check(const Arguments& a) const {
  const View& x = a.inputs[1];
  check_image(name, x);
  check_same_dims(name, "dY", a.inputs[0], x);
  check_channel_inputs(name, a, x, 2, {"scale", "mean", "invstd"});
  check_output(name, "dX", a, 0, x.shape());
  check_output(name, "dScale", a, 1, channels(x));
  check_output(name, "dB", a, 2, channels(x));
}

LayerNormOperator::LayerNormOperator(const Description& d)
    : NamedOperator(d), attributes::LayerNormalization(d) {
  // The statistics are as exact as the device allows, whatever stash_type says.
  require_norm(d, {{0, "X"}}, {0, 1, 2}, 0, {1, 2});
}

void LayerNormOperator::check(const Arguments& a) const {
  const View& x = a.inputs[0];
  const int32_t first = normalize_axis(name, axis, x.rank);
  check_output(name, "Y", a, 0, x.shape());
  check_affine(name, "Scale", a.input(1), x, first);
  check_affine(name, "B", a.input(2), x, first);
  int64_t dims[TN_MAX_RANK];
  const std::span<const int64_t> statistic = row_statistic_dims(x, first, dims);
  check_output(name, "Mean", a, 1, statistic);
  check_output(name, "InvStdDev", a, 2, statistic);
}

LayerNormGradOperator::LayerNormGradOperator(const Description& d)
    : NamedOperator(d), attributes::TenonLayerNormGrad(d) {
  require_norm(d, {{0, "dY"}, {1, "X"}, {2, "Mean"}, {3, "InvStdDev"}}, {0, 1, 4}, SIZE_MAX, {});
}

void LayerNormGradOperator::check(const Arguments& a) const {
  const View& x = a.inputs[1];
  const int32_t first = normalize_axis(name, axis, x.rank);
  check_same_dims(name, "dY", a.inputs[0], x);
  check_row_statistic(name, "Mean", a.inputs[2], x, first);
  check_row_statistic(name, "InvStdDev", a.inputs[3], x, first);
  check_affine(name, "Scale", a.input(4), x, first);
  const std::span<const int64_t> row = x.shape().subspan(static_cast<size_t>(first));
  check_output(name, "dX", a, 0, x.shape());
  check_output(name, "dScale", a, 1, row);
  check_output(name, "dB", a, 2, row);
}

}  // namespace tenon::device
