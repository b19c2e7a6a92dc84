// SPDX-License-Identifier: Apache-2.0
//
// Shape rules of operators that move elements.
#include <algorithm>
#include <initializer_list>

#include "tenon/device/operators/operator_dims.h"
#include "tenon/device/operators/sizes.h"

namespace tenon::device {
namespace {

// The output's dims are those of the parts, one behind the other.
void check_parts(std::string_view op, const Arguments& a,
                 std::initializer_list<std::span<const int64_t>> parts) {
  int64_t dims[3 * TN_MAX_RANK];
  size_t rank = 0;
  for (std::span<const int64_t> part : parts)
    for (int64_t dim : part) dims[rank++] = dim;
  check_output(op, "the output", a, 0, {dims, rank});
}

// Indices that each name a place along `axis` of the data, at their own place in the other dims.
void check_elements(std::string_view op, const View& data, const View& indices, int64_t axis) {
  const int32_t along = normalize_axis(op, axis, data.rank);
  bool fits = data.rank == indices.rank;
  for (int32_t d = 0; fits && d < data.rank; ++d)
    fits = d == along || indices.dims[d] <= data.dims[d];
  if (!fits) throw_dims(op, "indices", indices.shape(), data.shape());
}

}  // namespace

void check_concat(std::string_view op, const Arguments& a, int64_t axis) {
  const View& first = a.inputs[0];
  if (first.rank == 0) throw_invalid(op, "scalars have no axis");
  const int32_t along = normalize_axis(op, axis, first.rank);
  int64_t dims[TN_MAX_RANK];
  for (int32_t d = 0; d < first.rank; ++d) dims[d] = first.dims[d];
  dims[along] = 0;
  for (const View& input : a.inputs) {
    bool fits = input.rank == first.rank;
    for (int32_t d = 0; fits && d < first.rank; ++d)
      fits = d == along || input.dims[d] == first.dims[d];
    if (!fits) throw_dims(op, "an input", input.shape(), first.shape());
    dims[along] = saturating_add(dims[along], input.dims[along]);
  }
  check_output(op, "the output", a, 0, {dims, static_cast<size_t>(first.rank)});
}

void check_gather(std::string_view op, const Arguments& a, int64_t axis) {
  const View &data = a.inputs[0], &indices = a.inputs[1];
  if (data.rank == 0) throw_invalid(op, "data has no axis");
  const auto along = static_cast<size_t>(normalize_axis(op, axis, data.rank));
  check_parts(op, a, {data.shape().first(along), indices.shape(), data.shape().subspan(along + 1)});
}

void check_gather_elements(std::string_view op, const Arguments& a, int64_t axis) {
  check_output(op, "the output", a, 0, a.inputs[1].shape());
  check_elements(op, a.inputs[0], a.inputs[1], axis);
}

void check_gather_nd(std::string_view op, const Arguments& a, int64_t batch_dims) {
  const View &data = a.inputs[0], &indices = a.inputs[1];
  if (indices.rank == 0 || batch_dims < 0 || batch_dims >= indices.rank ||
      batch_dims + indices.dims[indices.rank - 1] > data.rank)
    throw_invalid(op, "indices of dims " + dims_text(indices.shape()) +
                          " do not name places in dims " + dims_text(data.shape()));
  for (int32_t d = 0; d < batch_dims; ++d)
    if (indices.dims[d] != data.dims[d]) throw_dims(op, "indices", indices.shape(), data.shape());
  const auto depth = static_cast<size_t>(batch_dims + indices.dims[indices.rank - 1]);
  check_parts(
      op, a,
      {indices.shape().first(static_cast<size_t>(indices.rank - 1)), data.shape().subspan(depth)});
}

void check_scatter_elements(std::string_view op, const Arguments& a, int64_t axis) {
  check_output(op, "the output", a, 0, a.inputs[0].shape());
  check_same_dims(op, "updates", a.inputs[2], a.inputs[1]);
  check_elements(op, a.inputs[0], a.inputs[1], axis);
}

void check_scatter_nd(std::string_view op, const Arguments& a) {
  const View &data = a.inputs[0], &indices = a.inputs[1], &updates = a.inputs[2];
  check_output(op, "the output", a, 0, data.shape());
  const int32_t places = indices.rank - 1;
  bool fits = places >= 0 && indices.dims[places] <= data.rank;
  const int64_t depth = fits ? indices.dims[places] : 0;
  fits = fits && updates.rank == places + data.rank - depth;
  for (int32_t d = 0; fits && d < updates.rank; ++d)
    fits = updates.dims[d] == (d < places ? indices.dims[d] : data.dims[d - places + depth]);
  if (!fits)
    throw_invalid(op, "updates of dims " + dims_text(updates.shape()) +
                          " do not fit indices of dims " + dims_text(indices.shape()) +
                          " into dims " + dims_text(data.shape()));
}

void check_index_add(std::string_view op, const Arguments& a, int64_t axis) {
  const View &data = a.inputs[0], &indices = a.inputs[1], &updates = a.inputs[2];
  check_output(op, "the output", a, 0, data.shape());
  if (indices.rank != 1 || data.rank == 0)
    throw_invalid(op, "indices have dims " + dims_text(indices.shape()) + ", data " +
                          dims_text(data.shape()));
  const int32_t along = normalize_axis(op, axis, data.rank);
  bool fits = updates.rank == data.rank;
  for (int32_t d = 0; fits && d < data.rank; ++d)
    fits = updates.dims[d] == (d == along ? indices.dims[0] : data.dims[d]);
  if (!fits) throw_dims(op, "updates", updates.shape(), data.shape());
}

void check_embedding_grad(std::string_view op, const Arguments& a) {
  const View &dy = a.inputs[0], &indices = a.inputs[1], &dw = a.outputs[0];
  bool fits = dy.rank == indices.rank + 1;
  for (int32_t d = 0; fits && d < indices.rank; ++d) fits = dy.dims[d] == indices.dims[d];
  // How many rows dW has, the caller alone decides.
  if (a.asked == nullptr) fits = fits && dw.rank == 2 && dy.dims[dy.rank - 1] == dw.dims[1];
  if (!fits)
    throw_invalid(op, "dY of dims " + dims_text(dy.shape()) + " does not fit indices of dims " +
                          dims_text(indices.shape()) +
                          (a.asked != nullptr ? "" : " and dW of dims " + dims_text(dw.shape())));
}

void check_non_zero(std::string_view op, const Arguments& a) {
  const View &x = a.inputs[0], &y = a.outputs[0];
  if (a.asked != nullptr) {
    const int64_t bound[] = {x.rank, x.count()};
    return say_output(op, "the output", a, 0, bound);
  }
  // Any number of columns is a caller's choice of how many it has room for.
  if (y.rank != 2 || y.dims[0] != x.rank)
    throw_invalid(op, "the output has dims " + dims_text(y.shape()) + " for an input of dims " +
                          dims_text(x.shape()));
}

void check_one_hot(std::string_view op, const Arguments& a, int64_t axis) {
  const View &indices = a.inputs[0], &depth = a.inputs[1], &values = a.inputs[2];
  if (values.rank != 1 || values.dims[0] != 2)
    throw_invalid(op, "values have dims " + dims_text(values.shape()) + ", expected [2]");
  if (depth.count() != 1)
    throw_invalid(op, "depth must be one number, not dims " + dims_text(depth.shape()));
  const int32_t along = normalize_axis(op, axis, indices.rank + 1);
  int64_t dims[TN_MAX_RANK + 1];
  std::copy(indices.dims, indices.dims + along, dims);
  dims[along] =
      valued_dim(a, 0, along, [&] { return integer_at(known_value(op, "depth", depth)); });
  std::copy(indices.dims + along, indices.dims + indices.rank, dims + along + 1);
  check_output(op, "the output", a, 0, {dims, static_cast<size_t>(indices.rank) + 1});
}

void check_range(std::string_view op, const Arguments& a) {
  for (const View& input : a.inputs)
    if (input.count() != 1)
      throw_invalid(op, "start, limit and delta must be one number each, not dims " +
                            dims_text(input.shape()));
  const int64_t length = valued_dim(a, 0, 0, [&] {
    for (const View& input : a.inputs) known_value(op, "start, limit and delta", input);
    return range_length(op, a.inputs[0], a.inputs[1], a.inputs[2]);
  });
  check_output(op, "the output", a, 0, {&length, 1});
}

void check_top_k(std::string_view op, const Arguments& a, int64_t axis) {
  const View& x = a.inputs[0];
  if (x.rank == 0) throw_invalid(op, "scalars have no axis");
  const int32_t along = normalize_axis(op, axis, x.rank);
  int64_t dims[TN_MAX_RANK];
  std::copy(x.dims, x.dims + x.rank, dims);
  dims[along] = valued_dim(a, 0, along, [&] {
    if (a.inputs[1].count() != 1)
      throw_invalid(op, "K must be one number, not dims " + dims_text(a.inputs[1].shape()));
    return integer_at(known_value(op, "K", a.inputs[1]));
  });
  const std::span<const int64_t> expected(dims, static_cast<size_t>(x.rank));
  if (dims[along] > x.dims[along])
    throw_invalid(op, "Values of dims " + dims_text(expected) + " are more than X of dims " +
                          dims_text(x.shape()) + " has");
  check_output(op, "Values", a, 0, expected);
  check_output(op, "Indices", a, 1, expected);
}

void check_trilu(std::string_view op, const Arguments& a) {
  const View& input = a.inputs[0];
  if (input.rank < 2)
    throw_invalid(op, "the input has dims " + dims_text(input.shape()) + ", expected a matrix");
  check_output(op, "the output", a, 0, input.shape());
  if (a.input(1).present() && a.input(1).count() != 1)
    throw_invalid(op, "k must be one number, not dims " + dims_text(a.input(1).shape()));
}

void check_pad(std::string_view op, const Arguments& a) {
  const View &data = a.inputs[0], &pads = a.inputs[1], &output = a.outputs[0];
  const View axes = a.input(3);
  const int64_t padded = axes.present() ? axes.count() : data.rank;
  if (pads.count() != 2 * padded || output.rank != data.rank)
    throw_invalid(op, std::to_string(pads.count()) + " pads for " + std::to_string(padded) +
                          " axes of dims " + dims_text(data.shape()) + " and an output of rank " +
                          std::to_string(output.rank));
  if (a.input(2).present() && a.input(2).count() != 1)
    throw_invalid(op, "constant_value has dims " + dims_text(a.input(2).shape()));
  if (a.asked == nullptr) return;
  known_value(op, "pads", pads);
  known_value(op, "axes", axes);
  int64_t front[TN_MAX_RANK], dims[TN_MAX_RANK];
  padded_dims(op, a, front, dims);
  say_output(op, "the output", a, 0, {dims, static_cast<size_t>(data.rank)});
}

void padded_dims(std::string_view op, const Arguments& a, int64_t* front, int64_t* dims) {
  const View &data = a.inputs[0], &pads = a.inputs[1];
  const View axes = a.input(3);
  const int64_t padded = axes.present() ? axes.count() : data.rank;
  uint32_t padded_axes = 0;
  std::fill(front, front + data.rank, 0);
  std::copy(data.dims, data.dims + data.rank, dims);
  for (int64_t i = 0; i < padded; ++i) {
    const int32_t d = axes.present() ? normalize_axis(op, integer_at(axes, i), data.rank)
                                     : static_cast<int32_t>(i);
    if (padded_axes >> d & 1) throw_invalid(op, "axes name axis " + std::to_string(d) + " twice");
    padded_axes |= 1u << d;
    front[d] = integer_at(pads, i);
    dims[d] = saturating_add(saturating_add(dims[d], front[d]), integer_at(pads, padded + i));
  }
}

void check_tile(std::string_view op, const Arguments& a) {
  const View &input = a.inputs[0], &repeats = a.inputs[1], &output = a.outputs[0];
  if (repeats.count() != input.rank || output.rank != input.rank)
    throw_invalid(op, std::to_string(repeats.count()) + " repeats for dims " +
                          dims_text(input.shape()) + " and an output of rank " +
                          std::to_string(output.rank));
  if (a.asked == nullptr) return;
  known_value(op, "repeats", repeats);
  int64_t dims[TN_MAX_RANK];
  for (int32_t d = 0; d < input.rank; ++d)
    dims[d] = tiled_dim(op, input, d, integer_at(repeats, d));
  say_output(op, "the output", a, 0, {dims, static_cast<size_t>(input.rank)});
}

void throw_repeat(std::string_view op, int64_t repeats, int32_t d) {
  throw_invalid(
      op, "repeat " + std::to_string(repeats) + " of dim " + std::to_string(d) + " is negative");
}

}  // namespace tenon::device
