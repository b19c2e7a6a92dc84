// SPDX-License-Identifier: Apache-2.0
//
// Conv and its gradients, as products.
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
      p.axes[d] = attributes_.window(x, w, y, d);
      p.tap_strides[d] = attributes_.stride(w, d);
      p.position_strides[d] = attributes_.stride(y, d);
    }
    return p.problem(name_, gemm_.block_columns());
  }
};

// For each remainder modulo the strides, a convolution: ConvWindow::grad_input_axis().
class ConvGradInput final : public Convolution<device::ConvGradInputOperator> {
 public:
  using Convolution::Convolution;

  uint64_t workspace_size(const Arguments& a) const override {
    uint64_t size = 0;
    over_parts(a, [&](const GemmProblem& p) { size = std::max(size, gemm_.workspace_size(p)); });
    return size;
  }
  void enqueue(const Arguments& a, Queue& queue) const override {
    over_parts(a, [&](const GemmProblem& p) { gemm_.enqueue(p, 1, 0, a, queue); });
  }

 private:
  template <class Visit>
  void over_parts(const Arguments& a, Visit&& visit) const {
    attributes_.over_remainders([&](const auto& remainder) { visit(problem(a, remainder)); });
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
    for (size_t d = 0; d < 3; ++d) {
      const device::ConvGradInputAxis part =
          attributes_.grad_input_axis(dy, w, dx, static_cast<int32_t>(d), remainder[d]);
      p.axes[d] = part.window;
      p.tap_strides[d] = part.tap_stride;
      if (p.weights) p.weights += part.first_tap * p.element_size;
      p.position_strides[d] = part.position_stride;
      if (p.output) p.output += part.first_position * p.element_size;
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
