// SPDX-License-Identifier: Apache-2.0
//
// Batch norm, layer norm and softmax, with their gradients.
#include <torch/library.h>

#include <ATen/WrapDimUtils.h>
#include <ATen/ops/_log_softmax_backward_data_meta.h>
#include <ATen/ops/_log_softmax_meta.h>
#include <ATen/ops/_softmax_backward_data_meta.h>
#include <ATen/ops/_softmax_meta.h>
#include <ATen/ops/add.h>
#include <ATen/ops/rsqrt.h>

#include "elementwise.h"
#include "structured.h"

namespace tenon::pytorch {
namespace {

using MaybeTensor = const std::optional<Tensor>&;
using Triple = std::tuple<Tensor, Tensor, Tensor>;

// An undefined tensor where none is given.
const Tensor& get(MaybeTensor tensor) {
  static const Tensor none;
  return tensor ? *tensor : none;
}

bool given(MaybeTensor tensor) { return get(tensor).defined(); }

std::optional<Tensor> maybe_cast(MaybeTensor tensor, ScalarType type) {
  return given(tensor) ? std::optional<Tensor>(as_type(get(tensor), type)) : std::nullopt;
}

// Under mixed precision the parameters are wider than the data; the statistics are as wide.
ScalarType statistics_type(const Tensor& input, MaybeTensor a, MaybeTensor b = std::nullopt) {
  ScalarType type = input.scalar_type();
  if (given(a)) type = c10::promoteTypes(type, get(a).scalar_type());
  if (given(b)) type = c10::promoteTypes(type, get(b).scalar_type());
  return type;
}

// A tensor to compute into, and the way back to the one that is wanted.
Tensor working(const Tensor& out, ScalarType type) {
  return out.scalar_type() == type ? out : make_like(out, type);
}
void finish(const Tensor& out, const Tensor& work) {
  if (!out.is_same(work)) assign(out, work);
}

// -- Batch norm --

Triple batch_norm(const Tensor& input, MaybeTensor weight, MaybeTensor bias, MaybeTensor mean,
                  MaybeTensor variance, bool training, double momentum, double epsilon) {
  const ScalarType type = statistics_type(input, weight, mean);
  const Tensor x = as_type(input, type);
  const Tensor out = make_like(input), y = working(out, type);
  if (!training) {
    TORCH_CHECK(given(mean) && given(variance),
                "Expected running_mean and running_var to be defined when training=False");
    // Identity parameters stand in for those that are not given.
    const auto constant = [&](MaybeTensor tensor, double value) {
      if (given(tensor)) return as_type(get(tensor), type);
      const Tensor made = make_tensor({input.size(1)}, type, input.device());
      fill_with(made, value);
      return made;
    };
    if (out.numel() > 0) {
      const runtime::Operation op("BatchNormalization", {{"epsilon", static_cast<float>(epsilon)}});
      const Tensor scale = constant(weight, 1), shift = constant(bias, 0);
      const Tensor m = as_type(get(mean), type), v = as_type(get(variance), type);
      OperatorCall(op, out).input(x).input(scale).input(shift).input(m).input(v).output(y).run();
      finish(out, y);
    }
    return {out, make_tensor({0}, type, input.device()), make_tensor({0}, type, input.device())};
  }
  const Tensor saved_mean = make_tensor({input.size(1)}, type, input.device());
  const Tensor saved_invstd = make_tensor({input.size(1)}, type, input.device());
  if (out.numel() == 0) {
    fill_with(saved_mean, 0);
    fill_with(saved_invstd, 0);
    return {out, saved_mean, saved_invstd};
  }
  OperatorCall(operation<"tenon.BatchNormTraining">(), out)
      .input(x)
      .input(maybe_cast(weight, type))
      .input(maybe_cast(bias, type))
      .input(mean)
      .input(variance)
      .float64(momentum)
      .float64(epsilon)
      .output(y)
      .output(saved_mean)
      .output(saved_invstd)
      .output_if(given(mean), given(mean) ? get(mean) : saved_mean)
      .output_if(given(variance), given(variance) ? get(variance) : saved_mean)
      .run();
  finish(out, y);
  return {out, saved_mean, saved_invstd};
}

Triple batch_norm_legit(const Tensor& input, MaybeTensor weight, MaybeTensor bias, Tensor& mean,
                        Tensor& variance, bool training, double momentum, double epsilon) {
  return batch_norm(input, weight, bias, mean, variance, training, momentum, epsilon);
}
Triple batch_norm_without_statistics(const Tensor& input, MaybeTensor weight, MaybeTensor bias,
                                     bool training, double momentum, double epsilon) {
  return batch_norm(input, weight, bias, std::nullopt, std::nullopt, training, momentum, epsilon);
}

Triple batch_norm_backward(const Tensor& grad, const Tensor& input, MaybeTensor weight,
                           MaybeTensor running_mean, MaybeTensor running_variance,
                           MaybeTensor saved_mean, MaybeTensor saved_invstd, bool training,
                           double epsilon, std::array<bool, 3> wanted) {
  const ScalarType type = statistics_type(input, weight, running_mean);
  const Tensor dy = as_type(grad, type), x = as_type(input, type);
  const Tensor mean = training ? get(saved_mean) : as_type(get(running_mean), type);
  const Tensor invstd = training
                            ? get(saved_invstd)
                            : at::rsqrt(at::add(as_type(get(running_variance), type), epsilon));
  Tensor grad_input, grad_weight, grad_bias;
  if (wanted[0]) grad_input = make_like(input);
  const Tensor dx = wanted[0] ? working(grad_input, type) : Tensor();
  const auto parameter = [&] { return make_tensor({input.size(1)}, type, input.device()); };
  if (wanted[1]) grad_weight = parameter();
  if (wanted[2]) grad_bias = parameter();
  static const runtime::Operation in_training("tenon.BatchNormGrad", {{"training", int64_t{1}}});
  static const runtime::Operation in_inference("tenon.BatchNormGrad", {{"training", int64_t{0}}});
  if (input.numel() == 0) {
    for (const Tensor& tensor : {grad_weight, grad_bias}) {
      if (tensor.defined()) fill_with(tensor, 0);
    }
    return {grad_input, grad_weight, grad_bias};
  }
  OperatorCall(training ? in_training : in_inference, input)
      .input(dy)
      .input(x)
      .input(maybe_cast(weight, type))
      .input(mean)
      .input(invstd)
      .output_if(wanted[0], dx)
      .output_if(wanted[1], grad_weight)
      .output_if(wanted[2], grad_bias)
      .run();
  if (wanted[0]) finish(grad_input, dx);
  return {grad_input, grad_weight, grad_bias};
}

// -- Layer norm --

std::vector<int64_t> statistics_sizes(const Tensor& input, size_t normalized) {
  std::vector<int64_t> sizes = input.sizes().vec();
  for (size_t i = sizes.size() - normalized; i < sizes.size(); ++i) sizes[i] = 1;
  return sizes;
}

Triple layer_norm(const Tensor& input, at::IntArrayRef shape, MaybeTensor weight, MaybeTensor bias,
                  double epsilon) {
  TORCH_CHECK(!shape.empty() && static_cast<int64_t>(shape.size()) <= input.dim() &&
                  input.sizes().slice(static_cast<size_t>(input.dim()) - shape.size()) == shape,
              "Given normalized_shape=", shape, ", expected input with shape [*, ", shape,
              "], but got input of size ", input.sizes());
  const ScalarType type = statistics_type(input, weight, bias);
  const auto axis = input.dim() - static_cast<int64_t>(shape.size());
  const Tensor out = make_tensor(input.sizes(), input.scalar_type(), input.device());
  const auto sizes = statistics_sizes(input, shape.size());
  const Tensor mean = make_tensor(sizes, type, input.device());
  const Tensor invstd = make_tensor(sizes, type, input.device());
  if (out.numel() > 0) {
    const Tensor x = as_type(input, type), y = working(out, type);
    const runtime::Operation op("LayerNormalization",
                                {{"axis", axis}, {"epsilon", static_cast<float>(epsilon)}});
    OperatorCall(op, out)
        .input(x)
        .input(maybe_cast(weight, type))
        .input(maybe_cast(bias, type))
        .output(y)
        .output(mean)
        .output(invstd)
        .run();
    finish(out, y);
  }
  return {out, mean, invstd};
}

Triple layer_norm_backward(const Tensor& grad, const Tensor& input, at::IntArrayRef shape,
                           const Tensor& mean, const Tensor& invstd, MaybeTensor weight,
                           MaybeTensor bias, std::array<bool, 3> wanted) {
  const ScalarType type = mean.scalar_type();
  const auto axis = input.dim() - static_cast<int64_t>(shape.size());
  const Tensor dy = as_type(grad, type), x = as_type(input, type);
  Tensor grad_input, grad_weight, grad_bias;
  if (wanted[0]) grad_input = make_like(input);
  const Tensor dx = wanted[0] ? working(grad_input, type) : Tensor();
  wanted[1] = wanted[1] && given(weight);
  wanted[2] = wanted[2] && given(bias);
  if (wanted[1]) grad_weight = make_tensor(shape, type, input.device());
  if (wanted[2]) grad_bias = make_tensor(shape, type, input.device());
  if (input.numel() == 0) {
    for (const Tensor& tensor : {grad_weight, grad_bias}) {
      if (tensor.defined()) fill_with(tensor, 0);
    }
    return {grad_input, grad_weight, grad_bias};
  }
  const runtime::Operation op("tenon.LayerNormGrad", {{"axis", axis}});
  OperatorCall(op, input)
      .input(dy)
      .input(x)
      .input(mean)
      .input(invstd)
      .input(maybe_cast(weight, type))
      .output_if(wanted[0], dx)
      .output_if(wanted[1], grad_weight)
      .output_if(wanted[2], grad_bias)
      .run();
  if (wanted[0]) finish(grad_input, dx);
  return {grad_input, wanted[1] ? as_type(grad_weight, get(weight).scalar_type()) : grad_weight,
          wanted[2] ? as_type(grad_bias, get(bias).scalar_type()) : grad_bias};
}

// -- Softmax --

template <FixedString Name>
void along_axis(std::initializer_list<Tensor> inputs, int64_t dim, const Tensor& out) {
  if (out.numel() == 0) return;
  const Tensor target = out.dim() == 0 ? out.view({1}) : out;
  const runtime::Operation op(Name.view(), {{"axis", at::maybe_wrap_dim(dim, target.dim())}});
  std::vector<Tensor> casts;  // Arguments borrow until run().
  casts.reserve(inputs.size());
  OperatorCall call(op, out);
  for (const Tensor& input : inputs) {
    const Tensor cast = as_type(input, out.scalar_type());
    casts.push_back(cast.dim() == 0 ? cast.view({1}) : cast);
    call.input(casts.back());
  }
  call.output(target).run();
}

template <FixedString Name>
struct Softmax {
  static void run(auto&, const Tensor& self, int64_t dim, bool, const Tensor& out) {
    along_axis<Name>({self}, dim, out);
  }
};
template <FixedString Name>
struct SoftmaxGrad {
  static void run(auto&, const Tensor& grad, const Tensor& output, int64_t dim, ScalarType,
                  const Tensor& out) {
    if (out.scalar_type() == output.scalar_type())
      return along_axis<Name>({grad, output}, dim, out);
    const Tensor wide = make_like(out, output.scalar_type());
    along_axis<Name>({grad, output}, dim, wide);
    assign(out, wide);
  }
};

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  TENON_KERNEL(m, "native_batch_norm", batch_norm);
  TENON_KERNEL(m, "_native_batch_norm_legit", batch_norm_legit);
  TENON_KERNEL(m, "_native_batch_norm_legit.no_stats", batch_norm_without_statistics);
  TENON_KERNEL(m, "native_batch_norm_backward", batch_norm_backward);
  TENON_KERNEL(m, "native_layer_norm", layer_norm);
  TENON_KERNEL(m, "native_layer_norm_backward", layer_norm_backward);
  TENON_FUNCTIONAL(m, _softmax, "_softmax", Softmax<"Softmax">);
  TENON_OUT(m, _softmax, "_softmax.out", Softmax<"Softmax">);
  TENON_FUNCTIONAL(m, _log_softmax, "_log_softmax", Softmax<"LogSoftmax">);
  TENON_OUT(m, _log_softmax, "_log_softmax.out", Softmax<"LogSoftmax">);
  TENON_FUNCTIONAL(m, _softmax_backward_data, "_softmax_backward_data",
                   SoftmaxGrad<"tenon.SoftmaxGrad">);
  TENON_OUT(m, _softmax_backward_data, "_softmax_backward_data.out",
            SoftmaxGrad<"tenon.SoftmaxGrad">);
  TENON_FUNCTIONAL(m, _log_softmax_backward_data, "_log_softmax_backward_data",
                   SoftmaxGrad<"tenon.LogSoftmaxGrad">);
  TENON_OUT(m, _log_softmax_backward_data, "_log_softmax_backward_data.out",
            SoftmaxGrad<"tenon.LogSoftmaxGrad">);
}

}  // namespace
}  // namespace tenon::pytorch
