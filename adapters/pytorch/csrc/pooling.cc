// SPDX-License-Identifier: Apache-2.0
//
// Max and average pooling over 2 and 3 spatial dims; unbatched inputs get a batch dim in between.
#include <torch/library.h>

#include <ATen/ops/avg_pool2d_backward_meta.h>
#include <ATen/ops/avg_pool2d_meta.h>
#include <ATen/ops/avg_pool3d_backward_meta.h>
#include <ATen/ops/avg_pool3d_meta.h>
#include <ATen/ops/max_pool2d_with_indices_backward_meta.h>
#include <ATen/ops/max_pool2d_with_indices_meta.h>

#include "elementwise.h"
#include "structured.h"

namespace tenon::pytorch {
namespace {

using Ints = std::vector<int64_t>;

// One number stands for all spatial dims.
Ints spread(at::IntArrayRef values, size_t dims, at::IntArrayRef otherwise = {}) {
  if (values.empty()) return spread(otherwise, dims);
  return values.size() == 1 ? Ints(dims, values[0]) : values.vec();
}
Ints both_ends(const Ints& padding) {
  Ints pads = padding;
  pads.insert(pads.end(), padding.begin(), padding.end());
  return pads;
}
Tensor batched(const Tensor& tensor, size_t dims) {
  return tensor.dim() == static_cast<int64_t>(dims) + 1 ? tensor.unsqueeze(0) : tensor;
}

// -- Max --

template <size_t kDims>
void max_pool(const Tensor& self, at::IntArrayRef kernel, at::IntArrayRef stride,
              at::IntArrayRef padding, at::IntArrayRef dilation, bool ceil_mode, const Tensor& out,
              const Tensor& indices) {
  if (out.numel() == 0) return;
  const runtime::Operation op("tenon.MaxPool", {{"kernel_shape", spread(kernel, kDims)},
                                                {"strides", spread(stride, kDims, kernel)},
                                                {"pads", both_ends(spread(padding, kDims))},
                                                {"dilations", spread(dilation, kDims)},
                                                {"ceil_mode", int64_t{ceil_mode}}});
  const Tensor x = batched(self, kDims), y = batched(out, kDims), i = batched(indices, kDims);
  OperatorCall(op, out).input(x).output(y).output(i).run();
}
template <size_t kDims>
void max_pool_backward(const Tensor& grad, const Tensor& indices, const Tensor& out) {
  if (grad.numel() == 0) return fill_with(out, 0);
  const Tensor dy = batched(grad, kDims), i = batched(indices, kDims), dx = batched(out, kDims);
  OperatorCall(operation<"tenon.MaxPoolGrad">(), out).input(dy).input(i).output(dx).run();
}

bool is_float(const Tensor& tensor) { return c10::isFloatingType(tensor.scalar_type()); }

struct MaxPool2d {
  static bool serves(const Tensor& self, auto&&...) { return is_float(self); }
  static void run(auto&, const Tensor& self, at::IntArrayRef kernel, at::IntArrayRef stride,
                  at::IntArrayRef padding, at::IntArrayRef dilation, bool ceil_mode,
                  const Tensor& out, const Tensor& indices) {
    max_pool<2>(self, kernel, stride, padding, dilation, ceil_mode, out, indices);
  }
};
struct MaxPool2dGrad {
  static void run(auto&, const Tensor& grad, const Tensor&, at::IntArrayRef, at::IntArrayRef,
                  at::IntArrayRef, at::IntArrayRef, bool, const Tensor& indices,
                  const Tensor& out) {
    max_pool_backward<2>(grad, indices, out);
  }
};

std::tuple<Tensor, Tensor> max_pool3d(const Tensor& self, at::IntArrayRef kernel,
                                      at::IntArrayRef stride, at::IntArrayRef padding,
                                      at::IntArrayRef dilation, bool ceil_mode) {
  const Ints k = spread(kernel, 3), s = spread(stride, 3, kernel), p = spread(padding, 3),
             d = spread(dilation, 3);
  if (!is_float(self) || !computable(self.scalar_type()))
    return Fallback<"aten::max_pool3d_with_indices",
                    std::tuple<Tensor, Tensor>(const Tensor&, at::IntArrayRef, at::IntArrayRef,
                                               at::IntArrayRef, at::IntArrayRef,
                                               bool)>::call(self, kernel, stride, padding, dilation,
                                                            ceil_mode);
  Ints sizes = self.sizes().vec();
  for (size_t i = 0; i < 3; ++i) {
    int64_t& size = sizes[sizes.size() - 3 + i];
    const int64_t span = size + 2 * p[i] - d[i] * (k[i] - 1) - 1;
    int64_t count = (span + (ceil_mode ? s[i] - 1 : 0)) / s[i] + 1;
    if (ceil_mode && (count - 1) * s[i] >= size + p[i]) --count;
    TORCH_CHECK(count > 0, "max_pool3d: the output of input ", self.sizes(), " is too small");
    size = count;
  }
  const Tensor out = make_tensor(sizes, self.scalar_type(), self.device());
  const Tensor indices = make_tensor(sizes, ScalarType::Long, self.device());
  max_pool<3>(self, k, s, p, d, ceil_mode, out, indices);
  return {out, indices};
}
Tensor max_pool3d_backward(const Tensor& grad, const Tensor& self, at::IntArrayRef, at::IntArrayRef,
                           at::IntArrayRef, at::IntArrayRef, bool, const Tensor& indices) {
  const Tensor out = make_like(self);
  max_pool_backward<3>(grad, indices, out);
  return out;
}

// -- Average --

std::vector<runtime::Attribute> average_attributes(size_t dims, at::IntArrayRef kernel,
                                                   at::IntArrayRef stride, at::IntArrayRef padding,
                                                   bool ceil_mode, bool count_padding) {
  return {{"kernel_shape", spread(kernel, dims)},
          {"strides", spread(stride, dims, kernel)},
          {"pads", both_ends(spread(padding, dims))},
          {"ceil_mode", int64_t{ceil_mode}},
          {"count_include_pad", int64_t{count_padding}}};
}

// With a divisor of one's own: the average over whole windows, times their size, divided by it.
double correction(size_t dims, at::IntArrayRef kernel, int64_t divisor) {
  double size = 1;
  for (const int64_t k : spread(kernel, dims)) size *= static_cast<double>(k);
  return size / static_cast<double>(divisor);
}
void scale(const Tensor& tensor, double factor, const Tensor& out) {
  elementwise(operation<"Mul">(), {tensor, at::Scalar(factor)}, tensor.scalar_type(), out);
}

template <size_t kDims>
struct AveragePool {
  // Windows that ceil_mode cuts off have sizes of their own.
  static bool serves(const Tensor& self, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef,
                     bool ceil_mode, bool, std::optional<int64_t> divisor) {
    return !(divisor && ceil_mode) && is_float(self);
  }
  static void run(auto&, const Tensor& self, at::IntArrayRef kernel, at::IntArrayRef stride,
                  at::IntArrayRef padding, bool ceil_mode, bool count_padding,
                  std::optional<int64_t> divisor, const Tensor& out) {
    if (out.numel() == 0) return;
    const runtime::Operation op(
        "AveragePool",
        average_attributes(kDims, kernel, stride, padding, ceil_mode, count_padding || divisor));
    const Tensor x = batched(self, kDims), y = batched(out, kDims);
    OperatorCall(op, out).input(x).output(y).run();
    if (divisor) scale(out, correction(kDims, kernel, *divisor), out);
  }
};
template <size_t kDims>
struct AveragePoolGrad {
  static bool serves(const Tensor& grad, const Tensor&, at::IntArrayRef, at::IntArrayRef,
                     at::IntArrayRef, bool ceil_mode, bool, std::optional<int64_t> divisor) {
    return !(divisor && ceil_mode) && is_float(grad);
  }
  static void run(auto&, const Tensor& grad, const Tensor&, at::IntArrayRef kernel,
                  at::IntArrayRef stride, at::IntArrayRef padding, bool ceil_mode,
                  bool count_padding, std::optional<int64_t> divisor, const Tensor& out) {
    if (grad.numel() == 0) return fill_with(out, 0);
    const runtime::Operation op(
        "tenon.AveragePoolGrad",
        average_attributes(kDims, kernel, stride, padding, ceil_mode, count_padding || divisor));
    Tensor dy = batched(grad, kDims);
    const Tensor dx = batched(out, kDims);
    if (divisor) {
      const Tensor scaled = make_like(dy);
      scale(dy, correction(kDims, kernel, *divisor), scaled);
      dy = scaled;
    }
    OperatorCall(op, out).input(dy).output(dx).run();
  }
};

// Adaptive pooling is average pooling where the input divides evenly.
bool divides(const Tensor& self, at::IntArrayRef output) {
  return is_float(self) && computable(self.scalar_type()) && self.numel() > 0 && output[0] > 0 &&
         output[1] > 0 && self.size(-2) % output[0] == 0 && self.size(-1) % output[1] == 0;
}
Tensor adaptive_pool(const Tensor& self, at::IntArrayRef output) {
  if (!divides(self, output))
    return Fallback<"aten::_adaptive_avg_pool2d", Tensor(const Tensor&, at::IntArrayRef)>::call(
        self, output);
  const Ints kernel{self.size(-2) / output[0], self.size(-1) / output[1]};
  Ints sizes = self.sizes().vec();
  sizes[sizes.size() - 2] = output[0];
  sizes[sizes.size() - 1] = output[1];
  const Tensor out = make_suggested(sizes, self);
  const runtime::Operation op("AveragePool", average_attributes(2, kernel, kernel, 0, false, true));
  const Tensor x = batched(self, 2), y = batched(out, 2);
  OperatorCall(op, out).input(x).output(y).run();
  return out;
}
Tensor adaptive_pool_backward(const Tensor& grad, const Tensor& self) {
  const Ints output{grad.size(-2), grad.size(-1)};
  if (!divides(self, output))
    return Fallback<"aten::_adaptive_avg_pool2d_backward",
                    Tensor(const Tensor&, const Tensor&)>::call(grad, self);
  const Ints kernel{self.size(-2) / output[0], self.size(-1) / output[1]};
  const Tensor out = make_like(self);
  const runtime::Operation op("tenon.AveragePoolGrad",
                              average_attributes(2, kernel, kernel, 0, false, true));
  const Tensor dy = batched(grad, 2), dx = batched(out, 2);
  OperatorCall(op, out).input(dy).output(dx).run();
  return out;
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  TENON_FUNCTIONAL2(m, max_pool2d_with_indices, "max_pool2d_with_indices", MaxPool2d);
  TENON_OUT2(m, max_pool2d_with_indices, "max_pool2d_with_indices.out", MaxPool2d);
  TENON_FUNCTIONAL(m, max_pool2d_with_indices_backward, "max_pool2d_with_indices_backward",
                   MaxPool2dGrad);
  TENON_OUT(m, max_pool2d_with_indices_backward, "max_pool2d_with_indices_backward.grad_input",
            MaxPool2dGrad);
  TENON_KERNEL(m, "max_pool3d_with_indices", max_pool3d);
  TENON_KERNEL(m, "max_pool3d_with_indices_backward", max_pool3d_backward);
  TENON_FUNCTIONAL(m, avg_pool2d, "avg_pool2d", AveragePool<2>);
  TENON_OUT(m, avg_pool2d, "avg_pool2d.out", AveragePool<2>);
  TENON_FUNCTIONAL(m, avg_pool2d_backward, "avg_pool2d_backward", AveragePoolGrad<2>);
  TENON_OUT(m, avg_pool2d_backward, "avg_pool2d_backward.grad_input", AveragePoolGrad<2>);
  TENON_FUNCTIONAL(m, avg_pool3d, "avg_pool3d", AveragePool<3>);
  TENON_OUT(m, avg_pool3d, "avg_pool3d.out", AveragePool<3>);
  TENON_FUNCTIONAL(m, avg_pool3d_backward, "avg_pool3d_backward", AveragePoolGrad<3>);
  TENON_OUT(m, avg_pool3d_backward, "avg_pool3d_backward.grad_input", AveragePoolGrad<3>);
  TENON_KERNEL(m, "_adaptive_avg_pool2d", adaptive_pool);
  TENON_KERNEL(m, "_adaptive_avg_pool2d_backward", adaptive_pool_backward);
}

}  // namespace
}  // namespace tenon::pytorch
