// SPDX-License-Identifier: Apache-2.0
//
// The halves of normalizations with statistics.
#include "tenon/device/operators/normalizations.h"

#include "reference_impl/device/operators/rule_calls.h"
#include "tenon/device/operators/norm_checks.h"

namespace tenon::device {
namespace {

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
  check_output(name, "Y", a, 0, shapes::channels(PointCall(name, a), *this, 0));
  check_channel_inputs(name, a, a.inputs[0], 1, {"scale", "B", "input_mean", "input_var"});
}

BatchNormTrainingOperator::BatchNormTrainingOperator(const Description& d) : NamedOperator(d) {
  require_norm(d, {{0, "X"}, {5, "momentum"}, {6, "epsilon"}}, {0}, 0, {1, 2, 3, 4});
}

void BatchNormTrainingOperator::check(const Arguments& a) const {
  static constexpr const char* kOutputs[] = {"Y", "saved_mean", "saved_invstd", "new_mean",
                                             "new_var"};
  for (size_t i = 0; i < 5; ++i)
    check_output(name, kOutputs[i], a, i, shapes::channels(PointCall(name, a), *this, i));
  check_channel_inputs(name, a, a.inputs[0], 1, {"scale", "B", "running_mean", "running_var"});
}

BatchNormGradOperator::BatchNormGradOperator(const Description& d)
    : NamedOperator(d), attributes::TenonBatchNormGrad(d) {
  require_norm(d, {{0, "dY"}, {1, "X"}, {3, "mean"}, {4, "invstd"}}, {0, 1}, SIZE_MAX, {1, 2});
}

void BatchNormGradOperator::check(const Arguments& a) const {
  static constexpr const char* kOutputs[] = {"dX", "dScale", "dB"};
  for (size_t i = 0; i < 3; ++i)
    check_output(name, kOutputs[i], a, i, shapes::channels(PointCall(name, a), *this, i));
  const View& x = a.inputs[1];
  check_same_dims(name, "dY", a.inputs[0], x);
  check_channel_inputs(name, a, x, 2, {"scale", "mean", "invstd"});
}

InstanceNormOperator::InstanceNormOperator(const Description& d)
    : NamedOperator(d), attributes::InstanceNormalization(d) {
  require_norm(d, {{0, "input"}, {1, "scale"}, {2, "B"}}, {0, 1, 2}, 0, {});
}

void InstanceNormOperator::check(const Arguments& a) const {
  const PointCall call(name, a);
  shapes::require_channels(call, 0, "input");
  check_output(name, "output", a, 0, shapes::same(call, *this, 0));
  check_channel_inputs(name, a, a.inputs[0], 1, {"scale", "B"});
}

LocalResponseOperator::LocalResponseOperator(const Description& d)
    : NamedOperator(d), attributes::LRN(d) {
  require_norm(d, {{0, "X"}}, {0}, 0, {});
}

void LocalResponseOperator::check(const Arguments& a) const {
  const PointCall call(name, a);
  shapes::require_channels(call, 0, "X");
  check_output(name, "Y", a, 0, shapes::same(call, *this, 0));
}

LayerNormOperator::LayerNormOperator(const Description& d)
    : NamedOperator(d), attributes::LayerNormalization(d) {
  // The statistics are as exact as the device allows, whatever stash_type says.
  require_norm(d, {{0, "X"}}, {0, 1, 2}, 0, {1, 2});
}

void LayerNormOperator::check(const Arguments& a) const {
  const View& x = a.inputs[0];
  static constexpr const char* kOutputs[] = {"Y", "Mean", "InvStdDev"};
  for (size_t i = 0; i < 3; ++i)
    check_output(name, kOutputs[i], a, i, shapes::layer_norm(PointCall(name, a), *this, i));
  const int32_t first = normalize_axis(name, axis, x.rank);
  check_affine(name, "Scale", a.input(1), x, first);
  check_affine(name, "B", a.input(2), x, first);
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
  static constexpr const char* kOutputs[] = {"dX", "dScale", "dB"};
  for (size_t i = 0; i < 3; ++i)
    check_output(name, kOutputs[i], a, i, shapes::layer_norm_grad(PointCall(name, a), *this, i));
}

}  // namespace tenon::device
