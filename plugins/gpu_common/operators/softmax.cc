// SPDX-License-Identifier: Apache-2.0
//
// Softmax, LogSoftmax, their gradients and LpNormalization: lines along one axis.
#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/operators/norm_lines.h"
#include "tenon/device/operators/shape.h"

namespace tenon::gpu {
namespace {

// The output and kInputs inputs, all of the same dims. `p`: of LpNormalization alone.
template <int kInputs>
class AxisOperator final : public Kernel {
 public:
  AxisOperator(const Description& d, const char* function, bool log, int32_t p)
      : name_(d.name()),
        axis_(d.integer("axis")),
        p_(p),
        limits_(machine_of(d).limits()),
        function_(machine_of(d).function("softmax",
                                         line_definitions(limits_, d.input_dtype(0), kInputs + 1) +
                                             (log ? " -DLOG=1" : " -DLOG=0"),
                                         function)) {
    require_arithmetic(d, d.input_dtype(0));
    for (size_t i = 0; i < kInputs; ++i) {
      if (d.input(i).dtype != d.output_dtype(0)) {
        throw KernelError(TN_UNSUPPORTED, name_ + ": inputs and output differ in element type");
      }
    }
  }

  void check(const Arguments& a) const override {
    for (size_t k = 1; k < kInputs; ++k) {
      device::check_same_dims(name_, "the second input", a.inputs[k], a.inputs[0]);
    }
    device::check_output(name_, "the output", a, 0, a.inputs[0].shape());
    device::normalize_axis(name_, axis_, a.inputs[0].rank);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View& y = a.outputs[0];
    if (y.count() == 0) return;
    std::array<View, kInputs + 1> views{y};
    for (size_t k = 0; k < kInputs; ++k) views[k + 1] = a.inputs[k];
    const int32_t axis = device::normalize_axis(name_, axis_, y.rank);
    Lines<kInputs + 1> lines(y, views, axis, std::min(axis + 1, y.rank));
    const Grid grid = lines.grid(limits_);
    const Parameter out = Parameter::memory(y), in = Parameter::memory(a.inputs[0]);
    const Parameter numbers = Parameter::value(lines);
    if constexpr (kInputs == 2) {
      queue.launch(function_, grid, {out, in, Parameter::memory(a.inputs[1]), numbers});
    } else if (p_ != 0) {
      queue.launch(function_, grid, {out, in, numbers, Parameter::value(p_)});
    } else {
      queue.launch(function_, grid, {out, in, numbers});
    }
  }

 private:
  const std::string name_;
  const int64_t axis_;
  const int32_t p_;
  const Limits& limits_;
  const Function& function_;
};

template <bool kLog>
std::unique_ptr<device::Kernel> create_softmax(const Description& d) {
  return std::make_unique<AxisOperator<1>>(d, "softmax", kLog, 0);
}
template <bool kLog>
std::unique_ptr<device::Kernel> create_grad(const Description& d) {
  return std::make_unique<AxisOperator<2>>(d, "softmax_grad", kLog, 0);
}
std::unique_ptr<device::Kernel> create_lp(const Description& d) {
  const int64_t p = d.integer("p");
  if (p != 1 && p != 2) {
    device::throw_invalid(d.name(), "p is " + std::to_string(p) + ", expected 1 or 2");
  }
  return std::make_unique<AxisOperator<1>>(d, "lp_normalization", false, static_cast<int32_t>(p));
}

}  // namespace

Rows softmax_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {op::kSoftmax, kLineFloats, create_softmax<false>},
      {op::kLogSoftmax, kLineFloats, create_softmax<true>},
      {op::kTenonSoftmaxGrad, kLineFloats, create_grad<false>},
      {op::kTenonLogSoftmaxGrad, kLineFloats, create_grad<true>},
      {op::kLpNormalization, kLineFloats, create_lp},
  };
  return kOperators;
}

}  // namespace tenon::gpu
