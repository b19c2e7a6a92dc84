// SPDX-License-Identifier: Apache-2.0
//
// Concat and Tile: strided copies into parts of the output.
#include <algorithm>
#include <memory>

#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/indexing.h"
#include "reference_impl/cpu/kernels/strided_copy.h"
#include "tenon/device/operators/movement.h"

namespace tenon::cpu {
namespace {

class ConcatKernel final : public KernelOf<ConcatOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View& output = arguments.outputs[0];
    const int32_t axis = normalize_axis(operator_.name, operator_.axis, output.rank);
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
};

class TileKernel final : public KernelOf<TileOperator> {
 public:
  using KernelOf::KernelOf;

  // The output has two dims for one of the input: the repeats, along which the input does not move,
  // and the dim itself.
  void run(const Arguments& arguments, const Execution& execution) const override {
    const View &input = arguments.inputs[0], &output = arguments.outputs[0];
    BuiltView to(output), from(input);
    int64_t all_repeats[TN_MAX_RANK];
    operator_.read_repeats(arguments, all_repeats);
    for (int32_t d = 0; d < input.rank; ++d) {
      const int64_t repeats = all_repeats[d];
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
      throw KernelError(TN_UNSUPPORTED, operator_.name + ": more than " +
                                            std::to_string(TN_MAX_RANK) +
                                            " dims and repeats together");
    if (output.count() > 0) strided_copy(to.view(), from.view(), execution);
  }
};

template <class K>
std::unique_ptr<Kernel> create(const Description& desc) {
  return std::make_unique<K>(desc);
}

}  // namespace

std::span<const OperatorEntry> tile_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kConcat, kMovedTypes, create<ConcatKernel>},
      {op::kTile, kMovedTypes, create<TileKernel>},
  };
  return kEntries;
}

}  // namespace tenon::cpu
