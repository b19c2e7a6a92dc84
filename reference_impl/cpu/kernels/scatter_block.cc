// SPDX-License-Identifier: Apache-2.0
//
// ScatterND, IndexAdd and EmbeddingGrad: blocks of updates that go to places which indices name.
//
// Blocks may meet, so threads share the columns of the blocks, never the blocks: each takes all
// updates in order, and sums come out the same with any number of threads.
#include <algorithm>
#include <memory>

#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/scatter_update.h"
#include "tenon/device/operators/indexing.h"

namespace tenon::cpu {
namespace {

// A factor of the updates, as a float and as an integer that wraps.
struct Alpha {
  double real = 1;
  uint64_t integer = 1;
};

// Operands: target, update.
using UpdateRow = void (*)(std::byte* const*, const int64_t*, int64_t, const Alpha&);

template <class Target, class T, ScatterReduction kUpdate>
void update_row(std::byte* const* p, const int64_t* s, int64_t count, const Alpha& alpha) {
  for (int64_t i = 0; i < count; ++i) {
    Target& target = *reinterpret_cast<Target*>(p[0] + i * s[0]);
    const T update = *reinterpret_cast<const T*>(p[1] + i * s[1]);
    if constexpr (kUpdate == ScatterReduction::kNone) {
      target = update;
    } else if constexpr (kUpdate == ScatterReduction::kAdd && std::is_integral_v<T>) {
      target = static_cast<T>(static_cast<uint64_t>(target) +
                              alpha.integer * static_cast<uint64_t>(update));
    } else if constexpr (kUpdate == ScatterReduction::kAdd) {
      const auto factor = static_cast<Compute<T>>(alpha.real);
      target = store<Target>(load(target) + factor * load(update));
    } else {
      target = store<Target>(updated<kUpdate>(load(target), load(update)));
    }
  }
}

template <class T>
UpdateRow reducing_row(ScatterReduction update) {
  using Wide = Compute<T>;  // Of sums and products of 16-bit floats.
  switch (update) {
    case ScatterReduction::kAdd:
      return update_row<Wide, T, ScatterReduction::kAdd>;
    case ScatterReduction::kMul:
      return update_row<Wide, T, ScatterReduction::kMul>;
    case ScatterReduction::kMax:
      return update_row<T, T, ScatterReduction::kMax>;
    default:
      return update_row<T, T, ScatterReduction::kMin>;
  }
}

template <uint64_t Mask>
UpdateRow adding_row(const Description& desc) {
  return visit_dtype<Mask>(desc.name(), desc.input_dtype(0), [](auto type) {
    return reducing_row<typename decltype(type)::type>(ScatterReduction::kAdd);
  });
}

// Takes the block at from(i) to place(i, &offset), both byte offsets, for i in [0, rows) in order.
// Where place() is false the block is left out.
template <class Place, class From>
void scatter_blocks(const View& target, const View& update, int64_t rows, Place place, From from,
                    UpdateRow row, const Alpha& alpha, const Execution& execution) {
  const View* operands[] = {&target, &update};
  const StridedLoop<2> block(operands, target.dims, target.rank);
  const int64_t grain = std::max<int64_t>(64, 32768 / std::max<int64_t>(1, rows));
  execution.parallel_for(block.count(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = 0; i < rows; ++i) {
      int64_t to = 0;
      if (!place(i, &to)) continue;
      const int64_t at = from(i);
      block.rows(begin, end, [&](std::byte* const* p, const int64_t* s, int64_t n) {
        std::byte* const moved[2] = {p[0] + to, p[1] + at};
        row(moved, s, n, alpha);
      });
    }
  });
}

UpdateRow row_of(std::string_view op, tn_dtype dtype, ScatterReduction update) {
  if (update != ScatterReduction::kNone) {
    return visit_dtype<kNumericTypes>(
        op, dtype, [&](auto type) { return reducing_row<typename decltype(type)::type>(update); });
  }
  return visit_size(tn_dtype_bits(dtype) / 8, [](auto type) -> UpdateRow {
    using T = typename decltype(type)::type;
    return update_row<T, T, ScatterReduction::kNone>;
  });
}

class ScatterNdKernel final : public KernelOf<ScatterNdOperator>, public NeedsWorkspace {
 public:
  explicit ScatterNdKernel(const Description& desc)
      : KernelOf(desc),
        row_(row_of(desc.name(), desc.input_dtype(0), operator_.reduction)),
        wide_(is_wide(desc.input_dtype(0), operator_.reduction)) {}

