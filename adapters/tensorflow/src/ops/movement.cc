// SPDX-License-Identifier: Apache-2.0
//
// Ops that put elements elsewhere: each is strided copies between views.
#include <array>
#include <utility>

#include "ops/pattern.h"
#include "ops/shape.h"

namespace tenon::tensorflow {
namespace {

void transpose(NodeCall& call) {
  const View x = call.input(0);
  const std::vector<int64_t> perm = call.host_list(1);
  if (perm.size() != static_cast<size_t>(x.rank())) {
    invalid_argument("transpose expects a vector of size " + std::to_string(x.rank()) +
                     ". But input(1) is a vector of size " + std::to_string(perm.size()));
  }
  Dims order;
  std::array<bool, TN_MAX_RANK> seen{};
  for (int64_t requested : perm) {
    const int32_t axis = normal_axis(requested, x.rank());
    if (std::exchange(seen[static_cast<size_t>(axis)], true)) {
      invalid_argument("perm names axis " + std::to_string(axis) + " of " + x.dims.text() +
                       " more than once");
    }
    order.push_back(axis);
  }
  const View from = x.permuted(order);
  call.copy(from, call.output(0, x.dtype, from.dims));
}

void broadcast_to(NodeCall& call) {
  const View x = call.input(0);
  const Dims shape = call.host_integers(1);
  check_shape(shape);
  const View from = x.broadcast_to(shape);
  call.copy(from, call.output(0, x.dtype, from.dims));
}

// [d0, d1] as [m0, d0, m1, d1] of stride 0 in the m's, copied to the dense result.
void tile(NodeCall& call) {
  const View x = call.input(0);
  const Dims repeats = call.host_integers(1);
  if (repeats.size() != x.rank()) {
    invalid_argument("Expected multiples argument to be a vector of length " +
                     std::to_string(x.rank()) + " but got length " +
                     std::to_string(repeats.size()));
  }
  View from = x;
  Dims dims;
  for (int32_t i = 0, at = 0; i < x.rank(); ++i) {
    if (repeats[i] < 0) {
      invalid_argument("Expected multiples[" + std::to_string(i) + "] >= 0, but got " +
                       std::to_string(repeats[i]));
    }
    dims.push_back(checked_product(x.dims[i], repeats[i]));
    if (repeats[i] != 1) from = from.with_axis(at++, repeats[i]);
    ++at;
  }
  const View y = call.output(0, x.dtype, dims);
  if (dims.product() > 0) call.copy(from, y.reshaped(from.dims));
}

// Copies `parts` side by side along an axis of the output.
void concatenate(NodeCall& call, int first, int count, int64_t requested_axis) {
  std::vector<View> parts;
  parts.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) parts.push_back(call.input(first + i));
  const int32_t axis = normal_axis(requested_axis, parts.front().rank());
  Dims dims = parts.front().dims;
  dims[axis] = 0;
  for (const View& part : parts) {
    bool fits = part.rank() == dims.size();
    for (int32_t i = 0; fits && i < dims.size(); ++i) {
      fits = i == axis || part.dims[i] == dims[i];
    }
    if (!fits) {
      invalid_argument("Dimensions of inputs should match: " + parts.front().dims.text() + " vs. " +
                       part.dims.text());
    }
    dims[axis] += part.dims[axis];
  }
  const View y = call.output(0, parts.front().dtype, dims);
  int64_t at = 0;
  for (const View& part : parts) {
    call.copy(part, y.sliced(axis, at, part.dims[axis]));
    at += part.dims[axis];
  }
}

void concat_v2(NodeCall& call) {
  const int count = call.input_count() - 1;
  concatenate(call, 0, count, call.host_integer(count, 1));
}

void concat(NodeCall& call) { concatenate(call, 1, call.input_count() - 1, call.host_integer(0)); }

Compute pack(const Node& node) {
  const int64_t axis = node.integer("axis");
  return [axis](NodeCall& call) {
    const View first = call.input(0);
    const int32_t at = normal_axis(axis, first.rank() + 1);
    Dims dims = first.dims;
    dims.insert(at, call.input_count());
    const View y = call.output(0, first.dtype, dims);
    for (int i = 0; i < call.input_count(); ++i) {
      const View part = call.input(i);
      if (!(part.dims == first.dims)) {
        invalid_argument("Shapes of all inputs must match: " + first.dims.text() + " vs. " +
                         part.dims.text());
      }
      call.copy(part.with_axis(at), y.sliced(at, i, 1));
    }
  };
}

Compute unpack(const Node& node) {
  const int64_t axis = node.integer("axis");
  return [axis](NodeCall& call) {
    const View x = call.input(0);
    const int32_t at = normal_axis(axis, x.rank());
    const int count = TF_NumOutputs(call.context());
    if (x.dims[at] != count) {
      invalid_argument("Input shape axis " + std::to_string(at) + " must equal " +
                       std::to_string(count) + ", got shape " + x.dims.text());
    }
    for (int i = 0; i < count; ++i) {
      const View part = x.sliced(at, i, 1).without_axis(at);
      call.copy(part, call.output(i, x.dtype, part.dims));
    }
  };
}

void split(NodeCall& call) {
  const View x = call.input(1);
  const int32_t axis = normal_axis(call.host_integer(0), x.rank());
  const int count = TF_NumOutputs(call.context());
  if (x.dims[axis] % count != 0) {
    invalid_argument("Number of ways to split should evenly divide the split dimension: " +
                     std::to_string(count) + " vs. " + x.dims.text());
  }
  int64_t at = 0;
  const int64_t size = x.dims[axis] / count;
  for (int i = 0; i < count; ++i, at += size) {
    const View part = x.sliced(axis, at, size);
    call.copy(part, call.output(i, x.dtype, part.dims));
  }
}

// Sizes of the parts of `total` elements, with the one that may be -1 filled in.
std::vector<int64_t> split_sizes(NodeCall& call, int input, int64_t total) {
  std::vector<int64_t> sizes = call.host_list(input);
  if (static_cast<int>(sizes.size()) != TF_NumOutputs(call.context())) {
    invalid_argument("size_splits must have one entry for each of the " +
                     std::to_string(TF_NumOutputs(call.context())) + " outputs, got " +
                     std::to_string(sizes.size()));
  }
  int64_t known = 0;
  int64_t* open = nullptr;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == -1 && open == nullptr) {
      open = &sizes[i];
    } else if (sizes[i] < 0) {
      invalid_argument(sizes[i] == -1 ? "There can only be one -1 in the input."
                                      : "Split size at index " + std::to_string(i) +
                                            " must be >= 0. Got: " + std::to_string(sizes[i]));
    } else {
      known = checked_sum(known, sizes[i]);
    }
  }
  if (known > total || (open == nullptr && known != total)) {
    invalid_argument("size_splits add up to " + std::to_string(known) +
                     ", the split dimension has " + std::to_string(total) + " elements");
  }
  if (open != nullptr) *open = total - known;
  return sizes;
}

