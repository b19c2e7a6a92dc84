// SPDX-License-Identifier: Apache-2.0
//
// Pad. With a constant it is a fill and a copy, else each element looks where it comes from.

#include "plugins/gpu_common/operators/copy.h"
#include "plugins/gpu_common/operators/elementwise.h"
#include "plugins/gpu_common/operators/places.h"
#include "tenon/device/operators/movement.h"

namespace tenon::gpu {
namespace {

using device::PadInside, device::PadMode;

// PadMode is as in kernels/pad.cl.
class Pad final : public KernelOf<device::PadOperator> {
 public:
  explicit Pad(const Description& d)
      : KernelOf(d),
        value_on_host_(d.has_input(2) && d.input(2).kind == TN_ARGUMENT_HOST),
        limits_(machine_of(d).limits()),
        copy_(d, d.input_dtype(0)),
        pad_(machine_of(d).function("pad", define_moved("T", d.input_dtype(0)), "pad")) {
    require_device_inputs(d, 1);
    require_host_value(d, 1);
    require_host_value(d, 3);
  }

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    return std::make_unique<Pad>(d);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &data = a.inputs[0], &output = a.outputs[0];
    int64_t front[TN_MAX_RANK];
    operator_.read_pads(a, front);
    if (output.count() == 0) return;
    if (operator_.mode == PadMode::kConstant) {
      fill(output, a.input(2), queue);
      PadInside inside(output, data, front);
      if (inside.to.view().count() > 0) copy_.enqueue(inside.to.view(), inside.from.view(), queue);
      return;
    }
    Longs dims, steps, data_dims, data_steps, fronts;
    for (int32_t d = 0; d < data.rank; ++d) {  // Innermost first.
      const int32_t own = data.rank - 1 - d;
      dims.v[d] = output.dims[own];
      steps.v[d] = output.strides[own];
      data_dims.v[d] = data.dims[own];
      data_steps.v[d] = data.strides[own];
      fronts.v[d] = front[own];
    }
    int64_t chunk = 0;
    const int64_t count = output.count();
    const Grid grid = element_grid(limits_, count, &chunk, 8);
    queue.launch(
        pad_, grid,
        {Parameter::memory(output), Parameter::memory(data), Parameter::value(operator_.mode),
         Parameter::value(count), Parameter::value(data.rank), Parameter::value(dims),
         Parameter::value(steps), Parameter::value(data_dims), Parameter::value(data_steps),
         Parameter::value(fronts), Parameter::value(chunk)});
  }

 private:
  void fill(const View& output, const View& value, Queue& queue) const {
    static constexpr uint64_t kZero[2] = {};
    static constexpr int64_t kStrides[TN_MAX_RANK] = {};
    if (!value.present() || value_on_host_) {
      copy_.fill(output, value.present() ? static_cast<const void*>(value.data) : kZero, queue);
      return;
    }
    View everywhere = output;
    everywhere.data = value.data;
    everywhere.strides = kStrides;
    copy_.enqueue(output, everywhere, queue);
  }

  const bool value_on_host_;
  const Limits& limits_;
  const Copy copy_;
  const Function& pad_;
};

}  // namespace

Rows pad_operators() {
  static const OperatorEntry kEntries[] = {{op::kPad, kMovedTypes, Pad::create}};
  return kEntries;
}

}  // namespace tenon::gpu