  uint64_t workspace_size(const Arguments& arguments) const override {
    return wide_output_size(arguments.outputs[0], wide_);
  }

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View &indices = arguments.inputs[1], &updates = arguments.inputs[2];
    WideOutput wide(arguments.outputs[0], arguments.workspace, wide_);
    wide.begin(&arguments.inputs[0], execution);
    const View& target = wide.target();
    const int32_t places = indices.rank - 1;
    const auto depth = static_cast<int32_t>(indices.dims[places]);
    BuiltView to(target), from(updates);
    to.add(target, depth, target.rank);
    from.add(updates, places, updates.rank);
    const int64_t step = indices.strides[places] * element_size(indices);
    const bool wide_index = indices.dtype == TN_INT64;
    const auto place = [&](int64_t i, int64_t* offset) {
      const std::byte* at = indices.data + byte_offset(indices, places, i);
      for (int32_t k = 0; k < depth; ++k)
        *offset +=
            checked_index(operator_.name, read_index(at + k * step, wide_index), target.dims[k]) *
            target.strides[k] * element_size(target);
      return true;
    };
    if (updates.count() > 0)
      scatter_blocks(
          to.view(), from.view(), extent(indices, 0, places), place,
          [&](int64_t i) { return byte_offset(updates, places, i); }, row_, {}, execution);
    wide.end(execution);
  }

 private:
  UpdateRow row_;
  bool wide_;
};

class IndexAddKernel final : public KernelOf<IndexAddOperator>, public NeedsWorkspace {
 public:
  explicit IndexAddKernel(const Description& desc)
      : KernelOf(desc),
        wide_(is_wide(desc.input_dtype(0), ScatterReduction::kAdd)),
        row_(adding_row<kNumericTypes>(desc)) {}

  uint64_t workspace_size(const Arguments& arguments) const override {
    return wide_output_size(arguments.outputs[0], wide_);
  }

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View &indices = arguments.inputs[1], &updates = arguments.inputs[2];
    const View given = arguments.input(3);
    Alpha alpha;
    if (given.present()) {
      alpha.real = real_at(given);
      if (kIntegerTypes & dtype_bit(given.dtype))
        alpha.integer = static_cast<uint64_t>(integer_at(given));
    }
    WideOutput wide(arguments.outputs[0], arguments.workspace, wide_);
    wide.begin(&arguments.inputs[0], execution);
    const View& target = wide.target();
    const int32_t axis = normalize_axis(operator_.name, operator_.axis, target.rank);
    BuiltView to(target), from(updates);
    to.add(target, 0, axis);
    to.add(target, axis + 1, target.rank);
    from.add(updates, 0, axis);
    from.add(updates, axis + 1, updates.rank);
    const int64_t to_step = target.strides[axis] * element_size(target);
    const int64_t from_step = updates.strides[axis] * element_size(updates);
    const int64_t index_step = indices.strides[0] * element_size(indices);
    const auto place = [&](int64_t i, int64_t* offset) {
      const int64_t index = read_index(indices.data + i * index_step, indices.dtype == TN_INT64);
      *offset = checked_index(operator_.name, index, target.dims[axis]) * to_step;
      return true;
    };
    if (updates.count() > 0)
      scatter_blocks(
          to.view(), from.view(), indices.dims[0], place, [&](int64_t i) { return i * from_step; },
          row_, alpha, execution);
    wide.end(execution);
  }

 private:
  bool wide_;
  UpdateRow row_;
};

class EmbeddingGradKernel final : public KernelOf<EmbeddingGradOperator>, public NeedsWorkspace {
 public:
  explicit EmbeddingGradKernel(const Description& desc)
      : KernelOf(desc),
        wide_(is_wide(desc.input_dtype(0), ScatterReduction::kAdd)),
        row_(adding_row<kFloatTypes>(desc)) {}

  uint64_t workspace_size(const Arguments& arguments) const override {
    return wide_output_size(arguments.outputs[0], wide_);
  }

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View &dy = arguments.inputs[0], &indices = arguments.inputs[1];
    WideOutput wide(arguments.outputs[0], arguments.workspace, wide_);
    wide.begin(nullptr, execution);
    const View& target = wide.target();
    BuiltView to(target), from(dy);
    to.add(target, 1, 2);
    from.add(dy, dy.rank - 1, dy.rank);
    const auto place = [&](int64_t i, int64_t* offset) {
      const int64_t index = read_index(indices.data + byte_offset(indices, indices.rank, i),
                                       indices.dtype == TN_INT64);
      const int64_t row = checked_index(operator_.name, index, target.dims[0]);
      *offset = row * target.strides[0] * element_size(target);
      return operator_.padding_idx < 0 || row != operator_.padding_idx;
    };
    if (dy.count() > 0)
      scatter_blocks(
          to.view(), from.view(), indices.count(), place,
          [&](int64_t i) { return byte_offset(dy, indices.rank, i); }, row_, {}, execution);
    wide.end(execution);
  }

 private:
  bool wide_;
  UpdateRow row_;
};

template <class K>
std::unique_ptr<Kernel> create(const Description& desc) {
  return std::make_unique<K>(desc);
}

}  // namespace

std::span<const OperatorEntry> scatter_block_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kScatterND, kMovedTypes, create<ScatterNdKernel>},
      {op::kTenonIndexAdd, kNumericTypes, create<IndexAddKernel>},
      {op::kTenonEmbeddingGrad, kFloatTypes, create<EmbeddingGradKernel>},
  };
  return kEntries;
}

}  // namespace tenon::cpu