void split_v(NodeCall& call) {
  const View x = call.input(0);
  const int32_t axis = normal_axis(call.host_integer(2, 1), x.rank());
  int64_t at = 0;
  int output = 0;
  for (int64_t size : split_sizes(call, 1, x.dims[axis])) {
    const View part = x.sliced(axis, at, size);
    call.copy(part, call.output(output++, x.dtype, part.dims));
    at += size;
  }
}

void pad_with(NodeCall& call, const View* value) {
  const View x = call.input(0);
  const std::vector<int64_t> pads = call.host_list(1, 2, 2);
  if (pads.size() != 2 * static_cast<size_t>(x.rank())) {
    invalid_argument("paddings must have a row of two for each dimension of " + x.dims.text());
  }
  const auto before = [&](int32_t i) { return pads[2 * static_cast<size_t>(i)]; };
  const auto after = [&](int32_t i) { return pads[2 * static_cast<size_t>(i) + 1]; };
  Dims dims;
  for (int32_t i = 0; i < x.rank(); ++i) {
    if (before(i) < 0 || after(i) < 0) {
      invalid_argument("Paddings must be non-negative: " + std::to_string(before(i)) + " " +
                       std::to_string(after(i)));
    }
    dims.push_back(checked_sum(checked_sum(before(i), x.dims[i]), after(i)));
  }
  const View y = call.output(0, x.dtype, dims);
  View inside = y;
  for (int32_t i = 0; i < x.rank(); ++i) inside = inside.sliced(i, before(i), x.dims[i]);
  if (value != nullptr) {
    call.copy(value->broadcast_to(dims), y);
  } else {
    call.fill(y, 0);
  }
  call.copy(x, inside);
}

void pad(NodeCall& call) { pad_with(call, nullptr); }

void pad_v2(NodeCall& call) {
  const View value = call.input(2);
  require_scalar("constant_values", value);
  pad_with(call, &value);
}

