// SPDX-License-Identifier: Apache-2.0
//
// ScatterElements, and the family's table.
#include "plugins/gpu_common/operators/scatter.h"

#include "plugins/gpu_common/operators/copy.h"
#include "plugins/gpu_common/operators/loop.h"
#include "plugins/gpu_common/operators/places.h"
#include "tenon/device/operators/indexing.h"

namespace tenon::gpu {
namespace {

using device::normalize_axis;

// As in kernels/scatter_lines.cl.
struct Axis {
  int64_t count, extent;
  int64_t y_step, update_step, index_step;
};

class ScatterElements final : public KernelOf<device::ScatterElementsOperator> {
 public:
  explicit ScatterElements(const Description& d)
      : KernelOf(d),
        limits_(machine_of(d).limits()),
        copy_(d, d.input_dtype(0)),
        scatter_(machine_of(d).function(
            "scatter_lines",
            scatter_definitions(d, d.input_dtype(0), d.input_dtype(1), operator_.reduction),
            "scatter_lines")) {
    require_device_inputs(d, 3);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &indices = a.inputs[1], &updates = a.inputs[2], &output = a.outputs[0];
    copy_.enqueue(output, a.inputs[0], queue);
    if (indices.count() == 0) return;
    const int32_t axis = normalize_axis(operator_.name, operator_.axis, output.rank);
    const auto step = [&](const View& view) { return view.rank == 0 ? 0 : view.strides[axis]; };
    const Axis common{indices.rank == 0 ? 1 : indices.dims[axis],
                      output.rank == 0 ? 1 : output.dims[axis], step(output), step(updates),
                      step(indices)};
    device::ScatterLineStarts starts = operator_.line_starts(output, updates, indices);
    for_each_loop<3>(
        limits_, {&starts.target.view(), &starts.updates.view(), &starts.indices.view()},
        4 * common.count, [&](Loop<3>& loop, const Grid& grid, const std::array<View, 3>& views) {
          queue.launch(scatter_, grid,
                       {Parameter::memory(views[0]), Parameter::memory(views[1]),
                        Parameter::memory(views[2]), Parameter::value(loop),
                        Parameter::value(common), Parameter::fault(operator_.name)});
        });
  }

 private:
  const Limits& limits_;
  const Copy copy_;
  const Function& scatter_;
};

}  // namespace

std::unique_ptr<device::Kernel> create_scatter_elements(const Description& d) {
  return std::make_unique<ScatterElements>(d);
}

Rows scatter_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kScatterElements, kMovedTypes, create_scatter_elements},
      {op::kScatterND, kMovedTypes, create_scatter_nd},
      {op::kTenonIndexAdd, kAddedTypes, create_index_add},
      {op::kTenonEmbeddingGrad, kAddedTypes & device::kFloatTypes, create_embedding_grad},
  };
  return kEntries;
}

}  // namespace tenon::gpu
