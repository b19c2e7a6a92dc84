// SPDX-License-Identifier: Apache-2.0
//
// What oracles compute with: a value, and how far rounding may move it.
//
// `condition` is the first-order sum of what each step of the definition adds to the error when its
// result is off by one relative unit, carried to the result: a + b adds |a + b|, a sum of products
// adds each |a * b|, f(x) adds |f(x)| and passes on |f'(x)| times what x had. A device that errs by
// at most c eps in each step is off by at most c * eps * condition. Inputs are exact, so theirs is
// 0. Functions that no processor rounds correctly count as four steps (spec/tolerances.yaml).
//
// Real holds each value of the element types; where it is wider than double, oracles of float64 are
// exact enough to judge a half unit in the last place.
#pragma once

#include <cmath>
#include <numbers>

namespace tenon::conformance {

using Real = long double;

inline constexpr Real kPi = std::numbers::pi_v<Real>;

// |slope| * condition, where an exact argument, or a constant function, passes nothing on.
inline Real passed_on(Real slope, Real condition) {
  return slope == 0 || condition == 0 ? 0 : std::fabs(slope) * condition;
}

struct Number {
  Real value = 0;
  Real condition = 0;

  Number() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): an exact number is a number.
  Number(Real exact) : value(exact) {}
  Number(Real value_in, Real condition_in) : value(value_in), condition(condition_in) {}
};

// An input as if it had been rounded: for functions whose fast forms round what they are given.
inline Number rounded_input(Real value) { return {value, std::fabs(value)}; }

// f(x), from its value and its slope.
inline Number applied(const Number& x, Real value, Real slope) {
  return {value, std::fabs(value) + passed_on(slope, x.condition)};
}

inline Number function(const Number& x, Real value, Real slope) {
  return {value, 4 * std::fabs(value) + passed_on(slope, x.condition)};
}

inline Number operator+(const Number& a, const Number& b) {
  const Real value = a.value + b.value;
  return {value, std::fabs(value) + a.condition + b.condition};
}
inline Number operator-(const Number& a) { return {-a.value, a.condition}; }
inline Number operator-(const Number& a, const Number& b) { return a + -b; }
inline Number operator*(const Number& a, const Number& b) {
  const Real value = a.value * b.value;
  return {value,
          std::fabs(value) + passed_on(b.value, a.condition) + passed_on(a.value, b.condition)};
}
inline Number operator/(const Number& a, const Number& b) {
  const Real value = a.value / b.value;
  return {value, std::fabs(value) + passed_on(1 / b.value, a.condition) +
                     passed_on(value / b.value, b.condition)};
}

inline Number sqrt(const Number& x) {
  const Real root = std::sqrt(x.value);
  return applied(x, root, 0.5L / root);
}
inline Number exp(const Number& x) {
  const Real value = std::exp(x.value);
  return function(x, value, value);
}
inline Number expm1(const Number& x) { return function(x, std::expm1(x.value), std::exp(x.value)); }
inline Number log(const Number& x) { return function(x, std::log(x.value), 1 / x.value); }
inline Number log1p(const Number& x) { return function(x, std::log1p(x.value), 1 / (1 + x.value)); }
inline Number sin(const Number& x) { return function(x, std::sin(x.value), std::cos(x.value)); }
inline Number cos(const Number& x) { return function(x, std::cos(x.value), std::sin(x.value)); }
inline Number tanh(const Number& x) {
  const Real value = std::tanh(x.value);
  return function(x, value, 1 - value * value);
}
inline Number erf(const Number& x) {
  return function(x, std::erf(x.value), 2 / std::sqrt(kPi) * std::exp(-x.value * x.value));
}
inline Number sigmoid(const Number& x) {
  const Real value = 1 / (1 + std::exp(-x.value));
  return function(x, value, value * (1 - value));
}

// (1 + erf(x / sqrt 2)) / 2, without the cancellation that the definition has, but with its
// condition.
inline Number normal_share(const Number& x) {
  const Number scaled = x / std::sqrt(Real{2});
  const Number defined = 0.5L * (1.0L + erf(scaled));
  return {0.5L * std::erfc(-scaled.value), defined.condition};
}

// (1 + tanh(x)) / 2, likewise.
inline Number tanh_share(const Number& x) {
  const Number defined = 0.5L * (1.0L + tanh(x));
  return {1 / (1 + std::exp(-2 * x.value)), defined.condition};
}

// A sum whose order is the device's: its condition is that of its terms and their magnitudes.
class Sum {
 public:
  void add(const Number& term) {
    total_.value += term.value;
    magnitudes_ += std::fabs(term.value);
    total_.condition += term.condition;
    ++terms_;
  }
  // Added pairwise, in blocks or in a wider type: the errors of a tree of 2^16 terms come to two
  // units.
  Number total() const { return {total_.value, total_.condition + 2 * magnitudes_}; }
  // Or one by one: then the errors of many additions are a random walk, here with four standard
  // deviations.
  Number total_in_sequence() const {
    const Real steps = std::fmax(2, std::sqrt(terms_) / 2);
    return {total_.value, total_.condition + magnitudes_ * steps};
  }

 private:
  Number total_;
  Real magnitudes_ = 0, terms_ = 0;
};

}  // namespace tenon::conformance
