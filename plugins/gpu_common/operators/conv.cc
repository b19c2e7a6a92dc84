// SPDX-License-Identifier: Apache-2.0
//
// Conv and its gradients, as products.
#include <numeric>

#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/operators/conv_problem.h"
#include "plugins/gpu_common/types.h"
#include "tenon/device/operators/convolutions.h"
#include "tenon/device/operators/shape.h"

namespace tenon::gpu {
namespace {

constexpr uint64_t kFloats = kFloat32 | device::dtype_bit(TN_FLOAT64);

template <class Operator>
class Convolution : public KernelOf<Operator>, public NeedsWorkspace {
 public:
  explicit Convolution(const Description& d)
      : KernelOf<Operator>(d), gemm_(d, d.output_dtype(0), /*plain=*/false) {}

 protected:
  const std::string& name_ = this->operator_.name;
  const device::ConvWindow& attributes_ = this->operator_.window;
  const Gemm gemm_;
};

class Conv final : public Convolution<device::ConvOperator> {
 public:
  using Convolution::Convolution;

  uint64_t workspace_size(const Arguments& a) const override {
    return gemm_.workspace_size(problem(a));
  }
  void enqueue(const Arguments& a, Queue& queue) const override {
    gemm_.enqueue(problem(a), 1, 1, a, queue);
  }

 private:
  GemmProblem problem(const Arguments& a) const {
    const View x = a.input(0), w = a.input(1), y = a.output(0), bias = a.input(2);
    ConvProduct p;
    p.groups = attributes_.groups;
    p.channels = w.dims[1];
    p.filters = w.dims[0] / p.groups;
    p.set_image(x);
    p.set_output(y);
    p.weights = w.data;
    p.filter_stride = w.strides[0];
    p.filter_channel_stride = w.strides[1];
    p.filter_group_stride = w.strides[0] * p.filters;
    if (bias.present()) {
      p.bias = bias.data;
      p.bias_stride = bias.strides[0];
    }
    for (int32_t d = 0; d < 3; ++d) {
      p.axes[d] = {attributes_.dim(y, d),      attributes_.dim(w, d),    attributes_.strides[d],
                   -attributes_.pads_begin[d], attributes_.dilations[d], attributes_.dim(x, d),
                   attributes_.stride(x, d)};
      p.tap_strides[d] = attributes_.stride(w, d);
      p.position_strides[d] = attributes_.stride(y, d);
    }
    return p.problem(name_, gemm_.block_columns());
  }
};

// dX[i] sums W[t] * dY[o] over the taps t and positions o with i = o * stride + t * dilation - pad.
// Inputs i of one remainder modulo the stride meet the same taps, and neighbours among them
// neighbouring positions: so for each remainder dX is a convolution of dY of stride one, with
// nothing scattered.
class ConvGradInput final : public Convolution<device::ConvGradInputOperator> {
 public:
  using Convolution::Convolution;

  uint64_t workspace_size(const Arguments& a) const override {
    uint64_t size = 0;
    over_remainders(a,
                    [&](const GemmProblem& p) { size = std::max(size, gemm_.workspace_size(p)); });
    return size;
  }
  void enqueue(const Arguments& a, Queue& queue) const override {
    over_remainders(a, [&](const GemmProblem& p) { gemm_.enqueue(p, 1, 0, a, queue); });
  }

 private:
  template <class Visit>
  void over_remainders(const Arguments& a, Visit&& visit) const {
    const int64_t* s = attributes_.strides;
    for (int64_t r0 = 0; r0 < s[0]; ++r0) {
      for (int64_t r1 = 0; r1 < s[1]; ++r1) {
        for (int64_t r2 = 0; r2 < s[2]; ++r2) visit(problem(a, {r0, r1, r2}));
      }
    }
  }

  GemmProblem problem(const Arguments& a, const std::array<int64_t, 3>& remainder) const {
    const View dy = a.input(0), w = a.input(1), dx = a.output(0);
    ConvProduct p;
    p.groups = attributes_.groups;
    p.channels = w.dims[0] / p.groups;
    p.filters = w.dims[1];
    p.set_image(dy);
    p.set_output(dx);
    p.weights = w.data;
    p.filter_stride = w.strides[1];
    p.filter_channel_stride = w.strides[0];
    p.filter_group_stride = w.strides[0] * p.channels;
    for (int32_t d = 0; d < 3; ++d) {
      const int64_t stride = attributes_.strides[d], dilation = attributes_.dilations[d];
      const int64_t r = remainder[static_cast<size_t>(d)], shift = r + attributes_.pads_begin[d];
      const int64_t inputs = attributes_.dim(dx, d), taps = attributes_.dim(w, d);
      // Taps t with (shift - t * dilation) % stride == 0: every `period`-th from `first` on.
      const int64_t period = stride / std::gcd(stride, dilation);
      int64_t first = 0;
      while (first < period && (shift - first * dilation) % stride != 0) ++first;
      WindowAxis& axis = p.axes[d];
      axis.positions = inputs > r ? (inputs - r + stride - 1) / stride : 0;
      axis.taps = first < period && first < taps ? (taps - first + period - 1) / period : 0;
      axis.first = axis.taps > 0 ? (shift - first * dilation) / stride : 0;
      axis.increment = -(period * dilation / stride);
      axis.extent = attributes_.dim(dy, d);
      axis.stride = attributes_.stride(dy, d);
      p.tap_strides[d] = attributes_.stride(w, d) * period;
      if (axis.taps > 0 && p.weights)
        p.weights += first * attributes_.stride(w, d) * p.element_size;
      p.position_strides[d] = attributes_.stride(dx, d) * stride;
      if (axis.positions > 0 && p.output)
        p.output += r * attributes_.stride(dx, d) * p.element_size;
    }
    return p.problem(name_, gemm_.block_columns());
  }
};

class ConvGradWeight final : public Convolution<device::ConvGradWeightOperator> {
 public:
  using Convolution::Convolution;

  uint64_t workspace_size(const Arguments& a) const override {
    return gemm_.workspace_size(problem(a));
  }
  void enqueue(const Arguments& a, Queue& queue) const override {
    gemm_.enqueue(problem(a), 1, 0, a, queue);
  }

 private:
  GemmProblem problem(const Arguments& a) const {
    return grad_weight_problem(name_, attributes_, a.input(0), a.input(1), a.output(0));
  }
};

template <class T>
std::unique_ptr<device::Kernel> create(const Description& d) {
  return std::make_unique<T>(d);
}

}  // namespace

Rows conv_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {op::kConv, kFloats, create<Conv>},
  };
  return kOperators;
}

Rows conv_grad_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {op::kTenonConvGradInput, kFloats, create<ConvGradInput>},
      {op::kTenonConvGradWeight, kFloats, create<ConvGradWeight>},
  };
  return kOperators;
}

}  // namespace tenon::gpu