void reverse(NodeCall& call) {
  View x = call.input(0);
  const View y = call.output(0, x.dtype, x.dims);
  std::array<bool, TN_MAX_RANK> seen{};
  for (int64_t requested : call.host_list(1)) {
    const int32_t axis = normal_axis(requested, x.rank());
    if (std::exchange(seen[static_cast<size_t>(axis)], true)) {
      invalid_argument("axis " + std::to_string(axis) + " specified more than once.");
    }
    if (x.dims[axis] > 0) x = x.sliced(axis, x.dims[axis] - 1, x.dims[axis], -1);
  }
  call.copy(x, y);
}

// Each axis in two pieces that change places; one axis after the other.
void roll(NodeCall& call) {
  View x = call.input(0);
  const std::vector<int64_t> shifts = call.host_list(1, 0);
  const std::vector<int64_t> axes = call.host_list(2, 0);
  if (x.rank() == 0) invalid_argument("input must be 1-D or higher");
  if (shifts.size() != axes.size()) {
    invalid_argument("shift and axis must have the same size, got " +
                     std::to_string(shifts.size()) + " and " + std::to_string(axes.size()));
  }
  for (int64_t axis : axes) normal_axis(axis, x.rank());
  const View y = call.output(0, x.dtype, x.dims);
  if (axes.empty() || x.count() == 0) return call.copy(x, y);
  for (size_t i = 0; i < axes.size(); ++i) {
    const int32_t axis = normal_axis(axes[i], x.rank());
    const int64_t size = x.dims[axis];
    const int64_t shift = ((shifts[i] % size) + size) % size;
    const View to = i + 1 == axes.size() ? y : call.temporary(x.dtype, x.dims);
    call.copy(x.sliced(axis, 0, size - shift), to.sliced(axis, shift, size - shift));
    if (shift > 0) call.copy(x.sliced(axis, size - shift, shift), to.sliced(axis, 0, shift));
    x = to;
  }
}

// The same bytes as another type; of narrower elements there are more, in a last axis of their own.
Compute bitcast(const Node& node) {
  return [to = node.type("type")](NodeCall& call) {
    const View x = call.input(0);
    const int64_t from_size = tn_dtype_bits(x.dtype) / 8;
    const int64_t to_size = tn_dtype_bits(to) / 8;
    if (from_size == 0 || to_size == 0) {
      invalid_argument("Cannot bitcast to or from a type that is not made of whole bytes");
    }
    Dims dims = x.dims;
    if (from_size > to_size) dims.push_back(from_size / to_size);
    if (from_size < to_size) {
      if (x.rank() == 0 || x.dims[x.rank() - 1] != to_size / from_size) {
        invalid_argument("Cannot bitcast " + x.dims.text() + " to a wider type");
      }
      dims.erase(dims.size() - 1);
    }
    const View y = call.output(0, to, dims);
    const Dims bytes{x.count() * from_size};
    call.copy(View(x.data, TN_UINT8, bytes), View(y.data, TN_UINT8, bytes));
  };
}

Row moving(const char* op, std::vector<const char*> host, Compute compute) {
  Row row = plain_row(op, movable(), std::move(compute));
  row.host = std::move(host);
  return row;
}

}  // namespace

void add_movement(Rows& rows) {
  rows.push_back(moving("Transpose", {"perm"}, transpose));
  rows.push_back(moving("ConjugateTranspose", {"perm"}, transpose));
  rows.push_back(moving("BroadcastTo", {"shape"}, broadcast_to));
  rows.push_back(moving("Tile", {"multiples"}, tile));
  rows.push_back(moving("Split", {"split_dim"}, split));
  rows.push_back(moving("SplitV", {"size_splits", "split_dim"}, split_v));
  rows.push_back(moving("Pad", {"paddings"}, pad));
  rows.push_back(moving("PadV2", {"paddings"}, pad_v2));
  rows.push_back(moving("ReverseV2", {"axis"}, reverse));
  rows.push_back(moving("Roll", {"shift", "axis"}, roll));
  // TensorFlow joins and unpacks int32 (and unpacks int64) on the host itself.
  rows.push_back({"ConcatV2", {{"T", plain()}}, {"axis"}, [](const Node&) { return concat_v2; }});
  rows.push_back({"Concat", {{"T", plain()}}, {"concat_dim"}, [](const Node&) { return concat; }});
  rows.push_back({"Pack", {{"T", plain()}}, {}, pack});
  rows.push_back({"Bitcast", {{"T", plain()}, {"type", movable()}}, {}, bitcast});
  Types unpacked = floats();
  unpacked.push_back(TF_BOOL);
  rows.push_back({"Unpack", {{"T", unpacked}}, {}, unpack});
}

}  // namespace tenon::tensorflow
