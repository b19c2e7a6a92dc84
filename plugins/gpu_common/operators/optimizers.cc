// SPDX-License-Identifier: Apache-2.0
//
// Optimizer steps: tenon.AdamW and tenon.SgdMomentum.
#include <utility>

#include "plugins/gpu_common/operators/elementwise.h"
#include "plugins/gpu_common/operators/loop.h"
#include "tenon/device/operators/optimizers.h"
#include "tenon/device/operators/shape.h"

namespace tenon::gpu {
namespace {

using device::AdamCoefficients;

std::string definitions(const Description& d) {
  require_arithmetic(d, d.input_dtype(0));
  return machine_definitions(machine_of(d).limits()) + define_type("T", d.input_dtype(0));
}

// Host values are read here, tensors are not.
void require_kinds(const Description& d, size_t tensors, size_t inputs) {
  for (size_t i = 0; i < inputs; ++i) {
    const bool host = d.has_input(i) && d.input(i).kind == TN_ARGUMENT_HOST;
    if (d.has_input(i) && host != (i >= tensors)) {
      throw KernelError(TN_UNSUPPORTED,
                        std::string(d.name()) + ": input " + std::to_string(i) +
                            (host ? " must be on the device" : " must be a host value"));
    }
  }
}

// Launches `function` for memory operands of the parameter's dims, with coefficients behind them.
template <class Coefficients, size_t kOperands, size_t... I>
void launch_step(const Function& function, const Limits& limits, Queue& queue,
                 const std::array<const View*, kOperands>& operands, const Coefficients& k,
                 std::index_sequence<I...>) {
  for_each_loop<int{kOperands}>(
      limits, operands, 4,
      [&](const Loop<int{kOperands}>& loop, const Grid& grid,
          const std::array<View, kOperands>& views) {
        queue.launch(function, grid,
                     {Parameter::memory(views[I])..., Parameter::value(k), Parameter::value(loop)});
      });
}
template <class Coefficients, size_t kOperands>
void launch_step(const Function& function, const Limits& limits, Queue& queue,
                 const std::array<const View*, kOperands>& operands, const Coefficients& k) {
  launch_step(function, limits, queue, operands, k, std::make_index_sequence<kOperands>());
}

class AdamW final : public KernelOf<device::AdamWOperator> {
 public:
  explicit AdamW(const Description& d)
      : KernelOf(d),
        has_max_(d.has_input(4)),
        limits_(machine_of(d).limits()),
        step_(
            machine_of(d).function("adamw", definitions(d) + (has_max_ ? "-DMAX " : ""), "adamw")) {
    require_kinds(d, device::AdamWOperator::kTensors, device::AdamWOperator::kInputs);
  }

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    return std::make_unique<AdamW>(d);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    if (a.inputs[0].dtype == TN_FLOAT64) return launch<double>(a, queue);
    launch<float>(a, queue);
  }

 private:
  template <class C>
  void launch(const Arguments& a, Queue& queue) const {
    const AdamCoefficients<C> k = operator_.coefficients<C>(a);
    const auto in = [&](size_t i) { return &a.inputs[i]; };
    const auto out = [&](size_t i) { return &a.outputs[i]; };
    if (has_max_) {
      launch_step<AdamCoefficients<C>, 9>(
          step_, limits_, queue,
          {out(0), out(1), out(2), in(0), in(1), in(2), in(3), out(3), in(4)}, k);
    } else {
      launch_step<AdamCoefficients<C>, 7>(step_, limits_, queue,
                                          {out(0), out(1), out(2), in(0), in(1), in(2), in(3)}, k);
    }
  }

  const bool has_max_;
  const Limits& limits_;
  const Function& step_;
};

class SgdMomentum final : public KernelOf<device::SgdMomentumOperator> {
 public:
  explicit SgdMomentum(const Description& d)
      : KernelOf(d),
        limits_(machine_of(d).limits()),
        step_(machine_of(d).function(
            "sgd",
            definitions(d) + define("BUFFER", std::to_string(static_cast<int>(operator_.buffer))),
            "sgd")) {
    require_kinds(d, device::SgdMomentumOperator::kTensors, device::SgdMomentumOperator::kInputs);
  }

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    return std::make_unique<SgdMomentum>(d);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    if (a.inputs[0].dtype == TN_FLOAT64) return launch<double>(a, queue);
    launch<float>(a, queue);
  }

 private:
  template <class C>
  void launch(const Arguments& a, Queue& queue) const {
    using Coefficients = device::SgdCoefficients<C>;
    const Coefficients k = operator_.coefficients<C>(a);
    const View *y = &a.outputs[0], *param = &a.inputs[0], *grad = &a.inputs[1];
    if (operator_.buffer == device::SgdBuffer::kNone) {
      launch_step<Coefficients, 3>(step_, limits_, queue, {y, param, grad}, k);
    } else if (operator_.buffer == device::SgdBuffer::kFirst) {
      launch_step<Coefficients, 4>(step_, limits_, queue, {y, param, grad, &a.outputs[1]}, k);
    } else {
      launch_step<Coefficients, 5>(step_, limits_, queue,
                                   {y, param, grad, &a.outputs[1], &a.inputs[2]}, k);
    }
  }

  const Limits& limits_;
  const Function& step_;
};

}  // namespace

Rows optimizer_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kTenonAdamW, device::kFloatTypes, AdamW::create},
      {op::kTenonSgdMomentum, device::kFloatTypes, SgdMomentum::create},
  };
  return kEntries;
}

}  // namespace tenon::gpu
