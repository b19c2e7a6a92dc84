// SPDX-License-Identifier: Apache-2.0
//
// Concat and Tile: strided copies into parts of the output.
#include <algorithm>
#include <memory>

#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/indexing.h"
#include "reference_impl/cpu/kernels/strided_copy.h"
#include "tenon/device/operators/operator_dims.h"
#include "tenon/device/operators/sizes.h"

namespace tenon::cpu {
namespace {

class ConcatKernel final : public Kernel {
 public:
  explicit ConcatKernel(const Description& desc)
      : name_(desc.name()), axis_(desc.integer("axis")) {}

  void check(const Arguments& a) const override { check_concat(name_, a, axis_); }

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View& output = arguments.outputs[0];
    const int32_t axis = normalize_axis(name_, axis_, output.rank);
    int64_t at = 0;
    for (const View& input : arguments.inputs) {
      View part = output;
      part.dims = input.dims;
      if (input.count() > 0) {
        part.data += at * output.strides[axis] * element_size(output);
        strided_copy(part, input, execution);
      }
      at += input.dims[axis];
    }
  }

 private:
  std::string name_;
  int64_t axis_;
};

std::unique_ptr<Kernel> create_concat(const Description& desc) {
  if (!desc.has_attribute("axis")) throw_invalid(desc.name(), "axis is missing");
  require_inputs(desc, std::max<size_t>(1, desc.input_count()));
  require_same_inputs(desc);
  require_output(desc, desc.input_dtype(0));
  return std::make_unique<ConcatKernel>(desc);
}

class TileKernel final : public Kernel {
 public:
  explicit TileKernel(const Description& desc) : name_(desc.name()) {}

  void check(const Arguments& a) const override { check_tile(name_, a); }

  // The output has two dims for one of the input: the repeats, along which the input does not move,
  // and the dim itself.
  void run(const Arguments& arguments, const Execution& execution) const override {
    const View &input = arguments.inputs[0], &output = arguments.outputs[0];
    BuiltView to(output), from(input);
    for (int32_t d = 0; d < input.rank; ++d) {
      const int64_t repeats = integer_at(arguments.inputs[1], d);
      if (tiled_dim(name_, input, d, repeats) != output.dims[d])
        throw_invalid(name_, "repeat " + std::to_string(repeats) + " of dim " + std::to_string(d) +
                                 " does not turn dims " + dims_text(input.shape()) + " into " +
                                 dims_text(output.shape()));
      if (repeats != 1) {
        to.add(repeats, output.strides[d] * input.dims[d]);
        from.add(repeats, 0);
      }
      if (input.dims[d] != 1) {
        to.add(input.dims[d], output.strides[d]);
        from.add(input.dims[d], input.strides[d]);
      }
    }
    if (to.view().rank > TN_MAX_RANK)
      throw KernelError(TN_UNSUPPORTED, name_ + ": more than " + std::to_string(TN_MAX_RANK) +
                                            " dims and repeats together");
    if (output.count() > 0) strided_copy(to.view(), from.view(), execution);
  }

 private:
  std::string name_;
};

std::unique_ptr<Kernel> create_tile(const Description& desc) {
  require_inputs(desc, 2);
  require_output(desc, desc.input_dtype(0));
  return std::make_unique<TileKernel>(desc);
}

}  // namespace

std::span<const OperatorEntry> tile_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kConcat, kMovedTypes, create_concat},
      {op::kTile, kMovedTypes, create_tile},
  };
  return kEntries;
}

}  // namespace tenon::cpu
