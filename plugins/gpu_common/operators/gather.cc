// SPDX-License-Identifier: Apache-2.0
//
// Gather, GatherElements and GatherND: one kernel that differs in how `data` and `indices` are laid
// along the output's dims.
#include <algorithm>

#include "plugins/gpu_common/operators/elementwise.h"
#include "plugins/gpu_common/operators/loop.h"
#include "plugins/gpu_common/operators/places.h"
#include "tenon/device/operators/indexing.h"

namespace tenon::gpu {
namespace {

using device::BuiltView, device::normalize_axis;

class GatherBase : public Kernel {
 protected:
  explicit GatherBase(const Description& d)
      : name_(d.name()),
        limits_(machine_of(d).limits()),
        gather_(machine_of(d).function("gather",
                                       machine_definitions(limits_) +
                                           define_moved("T", d.input_dtype(0)) +
                                           define_type("INDEX", d.input_dtype(1)),
                                       "gather")) {
    require_device_inputs(d, 2);
  }

  // `data` and `indices` have the output's dims or broadcast to them.
  void launch(const View& output, const View& data, const View& indices, const Places& places,
              Queue& queue) const {
    for_each_loop<3>(limits_, {&output, &data, &indices}, 4,
                     [&](Loop<3>& loop, const Grid& grid, const std::array<View, 3>& views) {
                       queue.launch(gather_, grid,
                                    {Parameter::memory(views[0]), Parameter::memory(views[1]),
                                     Parameter::memory(views[2]), Parameter::value(loop),
                                     Parameter::value(places), Parameter::fault(name_)});
                     });
  }

  const std::string name_;

 private:
  const Limits& limits_;
  const Function& gather_;
};

class Gather final : public KernelOf<device::GatherOperator, GatherBase> {
 public:
  explicit Gather(const Description& d) : KernelOf(d, d) {}

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &data = a.inputs[0], &indices = a.inputs[1];
    const int32_t axis = normalize_axis(name_, operator_.axis, data.rank);
    BuiltView from(data), at(indices);
    from.add(data, 0, axis);
    for (int32_t d = 0; d < indices.rank; ++d) from.add(1, 0);
    from.add(data, axis + 1, data.rank);
    for (int32_t d = 0; d < axis; ++d) at.add(1, 0);
    at.add(indices, 0, indices.rank);
    for (int32_t d = axis + 1; d < data.rank; ++d) at.add(1, 0);
    launch(a.outputs[0], from.view(), at.view(), Places::along(data, axis), queue);
  }
};

class GatherNd final : public KernelOf<device::GatherNdOperator, GatherBase> {
 public:
  explicit GatherNd(const Description& d) : KernelOf(d, d) {}

  void check(const Arguments& a) const override {
    KernelOf::check(a);
    require_index_depth(name_, a.inputs[1]);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &data = a.inputs[0], &indices = a.inputs[1];
    const int32_t places_rank = indices.rank - 1;
    Places places;
    places.depth = static_cast<int32_t>(indices.dims[places_rank]);
    places.index_step = indices.strides[places_rank];
    for (int32_t k = 0; k < places.depth; ++k) {
      places.extents[k] = data.dims[operator_.batch_dims + k];
      places.steps[k] = data.strides[operator_.batch_dims + k];
    }
    BuiltView from(data), at(indices);
    from.add(data, 0, operator_.batch_dims);
    for (int32_t d = operator_.batch_dims; d < places_rank; ++d) from.add(1, 0);
    from.add(data, operator_.batch_dims + places.depth, data.rank);
    at.add(indices, 0, places_rank);
    for (int32_t d = operator_.batch_dims + places.depth; d < data.rank; ++d) at.add(1, 0);
    launch(a.outputs[0], from.view(), at.view(), places, queue);
  }
};

class GatherElements final : public KernelOf<device::GatherElementsOperator, GatherBase> {
 public:
  explicit GatherElements(const Description& d) : KernelOf(d, d) {}

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &data = a.inputs[0], &indices = a.inputs[1];
    const int32_t axis = normalize_axis(name_, operator_.axis, data.rank);
    BuiltView line(data);  // The data at index 0 of the axis, for each index.
    for (int32_t d = 0; d < data.rank; ++d)
      line.add(indices.dims[d], d == axis ? 0 : data.strides[d]);
    launch(a.outputs[0], line.view(), indices, Places::along(data, axis), queue);
  }
};

template <class K>
std::unique_ptr<device::Kernel> create(const Description& d) {
  return std::make_unique<K>(d);
}

}  // namespace

Rows gather_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kGather, kMovedTypes, create<Gather>},
      {op::kGatherND, kMovedTypes, create<GatherNd>},
      {op::kGatherElements, kMovedTypes, create<GatherElements>},
  };
  return kEntries;
}

}  // namespace tenon::gpu
