// SPDX-License-Identifier: Apache-2.0
//
// Shape rules of operators that hosts do with dims and strides: see general_rules.h.
#pragma once

#include <cstdlib>

#include "reference_impl/shapes/general_rules.h"

namespace tenon::shapes {

// Unlike for kernels, a scalar has no axis.
template <class Call>
size_t axis_of_view(const Call& call, int64_t axis, size_t rank) {
  if (rank == 0) call.fail("axis " + std::to_string(axis) + " is out of range for rank 0");
  return axis_of(call, axis, rank);
}

template <class Call, class Attributes>
ShapeOf<Call> reshape(const Call& call, const Attributes& a, size_t) {
  using D = typename Call::Dim;
  const auto x = call.dims(0);
  const D count = count_of<D>(x, 0, x.size());
  ShapeOf<Call> dims;
  size_t open = ShapeOf<Call>::kMost;
  D known = exactly<D>(1);
  const size_t rank = call.value_count(1, "shape");
  for (size_t d = 0; d < rank; ++d) {
    D dim = call.value(1, d, "shape");
    if (!is_exact(dim)) {  // Any dim, 0 and -1 among them.
      dim = between<D>(0, INT64_MAX);
    } else if (low(dim) == 0 && !a.allowzero && d < x.size()) {
      dim = x[d];
    } else if (low(dim) == -1) {
      open = d;
      dim = exactly<D>(1);
    }
    known = times<D>(known, dim);
    dims.add(dim);
  }
  const auto fail = [&] {
    call.fail("dims " + dims_text(x) + " do not become " + dims_text(dims));
  };
  if (open == ShapeOf<Call>::kMost) {
    if (!meet<D>(known, count)) fail();
    return dims;
  }
  if (high(known) == 0 || (is_exact(known) && is_exact(count) && low(count) % low(known) != 0))
    fail();
  dims[open] = between<D>(low(count) / high(known), high(count) / std::max<int64_t>(low(known), 1));
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> transpose(const Call& call, const Attributes& a, size_t) {
  const auto x = call.dims(0);
  uint32_t seen = 0;
  ShapeOf<Call> dims;
  if (!a.perm.empty() && a.perm.size() != x.size())
    call.fail("perm has " + std::to_string(a.perm.size()) + " axes for dims " + dims_text(x));
  for (size_t d = 0; d < x.size(); ++d) {
    size_t from = x.size() - 1 - d;
    if (!a.perm.empty()) from = axis_of_view(call, a.perm[d], x.size());
    if ((seen >> from & 1) != 0) call.fail("perm names axis " + std::to_string(from) + " twice");
    seen |= uint32_t{1} << from;
    dims.add(x[from]);
  }
  return dims;
}

// How many elements [start, end) has in steps, of an axis of this size.
inline int64_t sliced(int64_t size, int64_t start, int64_t end, int64_t step) {
  const auto clamp = [&](int64_t at, int64_t least, int64_t most) {
    return std::clamp(at < 0 ? saturating_add(at, size) : at, least, std::max(least, most));
  };
  const bool up = step > 0;
  const int64_t from = up ? clamp(start, 0, size) : clamp(start, -1, size - 1);
  const int64_t to = up ? clamp(end, 0, size) : clamp(end, -1, size - 1);
  const int64_t distance = up ? to - from : from - to;
  if (distance <= 0) return 0;
  const uint64_t width = up ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
  return static_cast<int64_t>((static_cast<uint64_t>(distance) - 1) / width + 1);
}

template <class Call, class Attributes>
ShapeOf<Call> slice(const Call& call, const Attributes&, size_t) {
  using D = typename Call::Dim;
  auto dims = ShapeOf<Call>::of(call.dims(0));
  const size_t count = call.value_count(1, "starts");
  if (call.value_count(2, "ends") != count ||
      (call.has(3) && call.value_count(3, "axes") != count) ||
      (call.has(4) && call.value_count(4, "steps") != count))
    call.fail("starts, ends, axes and steps must be equally many");
  for (size_t i = 0; i < count; ++i) {
    const int64_t axis = call.has(3) ? exact_value(call, 3, i, "axes") : static_cast<int64_t>(i);
    D& dim = dims[axis_of_view(call, axis, dims.size())];
    const D start = call.value(1, i, "starts"), end = call.value(2, i, "ends");
    const D step = call.has(4) ? call.value(4, i, "steps") : exactly<D>(1);
    if (is_exact(step) && low(step) == 0) call.fail("a step is 0");
    // How a size that is not known moves both ends is not followed: at most all are left.
    if (is_exact(dim) && is_exact(start) && is_exact(end) && is_exact(step)) {
      dim = exactly<D>(sliced(low(dim), low(start), low(end), low(step)));
    } else {
      dim = between<D>(0, high(dim));
    }
  }
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> split(const Call& call, const Attributes& a, size_t output) {
  using D = typename Call::Dim;
  auto dims = ShapeOf<Call>::of(call.dims(0));
  D& dim = dims[axis_of_view(call, a.axis, dims.size())];
  if (call.has(1)) {
    if (output >= call.value_count(1, "split")) call.fail("there are more outputs than parts");
    dim = call.value(1, output, "split");
    return dims;
  }
  const auto count = static_cast<int64_t>(call.outputs());
  const auto part = [&](int64_t size) { return size / count + (size % count != 0 ? 1 : 0); };
  const auto even = [&](int64_t size) {
    const int64_t before = saturating_multiply(part(size), static_cast<int64_t>(output));
    return std::clamp<int64_t>(size - std::min(size, before), 0, part(size));
  };
  // The last parts may shrink where all grow.
  dim = is_exact(dim) ? exactly<D>(even(low(dim))) : between<D>(0, part(high(dim)));
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> squeeze(const Call& call, const Attributes&, size_t) {
  const auto x = call.dims(0);
  uint32_t dropped = 0;
  const size_t count = call.has(1) ? call.value_count(1, "axes") : 0;
  for (size_t i = 0; i < count; ++i)
    dropped |= uint32_t{1} << axis_of_view(call, exact_value(call, 1, i, "axes"), x.size());
  ShapeOf<Call> dims;
  for (size_t d = 0; d < x.size(); ++d) {
    const bool is_one = may_be(x[d], 1), named = (dropped >> d & 1) != 0;
    if (!call.has(1) && is_one && !is_exact(x[d]))
      call.fail("the rank follows from whether dim " + std::to_string(d) + " is 1");
    if (named && !is_one)
      call.fail("axis " + std::to_string(d) + " of dims " + dims_text(x) +
                " is not 1 and cannot be squeezed");
    if (!named && (call.has(1) || !is_one)) dims.add(x[d]);
  }
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> unsqueeze(const Call& call, const Attributes&, size_t) {
  const auto x = call.dims(0);
  const size_t count = call.value_count(1, "axes"), rank = x.size() + count;
  uint64_t inserted = 0;
  if (rank > ShapeOf<Call>::kMost) call.fail("there are too many axes");
  for (size_t i = 0; i < count; ++i) {
    const size_t axis = axis_of_view(call, exact_value(call, 1, i, "axes"), rank);
    if ((inserted >> axis & 1) != 0) call.fail("axes name axis " + std::to_string(axis) + " twice");
    inserted |= uint64_t{1} << axis;
  }
  ShapeOf<Call> dims;
  size_t next = 0;
  for (size_t d = 0; d < rank; ++d)
    dims.add((inserted >> d & 1) != 0 ? exactly<typename Call::Dim>(1) : x[next++]);
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> flatten(const Call& call, const Attributes& a, size_t) {
  using D = typename Call::Dim;
  const auto x = call.dims(0);
  const auto rank = static_cast<int64_t>(x.size());
  const int64_t axis = a.axis < 0 ? a.axis + rank : a.axis;
  if (axis < 0 || axis > rank)
    call.fail("axis " + std::to_string(a.axis) + " is out of range for rank " +
              std::to_string(rank));
  const auto at = static_cast<size_t>(axis);
  ShapeOf<Call> dims;
  dims.add(count_of<D>(x, 0, at));
  dims.add(count_of<D>(x, at, x.size()));
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> expand(const Call& call, const Attributes&, size_t) {
  ShapeOf<Call> dims = values_of(call, 1, "shape");
  if (!broadcast_into(&dims, call.dims(0)))
    call.fail("an input of dims " + dims_text(call.dims(0)) + " does not expand to " +
              dims_text(values_of(call, 1, "shape")));
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> shape(const Call& call, const Attributes& a, size_t) {
  const auto rank = static_cast<int64_t>(call.dims(0).size());
  const auto within = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  ShapeOf<Call> dims;
  dims.add(exactly<typename Call::Dim>(
      std::max<int64_t>(within(a.end.value_or(rank)) - within(a.start), 0)));
  return dims;
}

}  // namespace tenon::shapes
