// SPDX-License-Identifier: Apache-2.0
//
// Shape rules of normalizations and of pooling without a window.
#include "tenon/device/operators/norm_checks.h"
#include "tenon/device/operators/operator_dims.h"

namespace tenon::device {
namespace {

void check_image(std::string_view op, const View& x) {
  if (x.rank < 2)
    throw_invalid(op, "X has dims " + dims_text(x.shape()) + ", expected [N, C, ...]");
}

std::span<const int64_t> channels(const View& x) { return x.shape().subspan(1, 1); }

// The inputs [begin, end) are of one value for each channel of x.
void check_channel_inputs(std::string_view op, const Arguments& a, const View& x, size_t begin,
                          std::initializer_list<const char*> names) {
  for (const char* name : names) check_channels(op, name, a.input(begin++), x);
}

}  // namespace

void check_batch_norm(std::string_view op, const Arguments& a) {
  const View& x = a.inputs[0];
  check_image(op, x);
  check_output(op, "Y", a, 0, x.shape());
  check_channel_inputs(op, a, x, 1, {"scale", "B", "input_mean", "input_var"});
}

void check_batch_norm_training(std::string_view op, const Arguments& a) {
  const View& x = a.inputs[0];
  check_image(op, x);
  check_output(op, "Y", a, 0, x.shape());
  check_channel_inputs(op, a, x, 1, {"scale", "B", "running_mean", "running_var"});
  static constexpr const char* kOutputs[] = {"Y", "saved_mean", "saved_invstd", "new_mean",
                                             "new_var"};
  for (size_t i = 1; i < 5; ++i) check_output(op, kOutputs[i], a, i, channels(x));
}

void check_batch_norm_grad(std::string_view op, const Arguments& a) {
  const View& x = a.inputs[1];
  check_image(op, x);
  check_same_dims(op, "dY", a.inputs[0], x);
  check_channel_inputs(op, a, x, 2, {"scale", "mean", "invstd"});
  check_output(op, "dX", a, 0, x.shape());
  check_output(op, "dScale", a, 1, channels(x));
  check_output(op, "dB", a, 2, channels(x));
}

void check_layer_norm(std::string_view op, const Arguments& a, int64_t axis) {
  const View& x = a.inputs[0];
  const int32_t first = normalize_axis(op, axis, x.rank);
  check_output(op, "Y", a, 0, x.shape());
  check_affine(op, "Scale", a.input(1), x, first);
  check_affine(op, "B", a.input(2), x, first);
  int64_t dims[TN_MAX_RANK];
  const std::span<const int64_t> statistic = row_statistic_dims(x, first, dims);
  check_output(op, "Mean", a, 1, statistic);
  check_output(op, "InvStdDev", a, 2, statistic);
}

void check_layer_norm_grad(std::string_view op, const Arguments& a, int64_t axis) {
  const View& x = a.inputs[1];
  const int32_t first = normalize_axis(op, axis, x.rank);
  check_same_dims(op, "dY", a.inputs[0], x);
  check_row_statistic(op, "Mean", a.inputs[2], x, first);
  check_row_statistic(op, "InvStdDev", a.inputs[3], x, first);
  check_affine(op, "Scale", a.input(4), x, first);
  const std::span<const int64_t> row = x.shape().subspan(static_cast<size_t>(first));
  check_output(op, "dX", a, 0, x.shape());
  check_output(op, "dScale", a, 1, row);
  check_output(op, "dB", a, 2, row);
}

void check_global_pool(std::string_view op, const Arguments& a) {
  const View& x = a.inputs[0];
  check_image(op, x);
  int64_t dims[TN_MAX_RANK];
  for (int32_t d = 0; d < x.rank; ++d) dims[d] = d < 2 ? x.dims[d] : 1;
  check_output(op, "Y", a, 0, {dims, static_cast<size_t>(x.rank)});
}

void check_max_pool_grad(std::string_view op, const Arguments& a) {
  const View &dy = a.inputs[0], &dx = a.outputs[0];
  check_same_dims(op, "Indices", a.inputs[1], dy);
  if (a.asked != nullptr) return;  // Several sizes of dX have windows as many as dY.
  if (dx.rank != dy.rank || dx.dims[0] != dy.dims[0] || dx.dims[1] != dy.dims[1])
    throw_dims(op, "dX", dx.shape(), dy.shape());
}

}  // namespace tenon::device
