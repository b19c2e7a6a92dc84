// SPDX-License-Identifier: Apache-2.0
//
// Tensors from little: filled, counted, one-hot, banded.
#include <cmath>
#include <limits>

#include "ops/pattern.h"
#include "ops/shape.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

// The value lies on the device already: a broadcast copy rather than a read.
void fill(NodeCall& call) {
  const View value = call.input(1);
  if (value.count() != 1 || value.rank() > 1) {
    invalid_argument("value must represent a scalar, got shape " + value.dims.text());
  }
  const View y = call.output(0, value.dtype, call.host_integers(0, 0));
  call.copy(value.reshaped({}).broadcast_to(y.dims), y);
}

Compute like(double value) {
  return [value](NodeCall& call) {
    const View x = call.input(0);
    call.fill(call.output(0, x.dtype, x.dims), value);
  };
}

// Elements that nobody has set; zero when the caller asks for it.
Compute empty(const Node& node) {
  return [dtype = node.type("dtype"), init = node.flag("init")](NodeCall& call) {
    const View y = call.output(0, dtype, call.host_integers(0));
    if (init) call.fill(y, 0);
  };
}

// Elements from start by delta up to limit; fails as TensorFlow does when there is no such number.
template <class T>
int64_t range_size(T start, T limit, T delta) {
  const auto wrong = [&](const char* required) {
    invalid_argument(std::string("Requires ") + required + ": start " + std::to_string(start) +
                     ", limit " + std::to_string(limit) + ", delta " + std::to_string(delta));
  };
  if (delta == 0) wrong("delta != 0");
  if (delta > 0 && start > limit) wrong("start <= limit when delta > 0");
  if (delta < 0 && start < limit) wrong("start >= limit when delta < 0");
  if constexpr (std::is_integral_v<T>) {
    // Without a sign: the distance of two int64 may not be one.
    const auto from = static_cast<uint64_t>(start);
    const auto to = static_cast<uint64_t>(limit);
    const auto by = static_cast<uint64_t>(delta);
    if (from == to) return 0;
    const uint64_t count = (delta > 0 ? to - from - 1 : from - to - 1) / (delta > 0 ? by : 0 - by);
    if (count >= uint64_t{std::numeric_limits<int64_t>::max()}) wrong("fewer than 2^63 elements");
    return static_cast<int64_t>(count) + 1;
  } else {
    // In the type itself, as TensorFlow counts: 1.1 - 0.1 by 0.1 are 10 elements in float32.
    const T count = std::ceil(std::fabs((limit - start) / delta));
    if (!(count < static_cast<T>(0x1p63))) wrong("fewer than 2^63 elements");
    return static_cast<int64_t>(count);
  }
}

// The operator counts in float64, in which a float32 range may have another size: it gets a limit
// half a step behind the last element.
void float_range(NodeCall& call, double start, double delta, const View& y) {
  static const Operation f("Range");
  const double limit = start + (static_cast<double>(y.count()) - 0.5) * delta;
  const View wide = y.dtype == TN_FLOAT64 ? y : call.temporary(TN_FLOAT64, y.dims);
  call.run(f, {Scalar::of(start), Scalar::of(limit), Scalar::of(delta)}, {wide});
  if (y.dtype != TN_FLOAT64) call.cast(wide, y);
}

Compute range(const Node& node) {
  const tn_dtype dtype = node.type("Tidx");
  return [f = Operation("Range"), dtype](NodeCall& call) {
    if (dtype == TN_INT64) {
      const int64_t start = call.host_integer(0);
      const int64_t limit = call.host_integer(1);
      const int64_t delta = call.host_integer(2);
      const View y = call.output(0, dtype, {range_size(start, limit, delta)});
      call.run(f, {Scalar::of(start), Scalar::of(limit), Scalar::of(delta)}, {y});
      return;
    }
    const double start = call.host_number(0).to_double();
    const double limit = call.host_number(1).to_double();
    const double delta = call.host_number(2).to_double();
    const int64_t count = dtype == TN_FLOAT64
                              ? range_size(start, limit, delta)
                              : range_size(static_cast<float>(start), static_cast<float>(limit),
                                           static_cast<float>(delta));
    float_range(call, start, delta, call.output(0, dtype, {count}));
  };
}

