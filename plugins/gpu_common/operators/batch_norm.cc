// SPDX-License-Identifier: Apache-2.0
//
// BatchNormalization (inference), tenon.BatchNormTraining and tenon.BatchNormGrad. All make a table
// of what belongs to a channel, in the workspace, and apply it; see kernels/batch_norm.cl.
#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/operators/norm_types.h"
#include "plugins/gpu_common/operators/reduction.h"
#include "plugins/gpu_common/walk.h"
#include "tenon/device/operators/normalizations.h"
#include "tenon/device/operators/shape.h"

namespace tenon::gpu {
namespace {

constexpr uint64_t kFloats = kFloat32 | device::dtype_bit(TN_FLOAT64);

// `Channels` of the kernels.
struct Channels {
  int64_t channels, parts = 1;
  int64_t strides[8] = {};

  Channels(int64_t count, std::initializer_list<View> views) : channels(count) {
    size_t i = 0;
    for (const View& view : views) strides[i++] = view.present() ? view.strides[0] : 0;
  }
};

uint64_t aligned(uint64_t size) { return (size + 63) / 64 * 64; }

uint64_t table_size(const View& x, int rows) {
  return aligned(static_cast<uint64_t>(x.dims[1] * rows) * (tn_dtype_bits(x.dtype) / 8));
}

int64_t per_channel(const View& x) { return x.dims[1] == 0 ? 0 : x.count() / x.dims[1]; }

// All axes but 1.
uint32_t axes_of(const View& x) { return ((uint32_t{1} << x.rank) - 1) & ~uint32_t{2}; }

// A row of the table, as a view that broadcasts to x.
class TableView {
 public:
  explicit TableView(const View& x) {
    for (int32_t d = 0; d < x.rank; ++d) {
      dims_[d] = d == 1 ? x.dims[1] : 1;
      strides_[d] = d == 1 ? 1 : 0;
    }
    view_.dims = dims_;
    view_.strides = strides_;
    view_.rank = x.rank;
    view_.dtype = x.dtype;
  }
  TableView(const TableView&) = delete;
  const View& view() const { return view_; }

 private:
  int64_t dims_[TN_MAX_RANK], strides_[TN_MAX_RANK];
  View view_;
};

class BatchNormBase : public Kernel {
 public:
  BatchNormBase(const Description& d, Reduction::Op op)
      : machine_(machine_of(d)),
        limits_(machine_.limits()),
        definitions_(Reduction::definitions(limits_, op, d.input_dtype(0))) {
    require_norm_types(d);
  }

 protected:
  const Function& function(const char* name) const {
    return machine_.function("batch_norm", definitions_, name);
  }
  // The type A of the kernels.
  Parameter real(double value) const {
    return limits_.float64 ? Parameter::value(value) : Parameter::value(static_cast<float>(value));
  }
  Grid channel_grid(const Channels& c, int64_t* chunk) const {
    return element_grid(limits_, c.channels, chunk, 16 * c.parts);
  }

  // Y = (X - mean) * factor + shift of the table at the workspace's begin.
  void apply(const Function& function, const Arguments& a, Queue& queue) const {
    const View &x = a.inputs[0], &y = a.outputs[0];
    const TableView table(x);
    const Walk<3> walk({&y, &x, &table.view()});
    if (walk.count == 0) return;
    int64_t chunk = 0;
    const Grid grid = element_grid(limits_, walk.count, &chunk);
    queue.launch(function, grid,
                 {Parameter::memory(y), Parameter::memory(x), Parameter::workspace(a, 0),
                  Parameter::value(x.dims[1]), Parameter::value(walk.count),
                  Parameter::value(walk.rank), Parameter::value(walk.dims),
                  Parameter::value(walk.steps[0]), Parameter::value(walk.steps[1]),
                  Parameter::value(walk.steps[2]), Parameter::value(chunk)});
  }

