// SPDX-License-Identifier: Apache-2.0
//
// Convolutions of 1, 2 and 3 spatial dims, and transposed ones. torch resolves defaults and
// unbatched inputs before it comes here.
#include <torch/library.h>

#include "elementwise.h"
#include "kernel.h"
#include "reductions.h"

namespace tenon::pytorch {
namespace {

// The attributes that all three operators share.
std::vector<runtime::Attribute> attributes(at::IntArrayRef stride, at::IntArrayRef padding,
                                           at::IntArrayRef dilation, int64_t groups) {
  std::vector<int64_t> pads = padding.vec();
  pads.insert(pads.end(), padding.begin(), padding.end());
  return {{"dilations", dilation.vec()},
          {"group", groups},
          {"pads", std::move(pads)},
          {"strides", stride.vec()}};
}

void convolve(const Tensor& input, const Tensor& weight, const std::optional<Tensor>& bias,
              std::vector<runtime::Attribute> attributes, const Tensor& out) {
  if (out.numel() == 0) return;
  attributes.push_back({"kernel_shape", weight.sizes().slice(2).vec()});
  const runtime::Operation op("Conv", std::move(attributes));
  OperatorCall(op, out).input(input).input(weight).input(bias).output(out).run();
}
void convolve_back(const Tensor& grad, const Tensor& weight,
                   std::vector<runtime::Attribute> attributes, const Tensor& out) {
  if (out.numel() == 0) return;
  const runtime::Operation op("tenon.ConvGradInput", std::move(attributes));
  OperatorCall(op, out).input(grad).input(weight).output(out).run();
}
void weight_gradient(const Tensor& grad, const Tensor& input,
                     std::vector<runtime::Attribute> attributes, const Tensor& out) {
  if (out.numel() == 0) return;
  const runtime::Operation op("tenon.ConvGradWeight", std::move(attributes));
  OperatorCall(op, out).input(grad).input(input).output(out).run();
}

c10::SmallVector<int64_t, 5> output_sizes(const Tensor& input, const Tensor& weight,
                                          at::IntArrayRef stride, at::IntArrayRef padding,
                                          at::IntArrayRef dilation, bool transposed,
                                          at::IntArrayRef output_padding, int64_t groups) {
  c10::SmallVector<int64_t, 5> sizes{input.size(0),
                                     transposed ? weight.size(1) * groups : weight.size(0)};
  for (size_t d = 0; d < stride.size(); ++d) {
    const int64_t in = input.size(static_cast<int64_t>(d) + 2);
    const int64_t extent = dilation[d] * (weight.size(static_cast<int64_t>(d) + 2) - 1);
    sizes.push_back(transposed
                        ? (in - 1) * stride[d] - 2 * padding[d] + extent + output_padding[d] + 1
                        : (in + 2 * padding[d] - extent - 1) / stride[d] + 1);
  }
  return sizes;
}

// torch allows more output padding than the stride where the dilation is larger; a gradient of a
// convolution then has no such shape.
bool beyond_stride(bool transposed, at::IntArrayRef output_padding, at::IntArrayRef stride) {
  for (size_t d = 0; transposed && d < stride.size(); ++d) {
    if (output_padding[d] >= stride[d]) return true;
  }
  return false;
}

using Ints = at::IntArrayRef;

Tensor convolve_forward(const Tensor& input, const Tensor& weight,
                        const std::optional<Tensor>& bias, Ints stride, Ints padding, Ints dilation,
                        bool transposed, Ints output_padding, int64_t groups) {
  const Tensor out = make_suggested(
      output_sizes(input, weight, stride, padding, dilation, transposed, output_padding, groups),
      input);
  auto shared = attributes(stride, padding, dilation, groups);
  if (!transposed) {
    convolve(input, weight, bias, std::move(shared), out);
    return out;
  }
  convolve_back(input, weight, std::move(shared), out);
  if (bias && bias->defined()) {
    c10::SmallVector<int64_t, 5> channels(static_cast<size_t>(out.dim()), 1);
    channels[1] = bias->numel();
    elementwise(operation<"Add">(), {out, bias->view(channels)}, out.scalar_type(), out);
  }
  return out;
}

std::tuple<Tensor, Tensor, Tensor> gradients(const Tensor& grad, const Tensor& input,
                                             const Tensor& weight, Ints stride, Ints padding,
                                             Ints dilation, bool transposed, int64_t groups,
                                             std::array<bool, 3> wanted) {
  const auto shared = attributes(stride, padding, dilation, groups);
  Tensor grad_input, grad_weight, grad_bias;
  if (wanted[0]) {
    grad_input = make_suggested(input.sizes(), input);
    if (transposed)
      convolve(grad, weight, std::nullopt, shared, grad_input);
    else
      convolve_back(grad, weight, shared, grad_input);
  }
  if (wanted[1]) {
    grad_weight = make_like(weight);
    transposed ? weight_gradient(input, grad, shared, grad_weight)
               : weight_gradient(grad, input, shared, grad_weight);
  }
  if (wanted[2]) {
    grad_bias = make_tensor({grad.size(1)}, grad.scalar_type(), grad.device());
    c10::SmallVector<int64_t, 5> axes{0};
    for (int64_t d = 2; d < grad.dim(); ++d) axes.push_back(d);
    sum_over(grad, axes, /*keepdim=*/false, grad_bias);
  }
  return {grad_input, grad_weight, grad_bias};
}

// The ops that torch calls here exist for devices alone: the fallback has other ones.
using Forward = Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&, Ints, Ints, Ints,
                       bool, Ints, int64_t);
using Backward = std::tuple<Tensor, Tensor, Tensor>(const Tensor&, const Tensor&, const Tensor&,
                                                    at::OptionalIntArrayRef, Ints, Ints, Ints, bool,
                                                    Ints, int64_t, std::array<bool, 3>);

Tensor convolution(const Tensor& input, const Tensor& weight, const std::optional<Tensor>& bias,
                   Ints stride, Ints padding, Ints dilation, bool transposed, Ints output_padding,
                   int64_t groups) {
  TORCH_CHECK(input.scalar_type() == weight.scalar_type(), "Input type (", input.scalar_type(),
              ") and weight type (", weight.scalar_type(), ") should be the same");
  std::string reason;
  if (!beyond_stride(transposed, output_padding, stride)) {
    try {
      return convolve_forward(input, weight, bias, stride, padding, dilation, transposed,
                              output_padding, groups);
    } catch (const c10::NotImplementedError& refusal) {
      reason = refusal.what_without_backtrace();
    }
  }
  return Fallback<"aten::convolution", Forward>::call_because(
      reason, input, weight, bias, stride, padding, dilation, transposed, output_padding, groups);
}

std::tuple<Tensor, Tensor, Tensor> convolution_backward(const Tensor& grad, const Tensor& input,
                                                        const Tensor& weight, Ints stride,
                                                        Ints padding, Ints dilation,
                                                        bool transposed, Ints output_padding,
                                                        int64_t groups,
                                                        std::array<bool, 3> wanted) {
  std::string reason;
  if (!beyond_stride(transposed, output_padding, stride)) {
    try {
      return gradients(grad, input, weight, stride, padding, dilation, transposed, groups, wanted);
    } catch (const c10::NotImplementedError& refusal) {
      reason = refusal.what_without_backtrace();
    }
  }
  const std::vector<int64_t> channels{grad.size(1)};
  return Fallback<"aten::convolution_backward", Backward>::call_because(
      reason, grad, input, weight, Ints(channels), stride, padding, dilation, transposed,
      output_padding, groups, wanted);
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("convolution_overrideable", TORCH_FN(convolution));
  m.impl("convolution_backward_overrideable", TORCH_FN(convolution_backward));
}

}  // namespace
}  // namespace tenon::pytorch
