// SPDX-License-Identifier: Apache-2.0
//
// tenon.NllLoss and its gradient. Sums are added in pieces of a fixed size, in order: the same bits
// on any device of equal arithmetic.
#include "plugins/gpu_common/operators/elementwise.h"
#include "plugins/gpu_common/operators/losses.h"
#include "plugins/gpu_common/operators/places.h"
#include "plugins/gpu_common/operators/row_major.h"
#include "tenon/device/operators/losses.h"

namespace tenon::gpu {
namespace {

using device::NllLossReduction;

// As in kernels/nll_loss.cl.
struct Classes {
  int64_t classes, ignored;
  NllLossReduction reduction;
  int32_t weighted;
  int64_t class_step, weight_step;
};

const Function& function_of(const Description& d, tn_dtype dtype, tn_dtype target,
                            const char* name) {
  require_arithmetic(d, dtype);
  return machine_of(d).function("nll_loss",
                                machine_definitions(machine_of(d).limits()) +
                                    define_type("T", dtype) + define_type("TARGET", target),
                                name);
}

// Positions in the order of the targets: steps of x (without its classes), target and, where it has
// an element for each, the loss.
RowMajor<3> positions(const View& x, const View& target, const View& loss, bool each) {
  RowMajor<3> made;
  for (int32_t d = target.rank; d-- > 0;) {
    made.add(target.dims[d],
             {x.strides[d == 0 ? 0 : d + 1], target.strides[d], each ? loss.strides[d] : 0});
  }
  made.finish();
  return made;
}

class NllLoss final : public KernelOf<device::NllLossOperator>, public NeedsWorkspace {
 public:
  explicit NllLoss(const Description& d)
      : KernelOf(d),
        loss_(function_of(d, d.input_dtype(0), d.input_dtype(1), "nll_loss")),
        total_(function_of(d, d.input_dtype(0), d.input_dtype(1), "nll_loss_total")) {
    require_device_inputs(d, 3);
  }

  uint64_t workspace_size(const Arguments& a) const override {
    const int64_t parts = part_count(a.inputs[1].count());
    return parts > 1 ? static_cast<uint64_t>(parts) * 2 * sizeof(double) : 0;
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &x = a.inputs[0], &target = a.inputs[1], &loss = a.outputs[0];
    const View weight = a.input(2), total = a.output(1);
    const auto walk = positions(x, target, loss, operator_.reduction == NllLossReduction::kNone);
    const Classes classes{x.dims[1],           operator_.ignore_index,
                          operator_.reduction, weight.present(),
                          x.strides[1],        weight.present() ? weight.strides[0] : 0};
    const int64_t parts = part_count(walk.count);
    Grid grid;
    grid.global[0] = static_cast<uint64_t>(parts);
    const Parameter has_total = Parameter::value(int32_t{total.present()});
    // Nothing to read without a workspace.
    const Parameter sums = parts > 1 ? Parameter::workspace(a, 0) : Parameter::memory(View{});
    queue.launch(
        loss_, grid,
        {Parameter::memory(x), Parameter::memory(target), Parameter::memory(weight),
         Parameter::memory(loss), Parameter::memory(total), sums, has_total,
         Parameter::value(classes), Parameter::value(walk.count), Parameter::value(walk.rank),
         Parameter::value(walk.dims), Parameter::value(walk.steps[0]),
         Parameter::value(walk.steps[1]), Parameter::value(walk.steps[2]), Parameter::value(kPart),
         Parameter::value(int32_t{parts == 1}), Parameter::fault(kName)});
    if (parts == 1) return;
    queue.launch(total_, Grid{},
                 {Parameter::memory(loss), Parameter::memory(total), sums, has_total,
                  Parameter::value(classes), Parameter::value(parts)});
  }

 private:
  static constexpr const char* kName = "NllLoss";
  static constexpr int64_t kPart = 4096;  // Positions.
  // At least one: without positions the sums must still be set to 0.
  static int64_t part_count(int64_t count) {
    return std::max<int64_t>(1, (count + kPart - 1) / kPart);
  }

  const Function& loss_;
  const Function& total_;
};

class NllLossGrad final : public KernelOf<device::NllLossGradOperator> {
 public:
  explicit NllLossGrad(const Description& d)
      : KernelOf(d),
        limits_(machine_of(d).limits()),
        grad_(function_of(d, d.output_dtype(0), d.input_dtype(2), "nll_loss_grad")) {
    require_device_inputs(d, 5);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &dloss = a.inputs[0], &target = a.inputs[2], &dx = a.outputs[0];
    const View weight = a.input(3);
    const auto walk = positions(dx, target, dloss, operator_.reduction == NllLossReduction::kNone);
    if (walk.count == 0) return;
    const Classes classes{dx.dims[1],          operator_.ignore_index,
                          operator_.reduction, weight.present(),
                          dx.strides[1],       weight.present() ? weight.strides[0] : 0};
    int64_t chunk = 0;
    const Grid grid = element_grid(limits_, walk.count, &chunk, classes.classes + 8);
    queue.launch(
        grad_, grid,
        {Parameter::memory(dloss), Parameter::memory(target), Parameter::memory(weight),
         Parameter::memory(a.input(4)), Parameter::memory(dx), Parameter::value(classes),
         Parameter::value(walk.count), Parameter::value(walk.rank), Parameter::value(walk.dims),
         Parameter::value(walk.steps[0]), Parameter::value(walk.steps[1]),
         Parameter::value(walk.steps[2]), Parameter::value(chunk), Parameter::fault(kName)});
  }

 private:
  static constexpr const char* kName = "NllLossGrad";

  const Limits& limits_;
  const Function& grad_;
};

}  // namespace

std::unique_ptr<device::Kernel> create_nll_loss(const Description& d) {
  return std::make_unique<NllLoss>(d);
}
std::unique_ptr<device::Kernel> create_nll_loss_grad(const Description& d) {
  return std::make_unique<NllLossGrad>(d);
}

}  // namespace tenon::gpu
