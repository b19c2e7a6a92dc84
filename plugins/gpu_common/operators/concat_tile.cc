// SPDX-License-Identifier: Apache-2.0
//
// Concat and Tile: strided copies into parts of the output.
#include "plugins/gpu_common/operators/copy.h"
#include "plugins/gpu_common/operators/elementwise.h"
#include "plugins/gpu_common/operators/places.h"
#include "tenon/device/operators/operator_dims.h"
#include "tenon/device/operators/sizes.h"

namespace tenon::gpu {
namespace {

using device::BuiltView, device::dims_text, device::throw_invalid;

class Concat final : public Kernel {
 public:
  explicit Concat(const Description& d) : axis_(d.integer("axis")), copy_(d, d.input_dtype(0)) {}

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    if (!d.has_attribute("axis")) throw_invalid(d.name(), "axis is missing");
    require_one_type(d, std::max<size_t>(1, d.input_count()));
    require_device_inputs(d, d.input_count());
    return std::make_unique<Concat>(d);
  }

  void check(const Arguments& a) const override { device::check_concat("Concat", a, axis_); }

  void enqueue(const Arguments& a, Queue& queue) const override {
    const View& output = a.outputs[0];
    const int32_t axis = device::normalize_axis("Concat", axis_, output.rank);
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
  const int64_t axis_;
  const Copy copy_;
};

class Tile final : public Kernel {
 public:
  explicit Tile(const Description& d) : copy_(d, d.input_dtype(0)) {}

  static std::unique_ptr<device::Kernel> create(const Description& d) {
    require_arity(d, 2);
    require_output_type(d, d.input_dtype(0));
    require_device_inputs(d, 1);
    if (d.input(1).kind != TN_ARGUMENT_HOST) {
      throw KernelError(TN_UNSUPPORTED, "Tile: repeats must be a host value");
    }
    return std::make_unique<Tile>(d);
  }

  void check(const Arguments& a) const override {
    const View &input = a.inputs[0], &output = a.outputs[0];
    device::check_tile("Tile", a);
    int32_t dims = 0;
    for (int32_t d = 0; d < input.rank; ++d) {
      dims += (input.dims[d] != 1 ? 1 : 0) + (output.dims[d] != input.dims[d] ? 1 : 0);
    }
    if (dims > TN_MAX_RANK) {
      throw KernelError(TN_UNSUPPORTED, "Tile: more than " + std::to_string(TN_MAX_RANK) +
                                            " dims and repeats together");
    }
  }

  // The output has two dims for one of the input: the repeats, along which the input does not move,
  // and the dim itself.
  void enqueue(const Arguments& a, Queue& queue) const override {
    const View &input = a.inputs[0], &output = a.outputs[0];
    BuiltView to(output), from(input);
    for (int32_t d = 0; d < input.rank; ++d) {
      const int64_t repeats = device::integer_at(a.inputs[1], d);
      if (device::tiled_dim("Tile", input, d, repeats) != output.dims[d]) {
        throw_invalid("Tile", "repeat " + std::to_string(repeats) + " of dim " + std::to_string(d) +
                                  " does not turn dims " + dims_text(input.shape()) + " into " +
                                  dims_text(output.shape()));
      }
      if (repeats != 1) {
        to.add(repeats, output.strides[d] * input.dims[d]);
        from.add(repeats, 0);
      }
      if (input.dims[d] != 1) {
        to.add(input.dims[d], output.strides[d]);
        from.add(input.dims[d], input.strides[d]);
      }
    }
    if (output.count() > 0) copy_.enqueue(to.view(), from.view(), queue);
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
