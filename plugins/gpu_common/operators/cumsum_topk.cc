// SPDX-License-Identifier: Apache-2.0
//
// CumSum, CumProd and TopK: operators in which a work item takes whole lines along an axis.
#include "plugins/gpu_common/operators/elementwise.h"
#include "plugins/gpu_common/operators/loop.h"
#include "plugins/gpu_common/operators/places.h"
#include "tenon/device/operators/built_view.h"
#include "tenon/device/operators/movement.h"
#include "tenon/device/operators/reductions.h"

namespace tenon::gpu {
namespace {

using device::CutView;

// As in kernels/cumsum.cl.
struct SumLine {
  int64_t count, y_first, x_first, y_step, x_step, exclusive;
};

class Cumulative final : public KernelOf<device::CumulativeOperator> {
 public:
  Cumulative(const Description& d, bool product)
      : KernelOf(d),
        limits_(machine_of(d).limits()),
        cumsum_(machine_of(d).function("cumsum",
                                       machine_definitions(limits_) +
                                           define_type("T", d.input_dtype(0)) +
                                           (product ? "-DPRODUCT " : ""),
                                       "cumsum")) {
    require_device_inputs(d, 1);
    require_host_value(d, 1);
  }

  template <bool kProduct>
  static std::unique_ptr<device::Kernel> create(const Description& d) {
    require_arithmetic(d, d.input_dtype(0));
    return std::make_unique<Cumulative>(d, kProduct);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    const int32_t axis =
        device::normalize_axis(operator_.name, device::integer_at(a.inputs[1]), x.rank);
    SumLine line{1, 0, 0, 0, 0, operator_.exclusive};
    if (x.rank > 0) {
      const int64_t last = x.dims[axis] - 1, sign = operator_.reverse ? -1 : 1;
      line = {x.dims[axis],
              operator_.reverse ? last * y.strides[axis] : 0,
              operator_.reverse ? last * x.strides[axis] : 0,
              sign * y.strides[axis],
              sign * x.strides[axis],
              operator_.exclusive};
    }
    if (line.count == 0) return;
    CutView to(y, axis, axis + 1), from(x, axis, axis + 1);
    for_each_loop<2>(limits_, {&to.view(), &from.view()}, line.count,
                     [&](const Loop<2>& loop, const Grid& grid, const std::array<View, 2>& views) {
                       queue.launch(cumsum_, grid,
                                    {Parameter::memory(views[0]), Parameter::memory(views[1]),
                                     Parameter::value(loop), Parameter::value(line)});
                     });
  }

 private:
  const Limits& limits_;
  const Function& cumsum_;
};

// As in kernels/topk.cl.
struct HeapLine {
  int64_t count, k;
  int64_t x_step, values_step, indices_step;
};

class TopK final : public KernelOf<device::TopKOperator> {
 public:
  explicit TopK(const Description& d)
      : KernelOf(d),
        limits_(machine_of(d).limits()),
        topk_(machine_of(d).function(
            "topk", machine_definitions(limits_) + define_type("T", d.input_dtype(0)), "topk")) {
    require_device_inputs(d, 1);
    require_host_value(d, 1);
  }

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    require_arithmetic(d, d.input_dtype(0));
    return std::make_unique<TopK>(d);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &x = a.inputs[0], &values = a.outputs[0], &indices = a.outputs[1];
    const int32_t axis = device::normalize_axis(operator_.name, operator_.axis, x.rank);
    const int64_t k = operator_.k(a, axis);
    if (values.count() == 0) return;
    const HeapLine line{x.dims[axis], k, x.strides[axis], values.strides[axis],
                        indices.strides[axis]};
    CutView to(values, axis, axis + 1), places(indices, axis, axis + 1), from(x, axis, axis + 1);
    for_each_loop<3>(limits_, {&to.view(), &places.view(), &from.view()}, 16 * line.count,
                     [&](const Loop<3>& loop, const Grid& grid, const std::array<View, 3>& views) {
                       queue.launch(
                           topk_, grid,
                           {Parameter::memory(views[0]), Parameter::memory(views[1]),
                            Parameter::memory(views[2]), Parameter::value(loop),
                            Parameter::value(line), Parameter::value(int32_t{operator_.largest})});
                     });
  }

 private:
  const Limits& limits_;
  const Function& topk_;
};

}  // namespace

Rows cumulative_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kCumSum, device::kNumericTypes, Cumulative::create<false>},
      {op::kCumProd, device::kNumericTypes, Cumulative::create<true>},
  };
  return kEntries;
}

Rows topk_operators() {
  static const OperatorEntry kEntries[] = {{op::kTopK, device::kNumericTypes, TopK::create}};
  return kEntries;
}

}  // namespace tenon::gpu
