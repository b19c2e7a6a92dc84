// SPDX-License-Identifier: Apache-2.0
//
// Gather, GatherElements and GatherND: one kernel that differs in how `data` and `indices` are laid
// along the output's dims.
#include <algorithm>

#include "plugins/gpu_common/operators/elementwise.h"
#include "plugins/gpu_common/operators/loop.h"
#include "plugins/gpu_common/operators/places.h"
#include "tenon/device/operators/operator_dims.h"

namespace tenon::gpu {
namespace {

using device::BuiltView, device::dims_text, device::normalize_axis, device::throw_dims,
    device::throw_invalid;

class GatherBase : public Kernel {
 protected:
  explicit GatherBase(const Description& d)
      : name_(d.name()),
        limits_(machine_of(d).limits()),
        gather_(machine_of(d).function("gather",
                                       machine_definitions(limits_) +
                                           define_moved("T", d.input_dtype(0)) +
                                           define_type("INDEX", d.input_dtype(1)),
                                       "gather")) {}

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

class Gather final : public GatherBase {
 public:
  explicit Gather(const Description& d) : GatherBase(d), axis_(d.integer("axis")) {}

  void check(const Arguments& a) const override { device::check_gather(name_, a, axis_); }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &data = a.inputs[0], &indices = a.inputs[1];
    const int32_t axis = normalize_axis(name_, axis_, data.rank);
    BuiltView from(data), at(indices);
    from.add(data, 0, axis);
    for (int32_t d = 0; d < indices.rank; ++d) from.add(1, 0);
    from.add(data, axis + 1, data.rank);
    for (int32_t d = 0; d < axis; ++d) at.add(1, 0);
    at.add(indices, 0, indices.rank);
    for (int32_t d = axis + 1; d < data.rank; ++d) at.add(1, 0);
    launch(a.outputs[0], from.view(), at.view(), Places::along(data, axis), queue);
  }

 private:
  const int64_t axis_;
};

class GatherNd final : public GatherBase {
 public:
  explicit GatherNd(const Description& d)
      : GatherBase(d), batch_(static_cast<int32_t>(d.integer("batch_dims"))) {}

  void check(const Arguments& a) const override {
    const View& indices = a.inputs[1];
    device::check_gather_nd(name_, a, batch_);
    const auto depth = static_cast<size_t>(batch_ + indices.dims[indices.rank - 1]);
    if (depth - static_cast<size_t>(batch_) > kIndexDepth) {
      throw KernelError(TN_UNSUPPORTED, name_ + ": more than " + std::to_string(kIndexDepth) +
                                            " indices for a place");
    }
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &data = a.inputs[0], &indices = a.inputs[1];
    const int32_t places_rank = indices.rank - 1;
    Places places;
    places.depth = static_cast<int32_t>(indices.dims[places_rank]);
    places.index_step = indices.strides[places_rank];
    for (int32_t k = 0; k < places.depth; ++k) {
      places.extents[k] = data.dims[batch_ + k];
      places.steps[k] = data.strides[batch_ + k];
    }
    BuiltView from(data), at(indices);
    from.add(data, 0, batch_);
    for (int32_t d = batch_; d < places_rank; ++d) from.add(1, 0);
    from.add(data, batch_ + places.depth, data.rank);
    at.add(indices, 0, places_rank);
    for (int32_t d = batch_ + places.depth; d < data.rank; ++d) at.add(1, 0);
    launch(a.outputs[0], from.view(), at.view(), places, queue);
  }

 private:
  const int32_t batch_;
};

class GatherElements final : public GatherBase {
 public:
  explicit GatherElements(const Description& d) : GatherBase(d), axis_(d.integer("axis")) {}

  void check(const Arguments& a) const override { device::check_gather_elements(name_, a, axis_); }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &data = a.inputs[0], &indices = a.inputs[1];
    const int32_t axis = normalize_axis(name_, axis_, data.rank);
    BuiltView line(data);  // The data at index 0 of the axis, for each index.
    for (int32_t d = 0; d < data.rank; ++d)
      line.add(indices.dims[d], d == axis ? 0 : data.strides[d]);
    launch(a.outputs[0], line.view(), indices, Places::along(data, axis), queue);
  }

 private:
  const int64_t axis_;
};

template <class K>
std::unique_ptr<device::Kernel> create(const Description& d) {
  require_arity(d, 2);
  device::require_index_type(d, 1);
  require_output_type(d, d.input_dtype(0));
  require_device_inputs(d, 2);
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
