// SPDX-License-Identifier: Apache-2.0
//
// The halves of operators that move elements, and of those that name places of elements.
#include "tenon/device/operators/movement.h"

#include <algorithm>

#include "tenon/device/operators/description_checks.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/sizes.h"

namespace tenon::device {

ConcatOperator::ConcatOperator(const Description& d) : NamedOperator(d), attributes::Concat(d) {
  require_inputs(d, std::max<size_t>(1, d.input_count()));
  require_same_inputs(d);
  require_output(d, d.input_dtype(0));
}

void ConcatOperator::check(const Arguments& a) const {
  const View& first = a.inputs[0];
  if (first.rank == 0) throw_invalid(name, "scalars have no axis");
  const int32_t along = normalize_axis(name, axis, first.rank);
  int64_t dims[TN_MAX_RANK];
  for (int32_t d = 0; d < first.rank; ++d) dims[d] = first.dims[d];
  dims[along] = 0;
  for (const View& input : a.inputs) {
    bool fits = input.rank == first.rank;
    for (int32_t d = 0; fits && d < first.rank; ++d)
      fits = d == along || input.dims[d] == first.dims[d];
    if (!fits) throw_dims(name, "an input", input.shape(), first.shape());
    dims[along] = saturating_add(dims[along], input.dims[along]);
  }
  check_output(name, "the output", a, 0, {dims, static_cast<size_t>(first.rank)});
}

TileOperator::TileOperator(const Description& d) : NamedOperator(d) {
  require_inputs(d, 2);
  require_output(d, d.input_dtype(0));
}

void TileOperator::check(const Arguments& a) const {
  const View &input = a.inputs[0], &repeats = a.inputs[1], &output = a.outputs[0];
  if (repeats.count() != input.rank || output.rank != input.rank)
    throw_invalid(name, std::to_string(repeats.count()) + " repeats for dims " +
                            dims_text(input.shape()) + " and an output of rank " +
                            std::to_string(output.rank));
  if (a.asked == nullptr) return check_views(input, output);
  known_value(name, "repeats", repeats);
  int64_t dims[TN_MAX_RANK];
  for (int32_t d = 0; d < input.rank; ++d) dims[d] = tiled_dim(input, d, integer_at(repeats, d));
  say_output(name, "the output", a, 0, {dims, static_cast<size_t>(input.rank)});
}

void TileOperator::check_views(const View& input, const View& output) const {
  int32_t rank = 0;
  for (int32_t d = 0; d < input.rank; ++d)
    rank += (input.dims[d] != 1 ? 1 : 0) + (output.dims[d] != input.dims[d] ? 1 : 0);
  if (rank > TN_MAX_RANK)
    throw KernelError(TN_UNSUPPORTED, name + ": more than " + std::to_string(TN_MAX_RANK) +
                                          " dims and repeats together");
}

int64_t TileOperator::tiled_dim(const View& input, int32_t d, int64_t repeats) const {
  if (repeats < 0)
    throw_invalid(name, "repeat " + std::to_string(repeats) + " of dim " + std::to_string(d) +
                            " is negative");
  return saturating_multiply(repeats, input.dims[d]);
}

int64_t TileOperator::repeats(const Arguments& a, int32_t d) const {
  const View &input = a.inputs[0], &output = a.outputs[0];
  const int64_t repeats = integer_at(a.inputs[1], d);
  if (tiled_dim(input, d, repeats) != output.dims[d])
    throw_invalid(name, "repeat " + std::to_string(repeats) + " of dim " + std::to_string(d) +
                            " does not turn dims " + dims_text(input.shape()) + " into " +
                            dims_text(output.shape()));
  return repeats;
}

TileViews TileOperator::views(const Arguments& a) const {
  const View &input = a.inputs[0], &output = a.outputs[0];
  TileViews views(output, input);
  for (int32_t d = 0; d < input.rank; ++d) {
    const int64_t repeats = this->repeats(a, d);
    if (repeats != 1) {
      views.to.add(repeats, output.strides[d] * input.dims[d]);
      views.from.add(repeats, 0);
    }
    if (input.dims[d] != 1) {
      views.to.add(input.dims[d], output.strides[d]);
      views.from.add(input.dims[d], input.strides[d]);
    }
  }
  return views;
}

PadOperator::PadOperator(const Description& d) : NamedOperator(d), attributes::Pad(d) {
  if (!d.has_input(0) || !d.has_input(1) || d.input_count() > 4 || d.output_count() != 1)
    throw_invalid(d.name(), "takes data, pads, constant_value and axes");
  require_output(d, d.input_dtype(0));
  if (d.has_input(2) && d.input_dtype(2) != d.input_dtype(0))
    throw_unsupported_dtype(d.name(), d.input_dtype(2));
}

void PadOperator::check(const Arguments& a) const {
  const View &data = a.inputs[0], &pads = a.inputs[1], &output = a.outputs[0];
  const View axes = a.input(3);
  const int64_t padded = axes.present() ? axes.count() : data.rank;
  if (pads.count() != 2 * padded || output.rank != data.rank)
    throw_invalid(name, std::to_string(pads.count()) + " pads for " + std::to_string(padded) +
                            " axes of dims " + dims_text(data.shape()) + " and an output of rank " +
                            std::to_string(output.rank));
  if (a.input(2).present() && a.input(2).count() != 1)
    throw_invalid(name, "constant_value has dims " + dims_text(a.input(2).shape()));
  if (a.asked == nullptr) return;
  known_value(name, "pads", pads);
  known_value(name, "axes", axes);
  int64_t front[TN_MAX_RANK], dims[TN_MAX_RANK];
  padded_dims(a, front, dims);
  say_output(name, "the output", a, 0, {dims, static_cast<size_t>(data.rank)});
}

void PadOperator::padded_dims(const Arguments& a, int64_t* front, int64_t* dims) const {
  const View &data = a.inputs[0], &pads = a.inputs[1];
  const View axes = a.input(3);
  const int64_t padded = axes.present() ? axes.count() : data.rank;
  uint32_t padded_axes = 0;
  std::fill(front, front + data.rank, 0);
  std::copy(data.dims, data.dims + data.rank, dims);
  for (int64_t i = 0; i < padded; ++i) {
    const int32_t d = axes.present() ? normalize_axis(name, integer_at(axes, i), data.rank)
                                     : static_cast<int32_t>(i);
    if (padded_axes >> d & 1) throw_invalid(name, "axes name axis " + std::to_string(d) + " twice");
    padded_axes |= 1u << d;
    front[d] = integer_at(pads, i);
    dims[d] = saturating_add(saturating_add(dims[d], front[d]), integer_at(pads, padded + i));
  }
}

void PadOperator::read_pads(const Arguments& a, int64_t* front) const {
  int64_t expected[TN_MAX_RANK];
  padded_dims(a, front, expected);
  check_output(name, "the output", a, 0, {expected, static_cast<size_t>(a.inputs[0].rank)});
  if (mode != PadMode::kConstant && a.outputs[0].count() != 0 && a.inputs[0].count() == 0)
    throw_invalid(name, "there is nothing to pad with");
}

PadInside::PadInside(const View& output, const View& data, const int64_t* front)
    : to(output), from(data) {
  for (int32_t d = 0; d < data.rank; ++d) {
    const int64_t first = std::max<int64_t>(0, -front[d]);
    const int64_t last = std::min(data.dims[d], output.dims[d] - front[d]);
    const int64_t size = std::max<int64_t>(0, last - first);
    if (size > 0) {
      to.move((first + front[d]) * output.strides[d]);
      from.move(first * data.strides[d]);
    }
    to.add(size, output.strides[d]);
    from.add(size, data.strides[d]);
  }
}

TriluOperator::TriluOperator(const Description& d) : NamedOperator(d), attributes::Trilu(d) {
  if (!d.has_input(0) || d.input_count() > 2 || d.output_count() != 1)
    throw_invalid(d.name(), "takes an input and k");
  require_output(d, d.input_dtype(0));
}

void TriluOperator::check(const Arguments& a) const {
  const View& input = a.inputs[0];
  if (input.rank < 2)
    throw_invalid(name, "the input has dims " + dims_text(input.shape()) + ", expected a matrix");
  check_output(name, "the output", a, 0, input.shape());
  if (a.input(1).present() && a.input(1).count() != 1)
    throw_invalid(name, "k must be one number, not dims " + dims_text(a.input(1).shape()));
}

RangeOperator::RangeOperator(const Description& d) : NamedOperator(d) {
  require_inputs(d, 3);
  require_same_inputs(d);
  require_output(d, d.input_dtype(0));
}

void RangeOperator::check(const Arguments& a) const {
  for (const View& input : a.inputs)
    if (input.count() != 1)
      throw_invalid(name, "start, limit and delta must be one number each, not dims " +
                              dims_text(input.shape()));
  const int64_t length = valued_dim(a, 0, 0, [&] {
    for (const View& input : a.inputs) known_value(name, "start, limit and delta", input);
    return range_length(name, a.inputs[0], a.inputs[1], a.inputs[2]);
  });
  check_output(name, "the output", a, 0, {&length, 1});
}

int64_t RangeOperator::count(const Arguments& a) const {
  const int64_t count = range_length(name, a.inputs[0], a.inputs[1], a.inputs[2]);
  if (count != a.outputs[0].dims[0])
    throw_invalid(name, "the range has " + std::to_string(count) + " elements, the output dims " +
                            dims_text(a.outputs[0].shape()));
  return count;
}

OneHotOperator::OneHotOperator(const Description& d) : NamedOperator(d), attributes::OneHot(d) {
  require_inputs(d, 3);
  if (!(kNumericTypes & dtype_bit(d.input_dtype(0))))
    throw_unsupported_dtype(d.name(), d.input_dtype(0));
  require_output(d, d.input_dtype(2));
  if (!(kMovedTypes & dtype_bit(d.input_dtype(2))))
    throw_unsupported_dtype(d.name(), d.input_dtype(2));
}

void OneHotOperator::check(const Arguments& a) const {
  const View &indices = a.inputs[0], &depth = a.inputs[1], &values = a.inputs[2];
  if (values.rank != 1 || values.dims[0] != 2)
    throw_invalid(name, "values have dims " + dims_text(values.shape()) + ", expected [2]");
  if (depth.count() != 1)
    throw_invalid(name, "depth must be one number, not dims " + dims_text(depth.shape()));
  const int32_t along = normalize_axis(name, axis, indices.rank + 1);
  int64_t dims[TN_MAX_RANK + 1];
  std::copy(indices.dims, indices.dims + along, dims);
  dims[along] =
      valued_dim(a, 0, along, [&] { return integer_at(known_value(name, "depth", depth)); });
  std::copy(indices.dims + along, indices.dims + indices.rank, dims + along + 1);
  check_output(name, "the output", a, 0, {dims, static_cast<size_t>(indices.rank) + 1});
}

int64_t OneHotOperator::depth(const Arguments& a, int32_t along) const {
  const int64_t depth = integer_at(a.inputs[1]);
  if (depth != a.outputs[0].dims[along])
    throw_invalid(name, "depth is " + std::to_string(depth) + ", the output has dims " +
                            dims_text(a.outputs[0].shape()));
  return depth;
}

NonZeroOperator::NonZeroOperator(const Description& d) : NamedOperator(d) {
  require_inputs(d, 1);
  require_output(d, TN_INT64);
}

void NonZeroOperator::check(const Arguments& a) const {
  const View &x = a.inputs[0], &y = a.outputs[0];
  if (a.asked != nullptr) {
    const int64_t bound[] = {x.rank, x.count()};
    return say_output(name, "the output", a, 0, bound);
  }
  // Any number of columns is a caller's choice of how many it has room for.
  if (y.rank != 2 || y.dims[0] != x.rank)
    throw_invalid(name, "the output has dims " + dims_text(y.shape()) + " for an input of dims " +
                            dims_text(x.shape()));
}

TopKOperator::TopKOperator(const Description& d)
    : NamedOperator(d), attributes::TopK(d) {  // The order is always that of `sorted`.
  if (d.input_count() != 2 || !d.has_input(0) || !d.has_input(1) || !d.has_output(0) ||
      !d.has_output(1) || d.output_dtype(1) != TN_INT64)
    throw_invalid(d.name(), "takes X and K and gives Values and int64 Indices");
  require_output(d, d.input_dtype(0));
}

void TopKOperator::check(const Arguments& a) const {
  const View &x = a.inputs[0], &count = a.inputs[1];
  if (x.rank == 0) throw_invalid(name, "scalars have no axis");
  if (count.count() != 1)
    throw_invalid(name, "K must be one number, not dims " + dims_text(count.shape()));
  const int32_t along = normalize_axis(name, axis, x.rank);
  int64_t dims[TN_MAX_RANK];
  std::copy(x.dims, x.dims + x.rank, dims);
  dims[along] = valued_dim(a, 0, along, [&] { return integer_at(known_value(name, "K", count)); });
  const std::span<const int64_t> expected(dims, static_cast<size_t>(x.rank));
  if (dims[along] > x.dims[along])
    throw_invalid(name, "Values of dims " + dims_text(expected) + " are more than X of dims " +
                            dims_text(x.shape()) + " has");
  check_output(name, "Values", a, 0, expected);
  check_output(name, "Indices", a, 1, expected);
}

int64_t TopKOperator::k(const Arguments& a, int32_t along) const {
  const View& values = a.outputs[0];
  const int64_t k = integer_at(a.inputs[1]);
  if (k != values.dims[along])
    throw_invalid(name,
                  "K is " + std::to_string(k) + ", Values has dims " + dims_text(values.shape()));
  return k;
}

}  // namespace tenon::device
