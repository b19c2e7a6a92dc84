// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpu_common/operators/reduction.h"

#include <algorithm>
#include <limits>

#include "plugins/gpu_common/types.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/reduce_plan.h"

namespace tenon::gpu {
namespace {

constexpr int kItems = 256;          // Of a group that shares a result, where groups are that.
constexpr int kLanes = 16;           // States that a processor keeps side by side.
constexpr uint64_t kStateSize = 32;  // At least a State's of reduction.h.

// `Reduction` of kernels/reduction.h.
struct Numbers {
  int64_t results, elements, chunks, chunk, per_group;
  int32_t kept_rank, reduced_rank;
  int32_t dims[TN_MAX_RANK] = {};
  int64_t x[TN_MAX_RANK] = {}, y[TN_MAX_RANK] = {};
  int64_t out[TN_MAX_RANK] = {}, out2[TN_MAX_RANK] = {};
};

constexpr int64_t ceil_div(int64_t x, int64_t by) { return (x + by - 1) / by; }

bool is_float(tn_dtype dtype) { return (device::kFloatTypes & device::dtype_bit(dtype)) != 0; }

bool is_signed(tn_dtype dtype) { return in_set(dtype, type_set::kSigned); }

std::string number(int64_t value) { return std::to_string(value); }

constexpr uint64_t kBounded = type_set::kNumeric & ~type_set::kHalf;

// The identity of max or min, as an element of the type.
Parameter bound(tn_dtype dtype, bool lowest) {
  if (dtype == TN_BOOL) dtype = TN_UINT8;
  return device::visit_dtype<kBounded>("reduction", dtype, [&](auto type) {
    using Limits = std::numeric_limits<typename decltype(type)::type>;
    if constexpr (Limits::has_infinity) {
      return Parameter::value(lowest ? -Limits::infinity() : Limits::infinity());
    } else {
      return Parameter::value(lowest ? Limits::lowest() : Limits::max());
    }
  });
}

std::string all_definitions(const Limits& limits, Reduction::Op op, Reduction::Finish finish,
                            tn_dtype dtype, bool last) {
  const bool index = op == Reduction::Op::kArgMax || op == Reduction::Op::kArgMin;
  return Reduction::definitions(limits, op, dtype) + " -DR=" + (index ? "long" : c_type(dtype)) +
         " -DS=" + (is_signed(dtype) ? "long" : "ulong") +
         " -DFINISH=" + number(static_cast<int>(finish)) + " -DLAST=" + (last ? "1" : "0") +
         " -DCOLUMNS=" + number(limits.is_cpu ? kLanes : 1);
}

}  // namespace

tn_dtype Reduction::accumulator(const Limits& limits) {
  return limits.float64 ? TN_FLOAT64 : TN_FLOAT32;
}

std::string Reduction::definitions(const Limits& limits, Op op, tn_dtype dtype) {
  const bool floats = is_float(dtype);
  return std::string("-DT=") + c_type(dtype) +
         " -DA=" + (floats ? c_type(accumulator(limits)) : "ulong") +
         " -DOP=" + number(static_cast<int>(op)) + " -DFLOATS=" + (floats ? "1" : "0") +
         " -DITEMS=" + number(limits.is_cpu ? 1 : std::min<int64_t>(kItems, limits.max_group)) +
         " -DWIDTH=" + number(limits.is_cpu ? kLanes : 1);
}

Reduction::Reduction(const Description& d, Op op, Finish finish, tn_dtype dtype, bool last)
    : limits_(machine_of(d).limits()),
      dtype_(dtype),
      op_(op),
      rows_(machine_of(d).function("reduce", all_definitions(limits_, op, finish, dtype, last),
                                   "reduce_rows")),
      columns_(machine_of(d).function("reduce", all_definitions(limits_, op, finish, dtype, last),
                                      "reduce_columns")),
      join_(machine_of(d).function("reduce", all_definitions(limits_, op, finish, dtype, last),
                                   "reduce_join")) {
  require_arithmetic(d, dtype);
}

int64_t Reduction::parts(int64_t results, int64_t elements) const {
  if (results == 0) return 1;
  const int64_t least = limits_.is_cpu ? 8192 : 2048;  // Elements that are worth a task.
  const int64_t tasks = int64_t{limits_.units} * (limits_.is_cpu ? 32 : 1024);
  return std::clamp<int64_t>(elements / least, 1, ceil_div(tasks, results));
}

uint64_t Reduction::workspace_size(int64_t results, int64_t elements) const {
  return parts(results, elements) == 1 ? 0 : states_size(results, elements);
}

uint64_t Reduction::states_size(int64_t results, int64_t elements) const {
  return static_cast<uint64_t>(results * parts(results, elements)) * kStateSize;
}

void Reduction::enqueue(const Task& task, const Arguments& arguments, Queue& queue) const {
  run(task, false, arguments, queue);
}

void Reduction::enqueue_states(const Task& task, const Arguments& arguments, Queue& queue) const {
  run(task, true, arguments, queue);
}

void Reduction::run(const Task& task, bool states, const Arguments& arguments, Queue& queue) const {
  const View& x = task.x;
  const device::ReducePlan plan(x, task.axes, x.strides, task.y.strides, task.out_steps,
                                task.out2_steps);
  if (plan.results == 0) return;
  Numbers n{};
  n.results = plan.results;
  n.elements = plan.elements;
  n.chunks = parts(n.results, n.elements);
  n.chunk = ceil_div(n.elements, n.chunks);
  const auto add = [&](const device::ReducePlan::Dim& dim) {
    const int32_t d = n.kept_rank + n.reduced_rank;
    if (dim.extent > std::numeric_limits<int32_t>::max()) {
      throw KernelError(TN_UNSUPPORTED, "a reduction over a dim of more than 2^31 elements");
    }
    n.dims[d] = static_cast<int32_t>(dim.extent);
    n.x[d] = dim.in[0];
    n.y[d] = dim.in[1];
    n.out[d] = dim.out[0];
    n.out2[d] = dim.out[1];
  };
  for (int32_t d = 0; d < plan.kept_rank; ++d, ++n.kept_rank) add(plan.kept[d]);
  for (int32_t d = 0; d < plan.reduced_rank; ++d, ++n.reduced_rank) add(plan.reduced[d]);

  const bool partial = states || n.chunks > 1;
  const bool by_columns =
      plan.by_columns() || (!limits_.is_cpu && plan.kept_rank > 0 && n.elements < 64);
  const int64_t inner = plan.kept_rank > 0 ? plan.kept[0].extent : 1;
  const int64_t width = by_columns && limits_.is_cpu ? kLanes : 1;
  const int64_t tasks = n.results / inner * ceil_div(inner, width) * n.chunks;
  n.per_group = 1;
  if (limits_.is_cpu) {
    n.per_group =
        std::clamp<int64_t>(ceil_div(tasks, int64_t{limits_.units} * 8), 1,
                            std::max<int64_t>(16384 / std::max<int64_t>(n.chunk * width, 1), 1));
  }
  const auto groups = static_cast<uint64_t>(ceil_div(tasks, n.per_group));
  const Parameter lowest = bound(dtype_, op_ == Op::kMax);
  const bool wide = !is_float(dtype_) || accumulator(limits_) == TN_FLOAT64;
  const Parameter extra =
      wide ? Parameter::value(task.extra) : Parameter::value(static_cast<float>(task.extra));
  const Parameter none = Parameter::memory(View{});
  const Parameter parts_memory =
      partial ? Parameter::workspace(arguments, task.workspace_offset) : none;
  const Parameter shift =
      op_ == Op::kDot ? Parameter::workspace(arguments, task.shift_offset) : none;
  Grid grid;
  grid.global[0] = groups;
  if (!by_columns) {
    const uint64_t items = limits_.is_cpu ? 1 : std::min<uint64_t>(kItems, limits_.max_group);
    grid = {{groups * items, 1, 1}, {static_cast<uint32_t>(items), 1, 1}};
  }
  queue.launch(by_columns ? columns_ : rows_, grid,
               {Parameter::memory(task.out), Parameter::memory(task.out2), parts_memory,
                Parameter::memory(task.x), Parameter::memory(task.y), shift, Parameter::value(n),
                extra, lowest});
  if (!partial || states) return;
  int64_t chunk = 0;
  const Grid all = element_grid(limits_, n.results, &chunk, 8 * n.chunks);
  queue.launch(join_, all,
               {Parameter::memory(task.out), Parameter::memory(task.out2), parts_memory,
                Parameter::value(n), extra, lowest, Parameter::value(chunk)});
}

}  // namespace tenon::gpu
