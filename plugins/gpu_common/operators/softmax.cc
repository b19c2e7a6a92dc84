// SPDX-License-Identifier: Apache-2.0
//
// Softmax, LogSoftmax, their gradients and LpNormalization: lines along one axis.
#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/operators/norm_lines.h"
#include "tenon/device/operators/reductions.h"

namespace tenon::gpu {
namespace {

// The output and kInputs inputs, all of the same dims.
template <class Operator, int kInputs>
class AlongAxis final : public KernelOf<Operator> {
 public:
  AlongAxis(const Description& d, const char* function, bool log)
      : KernelOf<Operator>(d),
        limits_(machine_of(d).limits()),
        function_(machine_of(d).function("softmax",
                                         line_definitions(limits_, d.input_dtype(0), kInputs + 1) +
                                             (log ? " -DLOG=1" : " -DLOG=0"),
                                         function)) {
    require_arithmetic(d, d.input_dtype(0));
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View& y = a.outputs[0];
    if (y.count() == 0) return;
    std::array<View, kInputs + 1> views{y};
    for (size_t k = 0; k < kInputs; ++k) views[k + 1] = a.inputs[k];
    const int32_t axis = device::normalize_axis(operator_.name, operator_.axis, y.rank);
    Lines<kInputs + 1> lines(y, views, axis, std::min(axis + 1, y.rank));
    const Grid grid = lines.grid(limits_);
    const Parameter out = Parameter::memory(y), in = Parameter::memory(a.inputs[0]);
    const Parameter numbers = Parameter::value(lines);
    if constexpr (kInputs == 2) {
      queue.launch(function_, grid, {out, in, Parameter::memory(a.inputs[1]), numbers});
    } else if constexpr (requires { operator_.p; }) {
      queue.launch(function_, grid,
                   {out, in, numbers, Parameter::value(static_cast<int32_t>(operator_.p))});
    } else {
      queue.launch(function_, grid, {out, in, numbers});
    }
  }

 private:
  using KernelOf<Operator>::operator_;

  const Limits& limits_;
  const Function& function_;
};

template <bool kLog>
std::unique_ptr<device::Kernel> create_softmax(const Description& d) {
  return std::make_unique<AlongAxis<device::SoftmaxOperator, 1>>(d, "softmax", kLog);
}
template <bool kLog>
std::unique_ptr<device::Kernel> create_grad(const Description& d) {
  return std::make_unique<AlongAxis<device::SoftmaxGradOperator, 2>>(d, "softmax_grad", kLog);
}
std::unique_ptr<device::Kernel> create_lp(const Description& d) {
  return std::make_unique<AlongAxis<device::LpNormalizationOperator, 1>>(d, "lp_normalization",
                                                                         false);
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
