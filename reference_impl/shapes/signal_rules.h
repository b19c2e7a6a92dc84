// SPDX-License-Identifier: Apache-2.0
//
// Shape rules of spectra, and of values of whole matrices: see general_rules.h.
#pragma once

#include "reference_impl/shapes/general_rules.h"

namespace tenon::shapes {

// Where no axis is given: the last but that of the real and imaginary parts.
inline constexpr int64_t kDftAxis = -2;

// How many numbers are transformed: dft_length, or all that there are.
template <class Call, class Attributes>
typename Call::Dim dft_length(const Call& call, const Attributes& a,
                              const typename Call::Dim& dim) {
  using D = typename Call::Dim;
  D length = dim;
  if (call.has(1)) {
    require_number(call, 1, "dft_length");
    length = call.value(1, 0, "dft_length");
  } else if (a.inverse && a.onesided) {
    length = times(exactly<D>(2), plus(dim, exactly<D>(-1)));
  }
  if (high(length) < 1) call.fail("a transform of " + text_of(length) + " numbers");
  return between<D>(std::max<int64_t>(low(length), 1), high(length));
}

// The axis, which is not the last dim.
template <class Call>
size_t dft_axis(const Call& call, int64_t axis, size_t rank) {
  const size_t found = axis_of(call, axis, rank);
  if (found + 1 == rank)
    call.fail("axis " + std::to_string(axis) + " is that of the real and imaginary parts");
  return found;
}

template <class Call, class Attributes>
ShapeOf<Call> dft(const Call& call, const Attributes& a, size_t) {
  using D = typename Call::Dim;
  auto dims = ShapeOf<Call>::of(call.dims(0));
  const size_t rank = dims.size();
  if (rank < 2 || (!may_be(dims[rank - 1], 1) && !may_be(dims[rank - 1], 2)))
    call.fail("the input has dims " + dims_text(dims) + ", expected [..., 1] or [..., 2]");
  if (a.onesided && !may_be(dims[rank - 1], a.inverse ? 2 : 1))
    call.fail(std::string("onesided is of ") + (a.inverse ? "complex" : "real") +
              " numbers, not of dims " + dims_text(dims));
  const auto bins = [&](const D& dim) {
    const D length = dft_length(call, a, dim);
    if (!a.onesided || a.inverse) return length;
    return between<D>(low(length) / 2 + 1, high(length) / 2 + 1);
  };
  if (call.has(2)) require_number(call, 2, "axis");
  const D axis = call.has(2) ? call.value(2, 0, "axis") : exactly<D>(kDftAxis);
  if (is_exact(axis)) {
    D& dim = dims[dft_axis(call, low(axis), rank)];
    dim = bins(dim);
  } else {
    for (size_t d = 0; d + 1 < rank; ++d) dims[d] = between<D>(0, INT64_MAX);
  }
  dims[rank - 1] = exactly<D>(a.onesided && a.inverse ? 1 : 2);
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> matrix_value(const Call& call, const Attributes&, size_t) {
  using D = typename Call::Dim;
  const auto x = call.dims(0);
  if (x.size() < 2 || !meet<D>(x[x.size() - 2], x[x.size() - 1]))
    call.fail("the input has dims " + dims_text(x) + ", expected square matrices");
  ShapeOf<Call> dims;
  dims.append(x, 0, x.size() - 2);
  return dims;
}

}  // namespace tenon::shapes
