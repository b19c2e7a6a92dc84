// SPDX-License-Identifier: Apache-2.0
//
// LayerNormalization and tenon.LayerNormGrad.
#include <algorithm>

#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/operators/norm_lines.h"
#include "plugins/gpu_common/operators/norm_types.h"
#include "tenon/device/operators/normalizations.h"
#include "tenon/device/operators/shape.h"

namespace tenon::gpu {
namespace {

constexpr int kOperands = 6;

class LayerNorm final : public KernelOf<device::LayerNormOperator> {
 public:
  explicit LayerNorm(const Description& d)
      : KernelOf(d),
        limits_(machine_of(d).limits()),
        normalize_(machine_of(d).function(
            "layer_norm", line_definitions(limits_, d.input_dtype(0), kOperands), "layer_norm")) {
    require_norm_types(d);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    if (x.count() == 0) return;
    const View scale = a.input(1), shift = a.input(2), mean = a.output(1), inv = a.output(2);
    Lines<kOperands> lines(x, {y, x, scale, shift, mean, inv},
                           device::normalize_axis(operator_.name, operator_.axis, x.rank), x.rank);
    const Grid grid = lines.grid(limits_);
    queue.launch(normalize_, grid,
                 {Parameter::memory(y), Parameter::memory(x), Parameter::memory(scale),
                  Parameter::memory(shift), Parameter::memory(mean), Parameter::memory(inv),
                  Parameter::value(lines),
                  limits_.float64 ? Parameter::value(double{operator_.epsilon})
                                  : Parameter::value(operator_.epsilon)});
  }

 private:
  const Limits& limits_;
  const Function& normalize_;
};

class LayerNormGrad final : public KernelOf<device::LayerNormGradOperator> {
 public:
  explicit LayerNormGrad(const Description& d)
      : KernelOf(d),
        limits_(machine_of(d).limits()),
        data_(machine_of(d).function("layer_norm",
                                     line_definitions(limits_, d.input_dtype(0), kOperands),
                                     "layer_norm_grad")),
        affine_(machine_of(d).function("layer_norm",
                                       line_definitions(limits_, d.input_dtype(0), kOperands),
                                       "layer_norm_affine")) {
    require_norm_types(d);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &dy = a.inputs[0], &x = a.inputs[1], &mean = a.inputs[2], &inv = a.inputs[3];
    const View scale = a.input(4), dx = a.output(0), dscale = a.output(1), dshift = a.output(2);
    const int32_t axis = device::normalize_axis(operator_.name, operator_.axis, x.rank);
    if (dx.present() && x.count() > 0) {
      Lines<kOperands> lines(x, {dx, dy, x, scale, mean, inv}, axis, x.rank);
      const Grid grid = lines.grid(limits_);
      queue.launch(data_, grid,
                   {Parameter::memory(dx), Parameter::memory(dy), Parameter::memory(x),
                    Parameter::memory(scale), Parameter::memory(mean), Parameter::memory(inv),
                    Parameter::value(lines)});
    }
    if (!dscale.present() && !dshift.present()) return;
    const Lines<kOperands> lines(x, {dscale, dshift, dy, x, mean, inv}, axis, x.rank);
    // As in kernels/layer_norm.cl: 16 columns of one item, or 32 of a group.
    const int64_t width = limits_.is_cpu ? 16 : 32;
    const auto groups = static_cast<uint64_t>((lines.length + width - 1) / width);
    const uint64_t items = Lines<kOperands>::items_of(limits_);
    queue.launch(affine_, {{groups * items, 1, 1}, {static_cast<uint32_t>(items), 1, 1}},
                 {Parameter::memory(dscale), Parameter::memory(dshift), Parameter::memory(dy),
                  Parameter::memory(x), Parameter::memory(mean), Parameter::memory(inv),
                  Parameter::value(lines)});
  }

 private:
  const Limits& limits_;
  const Function& data_;
  const Function& affine_;
};

template <class T>
std::unique_ptr<device::Kernel> create(const Description& d) {
  return std::make_unique<T>(d);
}

}  // namespace

Rows layer_norm_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {op::kLayerNormalization, kLineFloats, create<LayerNorm>},
      {op::kTenonLayerNormGrad, kLineFloats, create<LayerNormGrad>},
  };
  return kOperators;
}

}  // namespace tenon::gpu
