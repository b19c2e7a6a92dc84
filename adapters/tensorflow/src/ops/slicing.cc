// SPDX-License-Identifier: Apache-2.0
//
// Slices as views, and their gradients and updates: a copy from or into the view.
#include <algorithm>

#include "ops/pattern.h"
#include "ops/variables.h"

namespace tenon::tensorflow {
namespace {

// What StridedSlice and its relatives share: begin, end and strides with five bit masks.
struct Slicing {
  explicit Slicing(const Node& node)
      : begin_mask(node.integer("begin_mask")),
        end_mask(node.integer("end_mask")),
        ellipsis_mask(node.integer("ellipsis_mask")),
        new_axis_mask(node.integer("new_axis_mask")),
        shrink_axis_mask(node.integer("shrink_axis_mask")) {}

  int64_t begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask;

  struct Result {
    View kept;  // Of the source's rank.
    Dims dims;  // As the op returns it: axes added and removed.
  };

  // By begin, end and strides, which are the inputs 1 to 3 of all these ops.
  Result apply(NodeCall& call, const View& x) const;
};

bool bit(int64_t mask, int32_t i) { return (mask >> i & 1) != 0; }

Slicing::Result Slicing::apply(NodeCall& call, const View& x) const {
  const Dims begin = call.host_integers(1);
  const Dims end = call.host_integers(2);
  const Dims strides = call.host_integers(3);
  if (begin.size() != end.size() || begin.size() != strides.size()) {
    invalid_argument("begin, end and strides must have equal lengths");
  }
  const int32_t entries = begin.size();
  int32_t named = 0;  // Entries that consume an axis.
  for (int32_t i = 0; i < entries; ++i) {
    if (!bit(ellipsis_mask, i) && !bit(new_axis_mask, i)) ++named;
  }
  Result result{x, {}};
  int32_t axis = 0;
  bool ellipsis = false;
  for (int32_t i = 0; i < entries; ++i) {
    if (bit(ellipsis_mask, i)) {
      if (ellipsis) invalid_argument("Multiple ellipses in slice spec not allowed");
      ellipsis = true;
      for (int32_t left = x.rank() - named; left > 0; --left, ++axis) {
        result.dims.push_back(x.dims[axis]);
      }
      continue;
    }
    if (bit(new_axis_mask, i)) {
      result.dims.push_back(1);
      continue;
    }
    if (axis >= x.rank()) invalid_argument("Index out of range: " + x.dims.text());
    const int64_t size = x.dims[axis];
    const int64_t step = strides[i];
    if (step == 0) invalid_argument("strides[" + std::to_string(i) + "] must be non-zero");
    int64_t first = begin[i] < 0 ? begin[i] + size : begin[i];
    if (bit(shrink_axis_mask, i)) {
      if (step < 0) invalid_argument("only stride 1 allowed on non-range indexing.");
      if (first < 0 || first >= size) {
        invalid_argument("slice index " + std::to_string(begin[i]) + " of dimension " +
                         std::to_string(axis) + " out of bounds.");
      }
      result.kept = result.kept.sliced(axis++, first, 1);
      continue;
    }
    int64_t last = end[i] < 0 ? end[i] + size : end[i];
    // Where a range may lie: [0, size] forwards, [-1, size - 1] backwards.
    const int64_t low = step > 0 ? 0 : -1;
    const int64_t high = step > 0 ? size : size - 1;
    first = bit(begin_mask, i) ? (step > 0 ? low : high) : std::clamp(first, low, high);
    last = bit(end_mask, i) ? (step > 0 ? high : low) : std::clamp(last, low, high);
    const int64_t span = step > 0 ? last - first : first - last;
    // Without a sign, which the least int64 cannot lose.
    const uint64_t magnitude =
        step > 0 ? static_cast<uint64_t>(step) : uint64_t{0} - static_cast<uint64_t>(step);
    const int64_t count =
        span > 0 ? static_cast<int64_t>((static_cast<uint64_t>(span) - 1) / magnitude) + 1 : 0;
    result.kept = result.kept.sliced(axis++, count > 0 ? first : 0, count, count > 1 ? step : 1);
    result.dims.push_back(count);
  }
  if (!ellipsis) {
    for (; axis < x.rank(); ++axis) result.dims.push_back(x.dims[axis]);
  }
  return result;
}

Compute strided_slice(const Node& node) {
  return [slicing = Slicing(node)](NodeCall& call) {
    const View x = call.input(0);
    const auto [kept, dims] = slicing.apply(call, x);
    if (kept.dense && kept.dims == x.dims && dims == x.dims) return call.forward(0, 0, dims);
    const View y = call.output(0, x.dtype, dims);
    call.copy(kept, y.reshaped(kept.dims));
  };
}

// (shape, begin, end, strides, dy) -> dx
Compute strided_slice_grad(const Node& node) {
  return [slicing = Slicing(node)](NodeCall& call) {
    const View dy = call.input(4);
    const View dx = call.output(0, dy.dtype, call.host_integers(0));
    const auto [kept, dims] = slicing.apply(call, dx);
    if (!(dims == dy.dims)) {
      invalid_argument("shape of dy was " + dy.dims.text() + " instead of " + dims.text());
    }
    call.fill(dx, 0);
    call.copy(dy.reshaped(kept.dims), kept);
  };
}

// Makes `fresh`, which may be `current` itself, `current` with the slice replaced.
void replace_slice(NodeCall& call, const Slicing& slicing, const View& current, const View& fresh) {
  const auto [kept, dims] = slicing.apply(call, fresh);
  const View value = call.contiguous(call.input(4).broadcast_to(dims)).reshaped(kept.dims);
  if (fresh.data != current.data) call.copy(current, fresh);
  call.copy(value, kept);
}

// (x, begin, end, strides, value) -> x with the slice replaced
Compute strided_slice_update(const Node& node) {
  return [slicing = Slicing(node)](NodeCall& call) {
    const View x = call.input(0);
    replace_slice(call, slicing, x, call.output_in_place(0, x.dtype, x.dims, {0}));
  };
}

// (variable, begin, end, strides, value): the slice of the variable replaced.
Compute resource_strided_slice_assign(const Node& node) {
  return [slicing = Slicing(node)](NodeCall& call) {
    update_variable(call, 0, [&](const View& current, const View& fresh) {
      replace_slice(call, slicing, current, fresh);
    });
  };
}

void slice(NodeCall& call) {
  const View x = call.input(0);
  const Dims begin = call.host_integers(1);
  Dims size = call.host_integers(2);
  if (begin.size() != x.rank() || size.size() != x.rank()) {
    invalid_argument("begin and size must have one entry for each dimension of " + x.dims.text());
  }
  View kept = x;
  for (int32_t i = 0; i < x.rank(); ++i) {
    const bool begins = begin[i] >= 0 && begin[i] <= x.dims[i];
    if (begins && size[i] == -1) size[i] = x.dims[i] - begin[i];
    if (!begins || size[i] < 0 || size[i] > x.dims[i] - begin[i]) {
      invalid_argument("Expected begin[" + std::to_string(i) + "] and size[" + std::to_string(i) +
                       "] inside of " + x.dims.text() + ", got " + begin.text() + " and " +
                       size.text());
    }
    kept = kept.sliced(i, begin[i], size[i]);
  }
  call.copy(kept, call.output(0, x.dtype, size));
}

}  // namespace

void add_slicing(Rows& rows) {
  rows.push_back({"StridedSlice", {{"T", movable()}}, {"begin", "end", "strides"}, strided_slice});
  rows.push_back({"StridedSliceGrad",
                  {{"T", movable()}},
                  {"shape", "begin", "end", "strides"},
                  strided_slice_grad});
  rows.push_back({"TensorStridedSliceUpdate",
                  {{"T", movable()}},
                  {"begin", "end", "strides"},
                  strided_slice_update});
  rows.push_back({"ResourceStridedSliceAssign",
                  {{"T", movable()}},
                  {"ref", "begin", "end", "strides"},
                  resource_strided_slice_assign});
  // TensorFlow slices int32 on the host itself.
  rows.push_back({"Slice", {{"T", plain()}}, {"begin", "size"}, [](const Node&) { return slice; }});
}

}  // namespace tenon::tensorflow