  Machine& machine_;
  const Limits& limits_;
  const std::string definitions_;
};

class BatchNorm final : public KernelOf<device::BatchNormOperator, BatchNormBase>,
                        public NeedsWorkspace {
 public:
  explicit BatchNorm(const Description& d) : KernelOf(d, d, Reduction::Op::kVariance) {}

  uint64_t workspace_size(const Arguments& a) const override { return table_size(a.inputs[0], 3); }

  void enqueue(const Arguments& a, Queue& queue) const override {
    if (a.inputs[0].count() == 0) return;
    const Channels c(a.inputs[0].dims[1], {a.inputs[1], a.inputs[2], a.inputs[3], a.inputs[4]});
    int64_t chunk = 0;
    const Grid grid = channel_grid(c, &chunk);
    queue.launch(
        table_, grid,
        {Parameter::workspace(a, 0), Parameter::memory(a.inputs[1]), Parameter::memory(a.inputs[2]),
         Parameter::memory(a.inputs[3]), Parameter::memory(a.inputs[4]), Parameter::value(c),
         real(operator_.epsilon), Parameter::value(chunk)});
    apply(apply_, a, queue);
  }

 private:
  const Function& table_ = function("batch_norm_table");
  const Function& apply_ = function("batch_norm_apply");
};

class BatchNormTraining final : public KernelOf<device::BatchNormTrainingOperator, BatchNormBase>,
                                public NeedsWorkspace {
 public:
  explicit BatchNormTraining(const Description& d)
      : KernelOf(d, d, Reduction::Op::kVariance),
        variance_(d, Reduction::Op::kVariance, Reduction::Finish::kValue, d.input_dtype(0)) {
    for (size_t i = 0; i < 3; ++i) d.output(i);  // Throws when one is missing.
  }

  uint64_t workspace_size(const Arguments& a) const override {
    const View& x = a.inputs[0];
    return table_size(x, 3) + variance_.states_size(x.dims[1], per_channel(x));
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View& x = a.inputs[0];
    if (x.dims[1] == 0) return;
    Reduction::Task task;
    task.x = x;
    task.axes = axes_of(x);
    task.workspace_offset = table_size(x, 3);
    variance_.enqueue_states(task, a, queue);
    Channels c(x.dims[1], {a.input(1), a.input(2), a.input(3), a.input(4), a.output(1), a.output(2),
                           a.output(3), a.output(4)});
    c.parts = variance_.parts(x.dims[1], per_channel(x));
    int64_t chunk = 0;
    const Grid grid = channel_grid(c, &chunk);
    queue.launch(statistics_, grid,
                 {Parameter::workspace(a, 0), Parameter::workspace(a, task.workspace_offset),
                  Parameter::memory(a.input(1)), Parameter::memory(a.input(2)),
                  Parameter::memory(a.input(3)), Parameter::memory(a.input(4)),
                  Parameter::memory(a.output(1)), Parameter::memory(a.output(2)),
                  Parameter::memory(a.output(3)), Parameter::memory(a.output(4)),
                  Parameter::value(c), real(device::real_at(a.inputs[5])),
                  real(device::real_at(a.inputs[6])), Parameter::value(chunk)});
    apply(apply_, a, queue);
  }

 private:
  const Reduction variance_;
  const Function& statistics_ = function("batch_norm_statistics");
  const Function& apply_ = function("batch_norm_apply");
};

class BatchNormGrad final : public KernelOf<device::BatchNormGradOperator, BatchNormBase>,
                            public NeedsWorkspace {
 public:
  explicit BatchNormGrad(const Description& d)
      : KernelOf(d, d, Reduction::Op::kDot),
        dot_(d, Reduction::Op::kDot, Reduction::Finish::kValue, d.input_dtype(0)) {}

  uint64_t workspace_size(const Arguments& a) const override {
    const View& x = a.inputs[1];
    return states_offset(x) + dot_.states_size(x.dims[1], per_channel(x));
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &dy = a.inputs[0], &x = a.inputs[1], dx = a.output(0);
    if (x.dims[1] == 0) return;
    Channels c(x.dims[1], {a.inputs[2], a.inputs[3], a.inputs[4], a.output(1), a.output(2)});
    c.parts = dot_.parts(x.dims[1], per_channel(x));
    Reduction::Task task;
    task.x = dy;
    task.y = x;
    task.axes = axes_of(x);
    task.shift_offset = table_size(x, 4);
    task.workspace_offset = states_offset(x);
    int64_t chunk = 0;
    const Grid grid = channel_grid(c, &chunk);
    queue.launch(shift_, grid,
                 {Parameter::workspace(a, task.shift_offset), Parameter::memory(a.inputs[3]),
                  Parameter::value(c), Parameter::value(chunk)});
    dot_.enqueue_states(task, a, queue);
    queue.launch(table_, grid,
                 {Parameter::workspace(a, 0), Parameter::workspace(a, task.workspace_offset),
                  Parameter::memory(a.inputs[2]), Parameter::memory(a.inputs[3]),
                  Parameter::memory(a.inputs[4]), Parameter::memory(a.output(1)),
                  Parameter::memory(a.output(2)), Parameter::value(c),
                  real(static_cast<double>(per_channel(x))),
                  Parameter::value(int32_t{operator_.training}), Parameter::value(chunk)});
    if (!dx.present()) return;
    const TableView table(x);
    const Walk<4> walk({&dx, &dy, &x, &table.view()});
    if (walk.count == 0) return;
    const Grid all = element_grid(limits_, walk.count, &chunk);
    queue.launch(
        apply_, all,
        {Parameter::memory(dx), Parameter::memory(dy), Parameter::memory(x),
         Parameter::workspace(a, 0), Parameter::value(x.dims[1]), Parameter::value(walk.count),
         Parameter::value(walk.rank), Parameter::value(walk.dims), Parameter::value(walk.steps[0]),
         Parameter::value(walk.steps[1]), Parameter::value(walk.steps[2]),
         Parameter::value(walk.steps[3]), Parameter::value(chunk)});
  }

 private:
  // The workspace: the table, the means as accumulators, the states.
  static uint64_t states_offset(const View& x) {
    return table_size(x, 4) + aligned(static_cast<uint64_t>(x.dims[1]) * sizeof(double));
  }

  const Reduction dot_;
  const Function& shift_ = function("batch_norm_shift");
  const Function& table_ = function("batch_norm_grad_table");
  const Function& apply_ = function("batch_norm_grad_apply");
};

template <class T>
std::unique_ptr<device::Kernel> create(const Description& d) {
  return std::make_unique<T>(d);
}

}  // namespace

Rows batch_norm_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {op::kBatchNormalization, kFloats, create<BatchNorm>},
      {op::kTenonBatchNormTraining, kFloats, create<BatchNormTraining>},
      {op::kTenonBatchNormGrad, kFloats, create<BatchNormGrad>},
  };
  return kOperators;
}

}  // namespace tenon::gpu
