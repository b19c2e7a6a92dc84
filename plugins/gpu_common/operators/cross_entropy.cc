// SPDX-License-Identifier: Apache-2.0
//
// tenon.SparseSoftmaxCrossEntropy and tenon.SoftmaxCrossEntropy; the table of the losses.
#include "plugins/gpu_common/operators/elementwise.h"
#include "plugins/gpu_common/operators/losses.h"
#include "plugins/gpu_common/operators/places.h"
#include "tenon/device/operators/losses.h"

namespace tenon::gpu {
namespace {

// As in kernels/cross_entropy.cl.
struct RowSteps {
  int64_t rows, classes;
  int64_t logits[2], labels[2], loss, backprop[2];
};

template <bool kSparse>
class CrossEntropy final : public KernelOf<device::CrossEntropyForm<kSparse>> {
  using Base = KernelOf<device::CrossEntropyForm<kSparse>>;

 public:
  explicit CrossEntropy(const Description& d)
      : Base(d),
        limits_(machine_of(d).limits()),
        function_(machine_of(d).function(
            "cross_entropy",
            machine_definitions(limits_) + define_type("T", d.input_dtype(0)) +
                define_type("LABEL", d.input_dtype(1)) + (kSparse ? "-DSPARSE " : ""),
            "cross_entropy")) {
    require_device_inputs(d, 2);
    require_arithmetic(d, d.input_dtype(0));
  }

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    return std::make_unique<CrossEntropy>(d);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &logits = a.inputs[0], &labels = a.inputs[1];
    const View &loss = a.outputs[0], &backprop = a.outputs[1];
    const RowSteps steps{logits.dims[0],
                         logits.dims[1],
                         {logits.strides[0], logits.strides[1]},
                         {labels.strides[0], kSparse ? 0 : labels.strides[1]},
                         loss.strides[0],
                         {backprop.strides[0], backprop.strides[1]}};
    if (steps.rows == 0) return;
    int64_t chunk = 0;
    const Grid grid = element_grid(limits_, steps.rows, &chunk, 16 * (steps.classes + 1));
    const Parameter parameters[] = {Parameter::memory(logits),       Parameter::memory(labels),
                                    Parameter::memory(loss),         Parameter::memory(backprop),
                                    Parameter::value(steps),         Parameter::value(chunk),
                                    Parameter::fault(operator_.name)};
    queue.launch(function_, grid,
                 std::span(parameters).first(std::size(parameters) - (kSparse ? 0 : 1)));
  }

 private:
  using Base::operator_;

  const Limits& limits_;
  const Function& function_;
};

}  // namespace

Rows loss_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kTenonNllLoss, device::kFloatTypes, create_nll_loss},
      {op::kTenonNllLossGrad, device::kFloatTypes, create_nll_loss_grad},
      {op::kTenonSparseSoftmaxCrossEntropy, device::kFloatTypes, CrossEntropy<true>::create},
      {op::kTenonSoftmaxCrossEntropy, device::kFloatTypes, CrossEntropy<false>::create},
  };
  return kEntries;
}

}  // namespace tenon::gpu
