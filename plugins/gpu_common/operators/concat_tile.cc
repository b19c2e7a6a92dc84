// SPDX-License-Identifier: Apache-2.0
//
// Concat and Tile: strided copies into parts of the output.
#include "plugins/gpu_common/operators/copy.h"
#include "plugins/gpu_common/operators/elementwise.h"
#include "plugins/gpu_common/operators/places.h"
#include "tenon/device/operators/movement.h"

namespace tenon::gpu {
namespace {

class Concat final : public KernelOf<device::ConcatOperator> {
 public:
  explicit Concat(const Description& d) : KernelOf(d), copy_(d, d.input_dtype(0)) {
    require_device_inputs(d, d.input_count());
  }

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    return std::make_unique<Concat>(d);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View& output = a.outputs[0];
    const int32_t axis = device::normalize_axis(operator_.name, operator_.axis, output.rank);
    int64_t at = 0;
    for (const View& input : a.inputs) {
      View part = output;
      part.dims = input.dims;
      if (input.count() > 0) {
        part.data += at * output.strides[axis] * device::element_size(output);
        copy_.enqueue(part, input, queue);
      }
      at += input.dims[axis];
    }
  }

 private:
  const Copy copy_;
};

class Tile final : public KernelOf<device::TileOperator> {
 public:
  explicit Tile(const Description& d) : KernelOf(d), copy_(d, d.input_dtype(0)) {
    require_device_inputs(d, 1);
    require_host_value(d, 1);
  }

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    return std::make_unique<Tile>(d);
  }

  void enqueue(const Arguments& a, Queue& queue) const override {
    device::TileViews views = operator_.views(a);
    if (a.outputs[0].count() > 0) copy_.enqueue(views.to.view(), views.from.view(), queue);
  }

 private:
  const Copy copy_;
};

}  // namespace

Rows shape_operators() {
  static const OperatorEntry kEntries[] = {{op::kConcat, kMovedTypes, Concat::create}};
  return kEntries;
}

Rows tile_operators() {
  static const OperatorEntry kEntries[] = {{op::kTile, kMovedTypes, Tile::create}};
  return kEntries;
}

}  // namespace tenon::gpu
