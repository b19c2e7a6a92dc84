// SPDX-License-Identifier: Apache-2.0
//
// GlobalAveragePool and GlobalMaxPool: reductions over the spatial dims.
#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/operators/reduction.h"
#include "plugins/gpu_common/types.h"
#include "tenon/device/operators/pooling.h"

namespace tenon::gpu {
namespace {

class GlobalPool final : public KernelOf<device::GlobalPoolOperator>, public NeedsWorkspace {
 public:
  GlobalPool(const Description& d, Reduction::Op op, Reduction::Finish finish)
      : KernelOf(d), reduction_(d, op, finish, d.input_dtype(0)) {}

  uint64_t workspace_size(const Arguments& a) const override {
    return reduction_.workspace_size(a.output(0).count(),
                                     device::extent(a.input(0), 2, a.input(0).rank));
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    Reduction::Task task;
    task.x = a.input(0);
    task.out = a.output(0);
    for (int32_t d = 0; d < 2; ++d) task.out_steps[d] = task.out.strides[d];
    task.axes = ((uint32_t{1} << task.x.rank) - 1) & ~uint32_t{3};
    reduction_.enqueue(task, a, queue);
  }

 private:
  const Reduction reduction_;
};

template <Reduction::Op kOp, Reduction::Finish kFinish>
std::unique_ptr<device::Kernel> create(const Description& d) {
  return std::make_unique<GlobalPool>(d, kOp, kFinish);
}

}  // namespace

Rows global_pool_operators() {
  using Op = Reduction::Op;
  using Finish = Reduction::Finish;
  constexpr uint64_t kFloats = kFloat32 | device::dtype_bit(TN_FLOAT64);
  static constexpr OperatorEntry kOperators[] = {
      {op::kGlobalAveragePool, kFloats, create<Op::kSum, Finish::kMean>},
      {op::kGlobalMaxPool, kFloats, create<Op::kMax, Finish::kValue>},
  };
  return kOperators;
}

}  // namespace tenon::gpu
