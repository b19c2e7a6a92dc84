// SPDX-License-Identifier: Apache-2.0
#include "suite/compare.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>

namespace tenon::conformance {
namespace {

// Digits of the significand, the exponent of the smallest normal number, and the largest number.
struct Format {
  int digits;
  int least_exponent;
  Real largest;
};

Format format_of(tn_dtype dtype) {
  const FloatForm& form = element_type(dtype).form;
  const int exponent = static_cast<int>(form.largest >> form.mantissa_bits) - form.bias;
  const auto fraction = static_cast<Real>(form.largest & ((uint64_t{1} << form.mantissa_bits) - 1));
  return {form.mantissa_bits + 1, 1 - form.bias,
          std::ldexp(1 + std::ldexp(fraction, -form.mantissa_bits), exponent)};
}

Real eps(tn_dtype dtype) { return std::ldexp(Real{1}, 1 - format_of(dtype).digits); }

struct Pair {
  double u, c;
};
// Of a kind of tolerance, in one type.
struct Columns {
  tn_dtype dtype;
  Pair strict, relaxed;
};
struct KindRow {
  bool products;  // Of factors that a math mode may round.
  std::array<Columns, std::popcount(type_set::kFloat | type_set::kFloat8)> types;
};
struct OperatorKind {
  const char* domain;
  const char* name;
  int kind;
};

#include "suite/generated/tolerances.inc"

const Columns& columns_of(const KindRow& kind, tn_dtype dtype) {
  const auto found = std::ranges::find(kind.types, dtype, &Columns::dtype);
  if (found == std::end(kind.types)) {
    throw std::out_of_range(std::string("no tolerance of ") + dtype_name(dtype));
  }
  return *found;
}

// Two factors, each off by half a unit of the format.
double factors_of(tn_math_mode mode) {
  return mode == TN_MATH_TF32 ? 0x1p-10 : mode == TN_MATH_BF16 ? 0x1p-7 : 0;
}

// How far an element is outside of what is granted: 0 or less where it is not.
Real excess(tn_dtype dtype, Real actual, const Number& exact, const Tolerance& tolerance) {
  const Real value = exact.value;
  if (actual == value || (std::isnan(actual) && std::isnan(value))) return 0;
  if (!is_float(dtype) || !std::isfinite(value) || std::isnan(actual)) return INFINITY;
  const Real limit = granted(dtype, exact, tolerance);
  if (std::isinf(actual)) {
    // Rounds to infinity from half a unit behind the largest number on.
    const Real largest = format_of(dtype).largest;
    const bool near = std::fabs(value) + limit >= largest + ulp(dtype, largest) / 2;
    return near && std::signbit(actual) == std::signbit(value) ? 0 : INFINITY;
  }
  return std::fabs(actual - value) - limit;
}

}  // namespace

Real ulp(tn_dtype dtype, Real value) {
  const Format format = format_of(dtype);
  const int exponent =
      value == 0 ? format.least_exponent : std::max(std::ilogb(value), format.least_exponent);
  return std::ldexp(Real{1}, exponent - format.digits + 1);
}

// `rounding` is for the oracle, which computes in Real.
Real granted(tn_dtype dtype, const Number& exact, const Tolerance& tolerance) {
  const Real magnitude = std::fabs(exact.value);
  const Real condition =
      std::isfinite(exact.condition) ? std::max(exact.condition, magnitude) : magnitude;
  const Real rounding = 4 * std::numeric_limits<Real>::epsilon() * condition;
  return tolerance.u * ulp(dtype, exact.value) +
         (tolerance.c * eps(dtype) + tolerance.factors) * condition + rounding;
}

Tolerance tolerance_of(const std::string& domain, const std::string& name, tn_dtype dtype,
                       tn_math_mode mode) {
  const auto* entry = std::ranges::find_if(
      kOperators, [&](const auto& one) { return domain == one.domain && name == one.name; });
  if (entry == std::end(kOperators)) throw std::out_of_range(domain + "." + name);
  if (!is_float(dtype)) return {};
  const KindRow& kind = kKinds[entry->kind];
  const Columns& columns = columns_of(kind, dtype);
  const Pair& pair = mode == TN_MATH_STRICT ? columns.strict : columns.relaxed;
  return {pair.u, pair.c, kind.products && dtype == TN_FLOAT32 ? factors_of(mode) : 0};
}

namespace {

double limited(Real value) {
  return value < kHopeless ? static_cast<double>(value) : kHopeless;  // NaN, too.
}

// Adds the errors of one element.
void measure(Verdict& verdict, tn_dtype dtype, Real actual, const Number& exact,
             const Tolerance& tolerance) {
  if (actual == exact.value || (std::isnan(actual) && std::isnan(exact.value))) return;
  const bool finite = is_float(dtype) && std::isfinite(exact.value) && std::isfinite(actual);
  if (!finite) {
    if (excess(dtype, actual, exact, tolerance) > 0) verdict.tolerances = verdict.ulps = kHopeless;
    return;
  }
  const Real error = std::fabs(actual - exact.value);
  verdict.ulps = std::max(verdict.ulps, limited(error / ulp(dtype, exact.value)));
  verdict.tolerances =
      std::max(verdict.tolerances, limited(error / granted(dtype, exact, tolerance)));
}

}  // namespace

Verdict judge(const HostTensor& actual, const Expected& expected, const Tolerance& tolerance) {
  Verdict verdict;
  Real worst = 0;
  size_t where = 0;
  for (size_t i = 0; i < expected.values.size(); ++i) {
    measure(verdict, expected.dtype, actual.values[i], expected.values[i], tolerance);
    const Real outside = excess(expected.dtype, actual.values[i], expected.values[i], tolerance);
    if (outside > worst) worst = outside, where = i;
  }
  if (worst <= 0) return verdict;
  const Number& exact = expected.values[where];
  std::ostringstream text;
  text.precision(9);
  text << "element " << where << " is " << actual.values[where] << ", not " << exact.value;
  if (is_float(expected.dtype) && std::isfinite(exact.value)) {
    const Real error = std::fabs(actual.values[where] - exact.value);
    text << "; error " << error << " (" << error / ulp(expected.dtype, exact.value)
         << " ulp), granted " << granted(expected.dtype, exact, tolerance) << " = " << tolerance.u
         << " ulp + " << tolerance.c << " eps of "
         << std::max(exact.condition, std::fabs(exact.value));
  }
  verdict.text = text.str();
  return verdict;
}

std::string difference(const HostTensor& actual, const Expected& expected,
                       const Tolerance& tolerance) {
  return judge(actual, expected, tolerance).text;
}

}  // namespace tenon::conformance
