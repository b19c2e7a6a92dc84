// SPDX-License-Identifier: Apache-2.0
//
// Reductions over any set of axes. The axes are an input whose values a launch alone knows; check()
// says whether the ranks can fit.
#include <algorithm>

#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/operators/reduction.h"
#include "plugins/gpu_common/types.h"
#include "tenon/device/operators/operator_dims.h"
#include "tenon/device/operators/shape.h"

namespace tenon::gpu {
namespace {

using Op = Reduction::Op;
using Finish = Reduction::Finish;

constexpr uint64_t kFloats = kFloat32 | device::dtype_bit(TN_FLOAT64);
constexpr uint64_t kNumbers = type_set::kNumeric & ~type_set::kHalf;

// The operator's inputs: data, axes and, for a variance, the correction.
class Reduce final : public Kernel, public NeedsWorkspace {
 public:
  Reduce(const Description& d, Op op, Finish finish)
      : name_(d.name()),
        keepdims_(d.integer("keepdims") != 0),
        noop_(d.integer("noop_with_empty_axes") != 0),
        variance_(op == Op::kVariance),
        reduction_(d, op, finish, d.input_dtype(0)) {
    const size_t outputs = variance_ ? 2 : 1;
    if (d.input_count() > (variance_ ? 3 : 2) || d.output_count() > outputs) {
      device::throw_invalid(name_, "takes data and axes, and gives the reduced data");
    }
    for (size_t i = 0; i < outputs; ++i) {
      if (d.has_output(i) && d.output_dtype(i) != d.input_dtype(0)) {
        throw KernelError(TN_UNSUPPORTED, name_ + ": input and output differ in element type");
      }
    }
    if (variance_) d.input(2);  // Throws when it is missing.
  }

  void check(const Arguments& a) const override {
    device::check_reduction(name_, a, keepdims_, noop_);
  }

  uint64_t workspace_size(const Arguments& a) const override {
    const int64_t results = a.outputs[0].count();
    return results == 0 ? 0 : reduction_.workspace_size(results, a.inputs[0].count() / results);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    Reduction::Task task;
    task.x = a.inputs[0];
    task.axes = device::reduced_axes(name_, a.input(1), task.x.rank, noop_);
    task.out = a.outputs[0];
    task.out2 = a.output(1);
    set_steps(a, 0, task.axes, task.out_steps);
    if (task.out2.present()) set_steps(a, 1, task.axes, task.out2_steps);
    if (variance_) task.extra = device::real_at(a.inputs[2]);
    reduction_.enqueue(task, a, queue);
  }

 private:
  // Output `index`'s step for each dim of the data; checks its dims.
  void set_steps(const Arguments& a, size_t index, uint32_t axes, int64_t* steps) const {
    const View &data = a.inputs[0], &output = a.outputs[index];
    int64_t expected[TN_MAX_RANK];
    device::check_output(name_, "the output", a, index,
                         device::reduced_dims(data, axes, keepdims_, expected));
    int32_t at = 0;
    for (int32_t d = 0; d < data.rank; ++d) {
      const bool reduced = axes >> d & 1;
      if (!reduced) steps[d] = output.strides[at];
      at += !reduced || keepdims_ ? 1 : 0;
    }
  }

  const std::string name_;
  const bool keepdims_, noop_, variance_;
  const Reduction reduction_;
};

template <Op kOp, Finish kFinish>
std::unique_ptr<device::Kernel> create(const Description& d) {
  // Bools are bytes that are 0 or 1: any is the largest, all the smallest.
  const bool truth = d.input_dtype(0) == TN_BOOL;
  return std::make_unique<Reduce>(d, kOp, truth ? Finish::kTruth : kFinish);
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
      {op::kTenonReduceVariance, kFloats, create<Op::kVariance, Finish::kValue>},
  };
  return kOperators;
}

}  // namespace tenon::gpu