// on where the index is the position along the new axis, else off: also for indices out of range.
Compute one_hot(const Node& node) {
  const int64_t axis = node.integer("axis", -1);
  return [axis, range = Operation("Range"), equal = Operation("Equal"),
          where = Operation("Where")](NodeCall& call) {
    const View indices = call.as(call.input(0), TN_INT64);
    const int64_t depth = call.host_integer(1);
    if (depth < 0) invalid_argument("depth must be non-negative, got: " + std::to_string(depth));
    const View on = call.input(2);
    const View off = call.input(3);
    require_scalar("on_value", on);
    require_scalar("off_value", off);
    if (axis < -1 || axis > indices.rank()) {
      invalid_argument("Expected axis to be -1 or between [0, " +
                       std::to_string(indices.rank() + 1) +
                       "). But received: " + std::to_string(axis));
    }
    const int32_t at = normal_axis(axis, indices.rank() + 1);
    Dims dims = indices.dims;
    dims.insert(at, depth);
    const View y = call.output(0, on.dtype, dims);
    const View position = call.temporary(TN_INT64, {depth});
    call.run(range, {Scalar::of(int64_t{0}), Scalar::of(depth), Scalar::of(int64_t{1})},
             {position});
    View along = position;
    for (int32_t i = at + 1; i < dims.size(); ++i) along = along.with_axis(along.rank());
    const View hit = call.temporary(TN_BOOL, dims);
    call.run(equal, {indices.with_axis(at), along}, {hit});
    call.run(where, {hit, on, off}, {y});
  };
}

// Keeps the elements with -lower <= column - row <= upper; a negative bound keeps a whole side.
Compute band_part() {
  return [below = Operation("Trilu", {{"upper", int64_t{1}}}),
          above = Operation("Trilu", {{"upper", int64_t{0}}})](NodeCall& call) {
    const View x = call.input(0);
    if (x.rank() < 2) invalid_argument("input must be at least 2-dim, received " + x.dims.text());
    const auto bound = [&](int input, const char* name, int64_t most) {
      const int64_t value = call.host_integer(input);
      if (value > most) {
        invalid_argument(std::string(name) + " must be negative or at most " +
                         std::to_string(most) + ", got: " + std::to_string(value));
      }
      return value;
    };
    const int64_t lower = bound(1, "num_lower", x.dims[x.rank() - 2]);
    const int64_t upper = bound(2, "num_upper", x.dims[x.rank() - 1]);
    const View y = call.output(0, x.dtype, x.dims);
    if (lower < 0 && upper < 0) return call.copy(x, y);
    View from = x;
    if (lower >= 0) {
      const View to = upper < 0 ? y : call.temporary(x.dtype, x.dims);
      call.run(below, {from, Scalar::of(-lower)}, {to});
      from = to;
    }
    if (upper >= 0) call.run(above, {from, Scalar::of(upper)}, {y});
  };
}

}  // namespace

void add_creation(Rows& rows) {
  // int32 is filled on the host by TensorFlow itself.
  rows.push_back({"Fill", {{"T", plain()}}, {"dims"}, [](const Node&) { return fill; }});
  rows.push_back(plain_row("ZerosLike", plain(), like(0)));
  rows.push_back(plain_row("OnesLike", plain(), like(1)));
  rows.push_back({"Empty", {{"dtype", movable()}}, {"shape"}, empty});
  rows.push_back(
      {"Range", {{"Tidx", {TF_FLOAT, TF_DOUBLE, TF_INT64}}}, {"start", "limit", "delta"}, range});
  rows.push_back({"OneHot", {{"T", movable()}}, {"depth"}, one_hot});
  Row band = plain_row("MatrixBandPart", plain(), band_part());
  band.host = {"num_lower", "num_upper"};
  rows.push_back(band);
}

}  // namespace tenon::tensorflow
