// SPDX-License-Identifier: Apache-2.0
//
// Gather, GatherND (blocks at places that indices name) and GatherElements (an element for each
// index).
#include <algorithm>
#include <memory>

#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/indexing.h"
#include "tenon/device/operators/indexing.h"

namespace tenon::cpu {
namespace {

// Copies a block for each position of a loop over (output, data, indices).
class BlockGather {
 public:
  // `positions` are the output's leading dims; operand views have these dims or broadcast to them.
  BlockGather(std::string_view op, const View& output, const View& data, const View& indices,
              const BlockCopy& block)
      : op_(op),
        block_(block),
        wide_(indices.dtype == TN_INT64),
        loop_(make(output, data, indices)) {}

  // Each position has `count` indices, `step` bytes apart, along data dims of these byte strides.
  void run(const Execution& execution, int64_t count, int64_t step, const int64_t* extents,
           const int64_t* strides) const {
    const int64_t grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, block_.count()));
    execution.parallel_for(loop_.count(), grain, [&](int64_t begin, int64_t end) {
      loop_.rows(begin, end, [&](std::byte* const* p, const int64_t* s, int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
          const std::byte* from = p[1] + i * s[1];
          for (int64_t k = 0; k < count; ++k)
            from += strides[k] *
                    checked_index(op_, read_index(p[2] + i * s[2] + k * step, wide_), extents[k]);
          block_.copy(p[0] + i * s[0], from);
        }
      });
    });
  }

 private:
  static StridedLoop<3> make(const View& output, const View& data, const View& indices) {
    const View* operands[] = {&output, &data, &indices};
    return StridedLoop<3>(operands, output.dims, output.rank);
  }

  std::string_view op_;
  const BlockCopy& block_;
  bool wide_;
  StridedLoop<3> loop_;
};

class GatherKernel final : public KernelOf<GatherOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View &data = arguments.inputs[0], &indices = arguments.inputs[1];
    const View& output = arguments.outputs[0];
    if (output.count() == 0) return;
    const int32_t axis = normalize_axis(operator_.name, operator_.axis, data.rank);
    BuiltView places(output), outer(data), to(output), from(data);
    places.add(output, 0, axis + indices.rank);
    outer.add(data, 0, axis);
    for (int32_t d = 0; d < indices.rank; ++d) outer.add(1, 0);
    to.add(output, axis + indices.rank, output.rank);
    from.add(data, axis + 1, data.rank);
    const BlockCopy block(to.view(), from.view());
    const int64_t stride = data.strides[axis] * element_size(data);
    BlockGather(operator_.name, places.view(), outer.view(), indices, block)
        .run(execution, 1, 0, data.dims + axis, &stride);
  }
};

class GatherNdKernel final : public KernelOf<GatherNdOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View &data = arguments.inputs[0], &indices = arguments.inputs[1];
    const View& output = arguments.outputs[0];
    if (output.count() == 0) return;
    const int32_t places_rank = indices.rank - 1;
    const auto depth = static_cast<int32_t>(indices.dims[places_rank]);
    BuiltView places(output), batch(data), at(indices), to(output), from(data);
    places.add(output, 0, places_rank);
    batch.add(data, 0, operator_.batch_dims);
    for (int32_t d = operator_.batch_dims; d < places_rank; ++d) batch.add(1, 0);
    at.add(indices, 0, places_rank);
    to.add(output, places_rank, output.rank);
    from.add(data, operator_.batch_dims + depth, data.rank);
    const BlockCopy block(to.view(), from.view());
    int64_t strides[TN_MAX_RANK];
    for (int32_t k = 0; k < depth; ++k)
      strides[k] = data.strides[operator_.batch_dims + k] * element_size(data);
    BlockGather(operator_.name, places.view(), batch.view(), at.view(), block)
        .run(execution, depth, indices.strides[places_rank] * element_size(indices),
             data.dims + operator_.batch_dims, strides);
  }
};

class GatherElementsKernel final : public KernelOf<GatherElementsOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View &data = arguments.inputs[0], &indices = arguments.inputs[1];
    const View& output = arguments.outputs[0];
    const int32_t axis = normalize_axis(operator_.name, operator_.axis, data.rank);
    const int64_t extent = data.rank ? data.dims[axis] : 1;
    const int64_t stride = data.rank ? data.strides[axis] * element_size(data) : 0;
    BuiltView line(data);  // The data at index 0 of the axis, for each index.
    for (int32_t d = 0; d < data.rank; ++d)
      line.add(indices.dims[d], d == axis ? 0 : data.strides[d]);
    const View* operands[] = {&output, &line.view(), &indices};
    const StridedLoop<3> loop(operands, output.dims, output.rank);
    const bool wide = indices.dtype == TN_INT64;
    execution.parallel_for(loop.count(), 16384, [&](int64_t begin, int64_t end) {
      loop.rows(begin, end, [&](std::byte* const* p, const int64_t* s, int64_t n) {
        visit_size(element_size(data), [&](auto type) {
          using T = typename decltype(type)::type;
          for (int64_t i = 0; i < n; ++i) {
            const int64_t at =
                checked_index(operator_.name, read_index(p[2] + i * s[2], wide), extent);
            *reinterpret_cast<T*>(p[0] + i * s[0]) =
                *reinterpret_cast<const T*>(p[1] + i * s[1] + at * stride);
          }
        });
      });
    });
  }
};

template <class K>
std::unique_ptr<Kernel> create_gather(const Description& desc) {
  return std::make_unique<K>(desc);
}

}  // namespace

std::span<const OperatorEntry> gather_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kGather, kMovedTypes, create_gather<GatherKernel>},
      {op::kGatherND, kMovedTypes, create_gather<GatherNdKernel>},
      {op::kGatherElements, kMovedTypes, create_gather<GatherElementsKernel>},
  };
  return kEntries;
}

}  // namespace tenon::cpu
