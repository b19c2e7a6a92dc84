// SPDX-License-Identifier: Apache-2.0
//
// Reductions over any set of axes. The axes are an input whose values a launch alone knows; check()
// says whether the ranks can fit.
#include <algorithm>

#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/operators/reduction.h"
#include "plugins/gpu_common/types.h"
#include "tenon/device/operators/reductions.h"
#include "tenon/device/operators/shape.h"

namespace tenon::gpu {
namespace {

using Op = Reduction::Op;
using Finish = Reduction::Finish;

constexpr uint64_t kFloats = kFloat32 | device::dtype_bit(TN_FLOAT64);
constexpr uint64_t kNumbers = type_set::kNumeric & ~type_set::kHalf;

template <class Operator>
class Reduce final : public KernelOf<Operator>, public NeedsWorkspace {
 public:
  Reduce(const Description& d, Op op, Finish finish)
      : KernelOf<Operator>(d), reduction_(d, op, finish, d.input_dtype(0)) {}

  uint64_t workspace_size(const Arguments& a) const override {
    const int64_t results = a.outputs[0].count();
    return results == 0 ? 0 : reduction_.workspace_size(results, a.inputs[0].count() / results);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    Reduction::Task task;
    task.x = a.inputs[0];
    task.axes = operator_.axes_of(a);
    task.out = a.outputs[0];
    task.out2 = a.output(1);
    set_steps(a, 0, task.axes, task.out_steps);
    if (task.out2.present()) set_steps(a, 1, task.axes, task.out2_steps);
    if (kVariance) task.extra = device::real_at(a.inputs[2]);
    reduction_.enqueue(task, a, queue);
  }

 private:
  // Output `index`'s step for each dim of the data; checks its dims.
  void set_steps(const Arguments& a, size_t index, uint32_t axes, int64_t* steps) const {
    const View &data = a.inputs[0], &output = a.outputs[index];
    operator_.check_dims(a, index, axes);
    int32_t at = 0;
    for (int32_t d = 0; d < data.rank; ++d) {
      const bool reduced = axes >> d & 1;
      if (!reduced) steps[d] = output.strides[at];
      at += !reduced || operator_.keepdims ? 1 : 0;
    }
  }

  using KernelOf<Operator>::operator_;
  static constexpr bool kVariance = std::is_same_v<Operator, device::VarianceOperator>;

  const Reduction reduction_;
};

template <Op kOp, Finish kFinish, class Operator = device::ReductionOperator>
std::unique_ptr<device::Kernel> create(const Description& d) {
  // Bools are bytes that are 0 or 1: any is the largest, all the smallest.
  const bool truth = d.input_dtype(0) == TN_BOOL;
  return std::make_unique<Reduce<Operator>>(d, kOp, truth ? Finish::kTruth : kFinish);
}

}  // namespace

Rows reduce_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {op::kReduceSum, kNumbers, create<Op::kSum, Finish::kValue>},
      {op::kReduceMean, kNumbers, create<Op::kSum, Finish::kMean>},
      {op::kReduceSumSquare, kNumbers, create<Op::kSumSquare, Finish::kValue>},
      {op::kReduceL1, kNumbers, create<Op::kSumAbsolute, Finish::kValue>},
      {op::kReduceL2, kFloats, create<Op::kSumSquare, Finish::kRoot>},
      {op::kReduceProd, kNumbers, create<Op::kProduct, Finish::kValue>},
      {op::kReduceMax, kNumbers | kBool, create<Op::kMax, Finish::kValue>},
      {op::kReduceMin, kNumbers | kBool, create<Op::kMin, Finish::kValue>},
      {op::kReduceLogSumExp, kFloats, create<Op::kLogSumExp, Finish::kValue>},
      {op::kTenonReduceAll, kBool, create<Op::kMin, Finish::kTruth>},
      {op::kTenonReduceAny, kBool, create<Op::kMax, Finish::kTruth>},
      {op::kTenonReduceVariance, kFloats,
       create<Op::kVariance, Finish::kValue, device::VarianceOperator>},
  };
  return kOperators;
}

}  // namespace tenon::gpu
