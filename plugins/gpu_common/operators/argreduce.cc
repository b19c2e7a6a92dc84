// SPDX-License-Identifier: Apache-2.0
//
// ArgMax and ArgMin.
#include <algorithm>

#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/operators/reduction.h"
#include "plugins/gpu_common/types.h"
#include "tenon/device/operators/reductions.h"
#include "tenon/device/operators/shape.h"

namespace tenon::gpu {
namespace {

constexpr uint64_t kNumbers = type_set::kNumeric & ~type_set::kHalf;

class ArgReduce final : public KernelOf<device::ArgReductionOperator>, public NeedsWorkspace {
 public:
  ArgReduce(const Description& d, Reduction::Op op)
      : KernelOf(d),
        reduction_(d, op, Reduction::Finish::kValue, d.input_dtype(0),
                   operator_.select_last_index) {}

  uint64_t workspace_size(const Arguments& a) const override {
    const int64_t results = a.outputs[0].count();
    return results == 0 ? 0 : reduction_.workspace_size(results, a.inputs[0].count() / results);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    Reduction::Task task;
    task.x = a.inputs[0];
    task.out = a.outputs[0];
    const int32_t axis = device::normalize_axis(operator_.name, operator_.axis, task.x.rank);
    task.axes = task.x.rank == 0 ? 0 : uint32_t{1} << axis;
    for (int32_t d = 0, to = 0; d < task.x.rank; ++d) {
      if (d != axis) task.out_steps[d] = task.out.strides[to];
      if (d != axis || operator_.keepdims) ++to;
    }
    reduction_.enqueue(task, a, queue);
  }

 private:
  const Reduction reduction_;
};

template <Reduction::Op kOp>
std::unique_ptr<device::Kernel> create(const Description& d) {
  return std::make_unique<ArgReduce>(d, kOp);
}

}  // namespace

Rows argreduce_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {op::kArgMax, kNumbers, create<Reduction::Op::kArgMax>},
      {op::kArgMin, kNumbers, create<Reduction::Op::kArgMin>},
  };
  return kOperators;
}

}  // namespace tenon::gpu
