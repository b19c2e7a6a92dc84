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

  void run(const Arguments& arguments, const Execution& execution) const override {
    TileViews views = operator_.views(arguments);
    if (arguments.outputs[0].count() > 0)
      strided_copy(views.to.view(), views.from.view(), execution);
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
