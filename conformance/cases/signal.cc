// SPDX-License-Identifier: Apache-2.0
//
// Spectra by their definition, and determinants by their first rows.
#include <cmath>
#include <optional>
#include <string>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

struct DftOptions {
  std::optional<int64_t> axis = {}, length = {};
  bool inverse = false, onesided = false;
  tn_dtype length_type = TN_INT64;
};

// cos and sin of 2 pi k / n, which an angle that is rounded moves by one unit of 1.
Number turn(Real (*function)(Real), int64_t k, int64_t n) {
  const Real angle = 2 * kPi * static_cast<Real>(k % n) / static_cast<Real>(n);
  return {function(angle), 1};
}

// Bin k of a complex number's part, or of its mirror image where bins are half of a spectrum.
Real part_of(const HostTensor& x, Shape at, size_t axis, int64_t bin, int64_t length, bool mirrors,
             int64_t part) {
  const bool mirrored = mirrors && 2 * bin > length;
  if (mirrored) bin = length - bin;
  // Of a real result these are real.
  if (mirrors && part == 1 && (bin == 0 || 2 * bin == length)) return 0;
  if (bin >= x.dims[axis] || part >= x.dims.back()) return 0;
  at[axis] = bin;
  at.back() = part;
  return mirrored && part == 1 ? -x.at(at) : x.at(at);
}

void add_dft(Cases& cases, const std::string& label, const HostTensor& x,
             const DftOptions& options) {
  const int64_t rank = static_cast<int64_t>(x.dims.size());
  const int64_t given = options.axis.value_or(-2);
  const auto axis = static_cast<size_t>(given < 0 ? given + rank : given);
  const bool mirrors = options.inverse && options.onesided;
  const int64_t length = options.length.value_or(mirrors ? 2 * (x.dims[axis] - 1) : x.dims[axis]);
  Shape dims = x.dims;
  dims[axis] = options.onesided && !options.inverse ? length / 2 + 1 : length;
  dims.back() = mirrors ? 1 : 2;
  Expected y(x.dtype, dims);
  for_each_index(dims, [&](const Shape& at) {
    Sum sum;
    for (int64_t n = 0; n < length; ++n) {
      const int64_t angle = at[axis] * n * (options.inverse ? 1 : -1) % length + length;
      const Number cosine = turn(std::cos, angle, length), sine = turn(std::sin, angle, length);
      const Number re = part_of(x, at, axis, n, length, mirrors, 0);
      const Number im = part_of(x, at, axis, n, length, mirrors, 1);
      sum.add(at.back() == 0 ? re * cosine : re * sine);
      sum.add(at.back() == 0 ? -(im * sine) : im * cosine);
    }
    y.at(at) = options.inverse ? sum.total() / static_cast<Real>(length) : sum.total();
  });
  OperatorCase c{"", "DFT", label, x.dtype};
  c.in(x);
  const auto scalar = [](tn_dtype type, int64_t value) {
    return HostTensor::scalar(type, static_cast<Real>(value));
  };
  if (options.length) {
    c.host(scalar(options.length_type, *options.length));
  } else if (options.axis) {
    c.absent();
  }
  if (options.axis) c.host(scalar(TN_INT64, *options.axis));
  c.attribute("inverse", int64_t{options.inverse})
      .attribute("onesided", int64_t{options.onesided})
      .out(y);
  cases.push_back(c);
}

