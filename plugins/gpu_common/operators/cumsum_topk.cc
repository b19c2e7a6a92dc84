// SPDX-License-Identifier: Apache-2.0
//
// CumSum and TopK: operators in which a work item takes whole lines along an axis.
#include "plugins/gpu_common/operators/elementwise.h"
#include "plugins/gpu_common/operators/loop.h"
#include "plugins/gpu_common/operators/places.h"
#include "tenon/device/operators/built_view.h"
#include "tenon/device/operators/operator_dims.h"

namespace tenon::gpu {
namespace {

using device::CutView, device::dims_text, device::throw_invalid;

// As in kernels/cumsum.cl.
struct SumLine {
  int64_t count, y_first, x_first, y_step, x_step, exclusive;
};

void require_host_value(const Description& d, size_t i) {
  if (d.input(i).kind != TN_ARGUMENT_HOST) {
    throw KernelError(TN_UNSUPPORTED, std::string(d.name()) + ": input " + std::to_string(i) +
                                          " must be a host value");
  }
}

class CumSum final : public Kernel {
 public:
  explicit CumSum(const Description& d)
      : exclusive_(d.integer("exclusive") != 0),
        reverse_(d.integer("reverse") != 0),
        limits_(machine_of(d).limits()),
        cumsum_(machine_of(d).function(
            "cumsum", machine_definitions(limits_) + define_type("T", d.input_dtype(0)),
            "cumsum")) {}

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    require_arity(d, 2);
    require_output_type(d, d.input_dtype(0));
    require_device_inputs(d, 1);
    require_host_value(d, 1);
    require_arithmetic(d, d.input_dtype(0));
    return std::make_unique<CumSum>(d);
  }

  void check(const Arguments& a) const override {
    device::check_output("CumSum", "the output", a, 0, a.inputs[0].shape());
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    const int32_t axis = device::normalize_axis("CumSum", device::integer_at(a.inputs[1]), x.rank);
    SumLine line{1, 0, 0, 0, 0, exclusive_};
    if (x.rank > 0) {
      const int64_t last = x.dims[axis] - 1, sign = reverse_ ? -1 : 1;
      line = {x.dims[axis],
              reverse_ ? last * y.strides[axis] : 0,
              reverse_ ? last * x.strides[axis] : 0,
              sign * y.strides[axis],
              sign * x.strides[axis],
              exclusive_};
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
  const bool exclusive_, reverse_;
  const Limits& limits_;
  const Function& cumsum_;
};

// As in kernels/topk.cl.
struct HeapLine {
  int64_t count, k;
  int64_t x_step, values_step, indices_step;
};

class TopK final : public Kernel {
 public:
  explicit TopK(const Description& d)
      : axis_(d.integer("axis")),
        largest_(d.integer("largest") != 0),
        limits_(machine_of(d).limits()),
        topk_(machine_of(d).function(
            "topk", machine_definitions(limits_) + define_type("T", d.input_dtype(0)), "topk")) {
    d.integer("sorted");  // The order is always that of sorted.
  }

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    if (d.input_count() != 2 || !d.has_input(0) || !d.has_input(1) || !d.has_output(0) ||
        !d.has_output(1) || d.output_dtype(1) != TN_INT64) {
      throw_invalid(d.name(), "takes X and K and gives Values and int64 Indices");
    }
    require_output_type(d, d.input_dtype(0));
    require_device_inputs(d, 1);
    require_host_value(d, 1);
    require_arithmetic(d, d.input_dtype(0));
    return std::make_unique<TopK>(d);
  }

  void check(const Arguments& a) const override { device::check_top_k("TopK", a, axis_); }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &x = a.inputs[0], &values = a.outputs[0], &indices = a.outputs[1];
    const int32_t axis = device::normalize_axis("TopK", axis_, x.rank);
    const int64_t k = device::integer_at(a.inputs[1]);
    if (k != values.dims[axis]) {
      throw_invalid("TopK",
                    "K is " + std::to_string(k) + ", Values has dims " + dims_text(values.shape()));
    }
    if (values.count() == 0) return;
    const HeapLine line{x.dims[axis], k, x.strides[axis], values.strides[axis],
                        indices.strides[axis]};
    CutView to(values, axis, axis + 1), places(indices, axis, axis + 1), from(x, axis, axis + 1);
    for_each_loop<3>(limits_, {&to.view(), &places.view(), &from.view()}, 16 * line.count,
                     [&](const Loop<3>& loop, const Grid& grid, const std::array<View, 3>& views) {
                       queue.launch(topk_, grid,
                                    {Parameter::memory(views[0]), Parameter::memory(views[1]),
                                     Parameter::memory(views[2]), Parameter::value(loop),
                                     Parameter::value(line), Parameter::value(int32_t{largest_})});
                     });
  }

 private:
  const int64_t axis_;
  const bool largest_;
  const Limits& limits_;
  const Function& topk_;
};

}  // namespace

Rows cumulative_operators() {
  static const OperatorEntry kEntries[] = {{op::kCumSum, device::kNumericTypes, CumSum::create}};
  return kEntries;
}

Rows topk_operators() {
  static const OperatorEntry kEntries[] = {{op::kTopK, device::kNumericTypes, TopK::create}};
  return kEntries;
}

}  // namespace tenon::gpu
