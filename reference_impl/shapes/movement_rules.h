// SPDX-License-Identifier: Apache-2.0
//
// Shape rules of operators that move elements into other dims: see general_rules.h.
#pragma once

#include <cmath>

#include "reference_impl/shapes/general_rules.h"

namespace tenon::shapes {

template <class Call, class Attributes>
ShapeOf<Call> concat(const Call& call, const Attributes& a, size_t) {
  using D = typename Call::Dim;
  auto dims = ShapeOf<Call>::of(call.dims(0));
  if (dims.empty()) call.fail("scalars have no axis");
  const size_t along = axis_of(call, a.axis, dims.size());
  for (size_t i = 1; i < call.inputs(); ++i) {
    const auto input = call.dims(i);
    bool fits = input.size() == dims.size();
    for (size_t d = 0; fits && d < dims.size(); ++d) {
      if (d == along) continue;
      const std::optional<D> both = meet<D>(dims[d], input[d]);
      fits = both.has_value();
      if (fits) dims[d] = *both;
    }
    if (!fits)
      call.fail("input " + std::to_string(i) + " has dims " + dims_text(input) +
                ", which do not follow dims " + dims_text(call.dims(0)) + " along axis " +
                std::to_string(along));
    dims[along] = plus<D>(dims[along], input[along]);
  }
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> gather(const Call& call, const Attributes& a, size_t) {
  const auto data = call.dims(0), indices = call.dims(1);
  if (data.size() == 0) call.fail("data has no axis");
  const size_t along = axis_of(call, a.axis, data.size());
  ShapeOf<Call> dims;
  dims.append(data, 0, along);
  dims.append(indices);
  dims.append(data, along + 1, data.size());
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> gather_nd(const Call& call, const Attributes& a, size_t) {
  using D = typename Call::Dim;
  const auto data = call.dims(0), indices = call.dims(1);
  const auto batch = static_cast<size_t>(std::max<int64_t>(a.batch_dims, 0));
  const auto fail = [&] {
    call.fail("indices of dims " + dims_text(indices) + " do not name places in dims " +
              dims_text(data));
  };
  if (indices.size() == 0 || a.batch_dims < 0 || batch >= indices.size()) fail();
  const D last = indices[indices.size() - 1];
  if (!is_exact(last)) call.fail("the rank follows from the last dim of indices");
  if (low(last) > static_cast<int64_t>(data.size()) - a.batch_dims) fail();
  ShapeOf<Call> dims;
  for (size_t d = 0; d < batch; ++d) {
    const std::optional<D> both = meet<D>(indices[d], data[d]);
    if (!both) fail();
    dims.add(*both);
  }
  dims.append(indices, batch, indices.size() - 1);
  dims.append(data, batch + static_cast<size_t>(low(last)), data.size());
  return dims;
}

// Input 0 with the pads of input 1 for all axes, or for those of input 3. Calls front(d, pad).
template <class Call, class Front>
ShapeOf<Call> padded(const Call& call, Front&& front) {
  using D = typename Call::Dim;
  auto dims = ShapeOf<Call>::of(call.dims(0));
  const size_t count = call.has(3) ? call.value_count(3, "axes") : dims.size();
  if (call.value_count(1, "pads") != 2 * count)
    call.fail(std::to_string(call.value_count(1, "pads")) + " pads for " + std::to_string(count) +
              " axes of dims " + dims_text(call.dims(0)));
  uint32_t seen = 0;
  for (size_t i = 0; i < count; ++i) {
    size_t d = i;
    if (call.has(3)) d = axis_of(call, exact_value(call, 3, i, "axes"), dims.size());
    if ((seen >> d & 1) != 0) call.fail("axes name axis " + std::to_string(d) + " twice");
    seen |= uint32_t{1} << d;
    const D before = call.value(1, i, "pads"), behind = call.value(1, count + i, "pads");
    front(d, before);
    dims[d] = plus<D>(plus<D>(dims[d], before), behind);
  }
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> pad(const Call& call, const Attributes&, size_t) {
  return padded(call, [](size_t, const auto&) {});
}

template <class Call, class Attributes>
ShapeOf<Call> tile(const Call& call, const Attributes&, size_t) {
  using D = typename Call::Dim;
  auto dims = ShapeOf<Call>::of(call.dims(0));
  if (call.value_count(1, "repeats") != dims.size())
    call.fail(std::to_string(call.value_count(1, "repeats")) + " repeats for dims " +
              dims_text(dims));
  for (size_t d = 0; d < dims.size(); ++d) {
    const D repeats = call.value(1, d, "repeats");
    if (high(repeats) < 0)
      call.fail("repeat " + text_of(repeats) + " of dim " + std::to_string(d) + " is negative");
    dims[d] = times<D>(between<D>(std::max<int64_t>(low(repeats), 0), high(repeats)), dims[d]);
  }
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> one_hot(const Call& call, const Attributes& a, size_t) {
  require_number(call, 1, "depth");
  const auto indices = call.dims(0);
  const size_t along = axis_of(call, a.axis, indices.size() + 1);
  ShapeOf<Call> dims;
  dims.append(indices, 0, along);
  dims.add(call.value(1, 0, "depth"));
  dims.append(indices, along, indices.size());
  return dims;
}

// Elements from `start` on in steps of `delta` until `limit`, which must be finite; fail(why).
template <class Fail>
int64_t range_length(double start, double limit, double delta, Fail&& fail) {
  if (!std::isfinite(start) || !std::isfinite(limit) || !std::isfinite(delta))
    fail("start, limit and delta must be finite");
  if (delta == 0) fail("delta is 0");
  const double count = std::ceil((limit - start) / delta);
  if (!(count < 0x1p62)) fail("the range has too many elements");
  return count > 0 ? static_cast<int64_t>(count) : 0;
}

template <class Fail>
int64_t range_length(int64_t start, int64_t limit, int64_t delta, Fail&& fail) {
  if (delta == 0) fail("delta is 0");
  if (delta > 0 ? start >= limit : start <= limit) return 0;
  // Without a sign: the distance of two int64 may not be one.
  const auto u = [](int64_t x) { return static_cast<uint64_t>(x); };
  const uint64_t distance = delta > 0 ? u(limit) - u(start) : u(start) - u(limit);
  const uint64_t count = (distance - 1) / (delta > 0 ? u(delta) : 0 - u(delta)) + 1;
  if (count > INT64_MAX) fail("the range has too many elements");
  return static_cast<int64_t>(count);
}

template <class Call, class Attributes>
ShapeOf<Call> range(const Call& call, const Attributes&, size_t) {
  using D = typename Call::Dim;
  static constexpr const char* kWhat = "start, limit and delta";
  for (size_t i = 0; i < 3; ++i) require_number(call, i, kWhat);
  const auto fail = [&](const char* why) { call.fail(why); };
  ShapeOf<Call> dims;
  if (call.is_float(0)) {
    dims.add(call.real_range([&](double start, double limit,
                                 double delta) { return range_length(start, limit, delta, fail); },
                             kWhat));
    return dims;
  }
  const D start = call.value(0, 0, kWhat), limit = call.value(1, 0, kWhat),
          delta = call.value(2, 0, kWhat);
  const bool known = is_exact(start) && is_exact(limit) && is_exact(delta);
  dims.add(known ? exactly<D>(range_length(low(start), low(limit), low(delta), fail))
                 : between<D>(0, INT64_MAX));
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> top_k(const Call& call, const Attributes& a, size_t) {
  using D = typename Call::Dim;
  auto dims = ShapeOf<Call>::of(call.dims(0));
  if (dims.empty()) call.fail("scalars have no axis");
  require_number(call, 1, "K");
  D& dim = dims[axis_of(call, a.axis, dims.size())];
  const D k = call.value(1, 0, "K");
  if (low(k) > high(dim))
    call.fail("K is " + text_of(k) + ", more than X of dims " + dims_text(call.dims(0)) + " has");
  dim = between<D>(low(k), std::min(high(k), high(dim)));
  return dims;
}

// At most: every element, or every slice along the axis, is another. Output 2 says it of each.
template <class Call, class Attributes>
ShapeOf<Call> unique(const Call& call, const Attributes& a, size_t output) {
  const auto x = call.dims(0);
  ShapeOf<Call> dims;
  if (!a.axis) {
    dims.add(count_of<typename Call::Dim>(x, 0, x.size()));
    return dims;
  }
  if (x.size() == 0) call.fail("a scalar has no axis");
  const size_t along = axis_of(call, *a.axis, x.size());
  if (output == 0) return ShapeOf<Call>::of(x);
  dims.add(x[along]);
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> values(const Call& call, const Attributes&, size_t) {
  return values_of(call, 0, "the shape");
}

}  // namespace tenon::shapes