void add_dft_cases(Cases& cases, tn_dtype type) {
  const auto values = [&](Shape dims) {
    return HostTensor::plain(type, std::move(dims), -2, 2, 1);
  };
  add_dft(cases, "real", values({2, 10, 1}), {});
  add_dft(cases, "complex", values({3, 8, 2}), {});
  add_dft(cases, "axis", values({2, 7, 3, 2}), {.axis = 1});
  add_dft(cases, "first_axis", values({6, 3, 1}), {.axis = 0});
  add_dft(cases, "inverse", values({2, 12, 2}), {.inverse = true});
  add_dft(cases, "inverse_real", values({2, 9, 1}), {.inverse = true});
  add_dft(cases, "onesided", values({2, 16, 1}), {.onesided = true});
  add_dft(cases, "onesided_odd", values({2, 15, 1}), {.onesided = true});
  add_dft(cases, "real_inverse", values({2, 6, 2}), {.inverse = true, .onesided = true});
  add_dft(cases, "real_inverse_odd", values({2, 6, 2}),
          {.length = 11, .inverse = true, .onesided = true});
  add_dft(cases, "longer", values({2, 10, 1}), {.length = 16});
  add_dft(cases, "shorter", values({2, 10, 2}), {.length = 7});
  add_dft(cases, "longer_inverse", values({4, 6, 2}),
          {.axis = 0, .length = 12, .inverse = true, .onesided = true});
  add_dft(cases, "length_int32", values({2, 10, 1}), {.length = 8, .length_type = TN_INT32});
  add_dft(cases, "power", values({1, 256, 2}), {});
  add_dft(cases, "prime", values({1, 127, 2}), {});
  add_dft(cases, "composite", values({2, 90, 1}), {.onesided = true});
  add_dft(cases, "many", values({4099, 4, 2}), {});
  add_dft(cases, "one", values({3, 1, 2}), {});
  add_dft(cases, "expanded", values({3, 8, 2}).expanded({0}), {});
  add_dft(cases, "none", values({0, 8, 2}), {});
}

// By the elements of the first row, each with what is left without its row and column.
Number determinant(const std::vector<Values>& matrix) {
  if (matrix.empty()) return 1;
  Sum sum;
  for (size_t j = 0; j < matrix.size(); ++j) {
    std::vector<Values> rest(matrix.begin() + 1, matrix.end());
    for (Values& row : rest) row.erase(row.begin() + static_cast<int64_t>(j));
    const Number term = Number(matrix[0][j]) * determinant(rest);
    sum.add(j % 2 == 0 ? term : -term);
  }
  return sum.total();
}

void add_det(Cases& cases, const std::string& label, const HostTensor& x) {
  const Shape outer(x.dims.begin(), x.dims.end() - 2);
  const auto n = static_cast<size_t>(x.dims.back());
  Expected y(x.dtype, outer);
  for_each_index(outer, [&](const Shape& at) {
    std::vector<Values> matrix(n, Values(n));
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        Shape where = at;
        where.insert(where.end(), {static_cast<int64_t>(i), static_cast<int64_t>(j)});
        matrix[i][j] = x.at(where);
      }
    }
    y.at(at) = determinant(matrix);
  });
  cases.push_back(OperatorCase{"", "Det", label, x.dtype}.in(x).out(y));
}

void add_det_cases(Cases& cases, tn_dtype type) {
  const auto values = [&](Shape dims) {
    return HostTensor::plain(type, std::move(dims), -2, 2, 1);
  };
  add_det(cases, "matrix", values({3, 3}));
  add_det(cases, "matrices", values({2, 3, 4, 4}));
  add_det(cases, "larger", values({6, 6}));
  add_det(cases, "of_two", values({5, 2, 2}));
  add_det(cases, "of_one", values({4, 1, 1}));
  add_det(cases, "of_none", values({2, 0, 0}));
  add_det(cases, "no_matrices", values({0, 3, 3}));
  add_det(cases, "many", values({4099, 2, 2}));
  add_det(cases, "singular", HostTensor(type, {2, 2}, {1, 2, 2, 4}));
  add_det(cases, "swapped", HostTensor(type, {3, 3}, {0, 2, 0, 3, 0, 0, 0, 0, 4}));
  add_det(cases, "expanded", values({2, 3, 3}).expanded({0}));
}

}  // namespace

void add_signal_cases(Cases& cases, tn_dtype type) {
  if (takes("", "DFT", type)) add_dft_cases(cases, type);
  if (takes("", "Det", type)) add_det_cases(cases, type);
}

}  // namespace tenon::conformance
