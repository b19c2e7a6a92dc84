// SPDX-License-Identifier: Apache-2.0
//
// Tensors from little: filled, counted, one-hot, banded.
#include <cmath>

#include "kernels/pattern.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

// The value lies on the device already: a broadcast copy rather than a read.
void fill(Call& call) {
  const View value = call.input(1);
  if (value.count() != 1) invalid_argument("value must represent a scalar: " + value.dims.text());
  const View y = call.output(0, value.dtype, call.host_integers(0));
  call.copy(value.reshaped({}).broadcast_to(y.dims), y);
}

Compute like(double value) {
  return [value](Call& call) {
    const View x = call.input(0);
    call.fill(call.output(0, x.dtype, x.dims), value);
  };
}

// Elements that nobody has set; zero when the caller asks for it.
Compute empty(const Node& node) {
  return [dtype = node.type("dtype"), init = node.flag("init")](Call& call) {
    const View y = call.output(0, dtype, call.host_integers(0));
    if (init) call.fill(y, 0);
  };
}

Compute range(const Node& node) {
  const tn_dtype dtype = node.type("Tidx");
  return [f = Operation("Range"), dtype](Call& call) {
    if (dtype == TN_INT64) {
      const int64_t start = call.host_integer(0);
      const int64_t limit = call.host_integer(1);
      const int64_t delta = call.host_integer(2);
      if (delta == 0) invalid_argument("Requires delta != 0");
      const int64_t span = delta > 0 ? limit - start : start - limit;
      const int64_t step = delta > 0 ? delta : -delta;
      const int64_t count = span > 0 ? (span + step - 1) / step : 0;
      call.run(f, {Scalar::of(start), Scalar::of(limit), Scalar::of(delta)},
               {call.output(0, dtype, {count})});
      return;
    }
    const double start = call.host_number(0);
    const double limit = call.host_number(1);
    const double delta = call.host_number(2);
    if (delta == 0) invalid_argument("Requires delta != 0");
    const double count = std::fmax(0, std::ceil((limit - start) / delta));
    call.run(f, {Scalar(start, dtype), Scalar(limit, dtype), Scalar(delta, dtype)},
             {call.output(0, dtype, {static_cast<int64_t>(count)})});
  };
}

// on where the index is the position along the new axis, else off: also for indices out of range.
Compute one_hot(const Node& node) {
  const int64_t axis = node.integer("axis", -1);
  return [axis, range = Operation("Range"), equal = Operation("Equal"),
          where = Operation("Where")](Call& call) {
    const View indices = call.as(call.input(0), TN_INT64);
    const int64_t depth = call.host_integer(1);
    if (depth < 0) invalid_argument("depth must be non-negative, got: " + std::to_string(depth));
    const View on = call.input(2);
    const View off = call.input(3);
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
          above = Operation("Trilu", {{"upper", int64_t{0}}})](Call& call) {
    const View x = call.input(0);
    if (x.rank() < 2) invalid_argument("input must be at least 2-dim, received " + x.dims.text());
    const int64_t lower = call.host_integer(1);
    const int64_t upper = call.host_integer(2);
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
