// SPDX-License-Identifier: Apache-2.0
//
// CumSum.
#include "plugins/gpu/families.h"
#include "plugins/gpu/operators/reduction.h"
#include "plugins/gpu/types.h"
#include "plugins/gpu/walk.h"
#include "reference_impl/cpu/kernels/axis_lines.h"
#include "reference_impl/cpu/kernels/shape.h"

namespace tenon::gpu {
namespace {

constexpr uint64_t kFloats = kFloat32 | cpu::dtype_bit(TN_FLOAT64);

class CumSum final : public Kernel {
 public:
  explicit CumSum(const Description& d)
      : name_(d.name()),
        exclusive_(d.integer("exclusive", 0) != 0 ? 1 : 0),
        reverse_(d.integer("reverse", 0) != 0 ? 1 : 0),
        limits_(machine_of(d).limits()),
        sum_(machine_of(d).function("cumulative", definitions(d), "cumulative_sum")) {
    require_arithmetic(d, d.input_dtype(0));
    d.input(1);  // Throws when it is missing.
    if (d.output_dtype(0) != d.input_dtype(0)) {
      cpu::throw_invalid(name_, "takes x and an axis and gives y of x's type");
    }
  }

  static std::unique_ptr<cpu::Kernel> create(const Description& d) {
    return std::make_unique<CumSum>(d);
  }

  void check(const Arguments& a) const override {
    cpu::check_same_dims(name_, "the output", a.outputs[0], a.inputs[0]);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    const int32_t axis = cpu::normalize_axis(name_, cpu::integer_at(a.inputs[1]), x.rank);
    if (y.count() == 0) return;
    const int64_t length = x.rank ? x.dims[axis] : 1;
    const int64_t y_step = x.rank ? y.strides[axis] : 0, x_step = x.rank ? x.strides[axis] : 0;
    cpu::CutView cut_y(y, axis, axis + 1), cut_x(x, axis, axis + 1);
    const Walk<2> lines({&cut_y.view(), &cut_x.view()});
    int64_t chunk = 0;
    const Grid grid = element_grid(limits_, lines.count, &chunk, 2 * length);
    queue.launch(
        sum_, grid,
        {Parameter::memory(y), Parameter::memory(x), Parameter::value(lines.count),
         Parameter::value(lines.rank), Parameter::value(lines.dims),
         Parameter::value(lines.steps[0]), Parameter::value(lines.steps[1]),
         Parameter::value(length), Parameter::value(y_step), Parameter::value(x_step),
         Parameter::value(exclusive_), Parameter::value(reverse_), Parameter::value(chunk)});
  }

 private:
  // Integers are summed without a sign: they wrap.
  static std::string definitions(const Description& d) {
    const tn_dtype dtype = d.input_dtype(0);
    const bool floats = (kFloats & cpu::dtype_bit(dtype)) != 0;
    return std::string("-DT=") + c_type(dtype) +
           " -DA=" + (floats ? c_type(Reduction::accumulator(machine_of(d).limits())) : "ulong");
  }

  const std::string name_;
  const int32_t exclusive_, reverse_;
  const Limits& limits_;
  const Function& sum_;
};

}  // namespace

Rows cumulative_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {"", "CumSum", 14, kFloats | kInt32And64, CumSum::create},
  };
  return kOperators;
}

}  // namespace tenon::gpu
