// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators, forward, of one and two inputs, of every type that the contract allows.
#include <cmath>
#include <functional>
#include <string>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

using Unary = Number (*)(const Number&);
using Binary = Number (*)(const Number&, const Number&);

// Sizes around those of vectors and tiles.
constexpr int64_t kTails[] = {15, 16, 17, 63, 65, 257};
// More than what counters of 12 bits hold.
constexpr int64_t kLong = 4099;

struct UnaryRow {
  const char* domain;
  const char* name;
  Unary function;
  Real low, high;
  bool special;  // Also for NaN and infinities.
};

Number abs(const Number& x) { return std::fabs(x.value); }
Number sign(const Number& x) {
  return std::isnan(x.value) ? x.value : Real((x.value > 0) - (x.value < 0));
}
Number relu(const Number& x) { return x.value < 0 ? Number() : x; }
Number clip(const Number& x, Real low, Real high) {
  return x.value < low ? Number(low) : x.value > high ? Number(high) : x;
}

// Fast forms of functions round their argument.
template <Number (*kFunction)(const Number&)>
Number rounded_before(const Number& x) {
  return kFunction(rounded_input(x.value));
}
Number elu(const Number& x) { return x.value < 0 ? expm1(x) : x; }
Number softplus(const Number& x) { return log1p(exp(x)); }
Number tan(const Number& x) {
  const Real value = std::tan(x.value);
  return function(x, value, 1 + value * value);
}
Number asin(const Number& x) {
  return function(x, std::asin(x.value), 1 / std::sqrt(1 - x.value * x.value));
}
Number acos(const Number& x) {
  return function(x, std::acos(x.value), 1 / std::sqrt(1 - x.value * x.value));
}
Number atan(const Number& x) {
  return function(x, std::atan(x.value), 1 / (1 + x.value * x.value));
}
Number sinh(const Number& x) { return function(x, std::sinh(x.value), std::cosh(x.value)); }
Number cosh(const Number& x) { return function(x, std::cosh(x.value), std::sinh(x.value)); }
Number asinh(const Number& x) {
  return function(x, std::asinh(x.value), 1 / std::hypot(x.value, Real{1}));
}
Number acosh(const Number& x) {
  return function(x, std::acosh(x.value), 1 / std::sqrt(x.value * x.value - 1));
}
Number atanh(const Number& x) {
  return function(x, std::atanh(x.value), 1 / (1 - x.value * x.value));
}
Number celu(const Number& x, Real alpha) {
  return x.value < 0 ? Number(alpha) * expm1(x / Number(alpha)) : x;
}
Number selu(const Number& x, Real alpha, Real gamma) {
  return Number(gamma) * (x.value < 0 ? Number(alpha) * expm1(x) : x);
}
Number swish(const Number& x, Real alpha) { return x * sigmoid(Number(alpha) * x); }
Number above(const Number& x, Real threshold) { return x.value > threshold ? x : Number(); }
Number shrunk(const Number& x, Real lambd, Real bias) {
  return x.value < -lambd ? x + bias : x.value > lambd ? x - bias : Number();
}
Number gelu_tanh(const Number& x) {
  return x * tanh_share(std::sqrt(2 / kPi) * (x + 0.044715L * x * x * x));
}

const UnaryRow kUnary[] = {
    {"", "Identity", [](const Number& x) { return x; }, -100, 100, true},
    {"", "Neg", [](const Number& x) { return -x; }, -100, 100, true},
    {"", "Abs", abs, -100, 100, true},
    {"", "Sign", sign, -3, 3, false},
    {"", "Sqrt", sqrt, 0, 100, true},
    {"", "Reciprocal", [](const Number& x) { return 1.0L / x; }, 0.5, 8, true},
    {"", "Exp", rounded_before<exp>, -5, 5, true},
    {"", "Log", rounded_before<log>, 0.1, 50, true},
    {"", "Sin", rounded_before<sin>, -20, 20, false},
    {"", "Cos", rounded_before<cos>, -20, 20, false},
    {"", "Tan", rounded_before<tan>, -20, 20, false},
    {"", "Asin", rounded_before<asin>, -1, 1, true},
    {"", "Acos", rounded_before<acos>, -1, 1, true},
    {"", "Atan", rounded_before<atan>, -20, 20, true},
    {"", "Sinh", rounded_before<sinh>, -8, 8, true},
    {"", "Cosh", rounded_before<cosh>, -8, 8, true},
    {"", "Asinh", rounded_before<asinh>, -50, 50, true},
    {"", "Acosh", rounded_before<acosh>, 1, 50, true},
    {"", "Atanh", rounded_before<atanh>, -0.99L, 0.99L, true},
    {"", "Tanh", rounded_before<tanh>, -6, 6, true},
    {"", "Sigmoid", rounded_before<sigmoid>, -12, 12, true},
    {"", "Relu", relu, -3, 3, true},
    {"", "LeakyRelu", [](const Number& x) { return x.value < 0 ? Number(0.01f) * x : x; }, -3, 3,
     false},
    {"", "Elu", rounded_before<elu>, -3, 3, false},
    {"", "Celu", [](const Number& x) { return celu(x, 1); }, -3, 3, true},
    {"", "Selu", [](const Number& x) { return selu(x, 1.6732632f, 1.050701f); }, -3, 3, true},
    {"", "Swish", [](const Number& x) { return swish(x, 1); }, -8, 8, false},
    {"", "ThresholdedRelu", [](const Number& x) { return above(x, 1); }, -3, 3, true},
    {"", "Softplus", rounded_before<softplus>, -9, 9, false},
    {"", "Mish", [](const Number& x) { return x * tanh(softplus(x)); }, -9, 9, false},
    {"", "Softsign", [](const Number& x) { return x / (1.0L + abs(x)); }, -9, 9, false},
    {"", "HardSigmoid", [](const Number& x) { return clip(Number(0.2f) * x + 0.5L, 0, 1); }, -4, 4,
     false},
    {"", "HardSwish", [](const Number& x) { return x * clip(x / 6.0L + 0.5L, 0, 1); }, -5, 5,
     false},
    {"", "Erf", rounded_before<erf>, -3, 3, true},
    {"", "Gelu", [](const Number& x) { return x * normal_share(x); }, -4, 4, false},
    {"", "Floor", [](const Number& x) { return Number(std::floor(x.value)); }, -5, 5, true},
    {"", "Ceil", [](const Number& x) { return Number(std::ceil(x.value)); }, -5, 5, true},
    {"", "Round", [](const Number& x) { return Number(std::nearbyint(x.value)); }, -5, 5, true},
    {"tenon", "Rsqrt", [](const Number& x) { return 1.0L / sqrt(x); }, 0.1, 50, false},
    {"tenon", "Erfc", [](const Number& x) { return Number(std::erfc(x.value)); }, -3, 5, false},
    {"tenon", "Silu", [](const Number& x) { return x * sigmoid(x); }, -8, 8, false},
};

OperatorCase& add_unary(Cases& cases, const UnaryRow& row, const std::string& label,
                        const HostTensor& x) {
  Expected y(x.dtype, x.dims);
  for (size_t i = 0; i < y.values.size(); ++i) y.values[i] = row.function(x.values[i]);
  OperatorCase c{row.domain, row.name, label, x.dtype};
  return cases.emplace_back(std::move(c.in(x).out(y)));
}

// The ends of a type's range, and its least steps.
HostTensor extremes(tn_dtype type) {
  if (!is_float(type)) {
    return HostTensor(type, {5},
                      {least_of(type), least_of(type) + 1, 0, most_of(type) - 1, most_of(type)});
  }
  const FloatForm& form = element_type(type).form;
  const Real least = std::ldexp(Real{1}, 1 - form.bias);  // The least that is normal.
  return HostTensor(type, {6}, {least, -least, least / 2, -least / 4, -0.0L, 0});
}

void add_unary_cases(Cases& cases, const UnaryRow& row, tn_dtype type) {
  const auto values = [&](Shape dims) {
    return HostTensor::random(type, std::move(dims), row.low, row.high, 17);
  };
  add_unary(cases, row, "values", values({3, 5, 7}));
  add_unary(cases, row, "long", values({kLong}));
  if (tn_dtype_bits(type) >= 8) {
    add_unary(cases, row, "expanded", values({3, 5, 7}).expanded({0, 2}));
  }
  add_unary(cases, row, "scalar", values({}));
  if (row.special && is_float(type)) {
    add_unary(cases, row, "special", HostTensor(type, {4}, {NAN, INFINITY, -INFINITY, 0}));
  }
  if (row.special && in_set(type, type_set::kNumeric)) {
    add_unary(cases, row, "extremes", extremes(type));
  }
  add_unary(cases, row, "empty", values({3, 0}));
  add_unary(cases, row, "ranks", values({2, 1, 3, 1, 2}));
  add_unary(cases, row, "channels", values({2, 19, 3, 2}));
  for (const int64_t tail : kTails) {
    add_unary(cases, row, "tail_" + std::to_string(tail), values({tail}));
  }
}

// Functions with attributes, with values other than the defaults.
void add_unary_attributes(Cases& cases, tn_dtype type) {
  if (!takes("", "Gelu", type)) return;
  const HostTensor x = HostTensor::random(type, {3, 5, 7}, -4, 4, 17);
  const auto add = [&](const char* name, const char* label, Unary function) -> OperatorCase& {
    return add_unary(cases, {"", name, function, 0, 0, false}, label, x);
  };
  add("Gelu", "tanh", gelu_tanh).attribute("approximate", "tanh");
  add("Celu", "alpha", [](const Number& v) { return celu(v, 1.75f); }).attribute("alpha", 1.75f);
  add("Celu", "negative_alpha", [](const Number& v) {
    return v.value < 0 ? Number(-0.5f) * expm1(v / Number(-0.5f)) : v;
  }).attribute("alpha", -0.5f);
  add("Selu", "alpha_gamma", [](const Number& v) { return selu(v, 1.25f, 0.75f); })
      .attribute("alpha", 1.25f)
      .attribute("gamma", 0.75f);
  add("Swish", "alpha", [](const Number& v) { return swish(v, 1.75f); }).attribute("alpha", 1.75f);
  add("ThresholdedRelu", "alpha", [](const Number& v) {
    return above(v, -0.75f);
  }).attribute("alpha", -0.75f);
  add("LeakyRelu", "alpha", [](const Number& v) {
    return v.value < 0 ? Number(0.3f) * v : v;
  }).attribute("alpha", 0.3f);
  add("Elu", "alpha", [](const Number& v) {
    return v.value < 0 ? Number(1.75f) * expm1(rounded_input(v.value)) : v;
  }).attribute("alpha", 1.75f);
  add("HardSigmoid", "alpha_beta",
      [](const Number& v) { return clip(Number(0.125f) * v + Number(0.375f), 0, 1); })
      .attribute("alpha", 0.125f)
      .attribute("beta", 0.375f);
  const UnaryRow round{"", "Round", [](const Number& v) { return Number(std::nearbyint(v.value)); },
                       0,  0,       false};
  add_unary(cases, round, "halves", HostTensor(type, {6}, {0.5, 1.5, 2.5, -0.5, -1.5, -2.5}));
}

// The sum of an integer and the bias is rounded towards zero.
void add_shrink_cases(Cases& cases, tn_dtype type) {
  const bool whole = is_integer(type);
  const HostTensor x = HostTensor::random(type, {3, 5, 7}, -5, 5, 17);
  const auto add = [&](const char* label, const HostTensor& from, Unary function) -> OperatorCase& {
    return add_unary(cases, {"", "Shrink", function, 0, 0, false}, label, from);
  };
  const Unary hard = [](const Number& v) { return shrunk(v, 0.5L, 0); };
  add("hard", x, whole ? [](const Number& v) { return shrunk(v, 0, 0); } : hard);
  add("long", HostTensor::random(type, {kLong}, -5, 5, 3),
      whole ? [](const Number& v) { return shrunk(v, 0, 0); } : hard);
  add("soft", x,
      whole
          ? Unary([](const Number& v) { return Number(std::trunc(shrunk(v, 1.5L, 2.25L).value)); })
          : Unary([](const Number& v) { return shrunk(v, 1.5L, 2.25L); }))
      .attribute("lambd", 1.5f)
      .attribute("bias", 2.25f);
  if (!whole) add("special", HostTensor(type, {4}, {NAN, INFINITY, -INFINITY, 0}), hard);
}

// ---- Two inputs ----

struct BinaryRow {
  const char* domain;
  const char* name;
  Binary function;
  bool divides;  // The second is not 0 where that fails.
};

Number larger(const Number& a, const Number& b) {
  return std::isnan(a.value) || std::isnan(b.value) ? Number(NAN) : a.value < b.value ? b : a;
}
Number smaller(const Number& a, const Number& b) {
  return std::isnan(a.value) || std::isnan(b.value) ? Number(NAN) : b.value < a.value ? b : a;
}
// With the condition of exp(y log x).
Number pow(const Number& x, const Number& y) {
  const Real value = std::pow(x.value, y.value);
  return function(y * log(x), value, value);
}
// With the divisor's sign; the rest itself is exact.
Number modulo(const Number& a, const Number& b) {
  const Real rest = std::fmod(a.value, b.value);
  return rest != 0 && std::signbit(rest) != std::signbit(b.value) ? rest + b : Number(rest);
}
Number c_modulo(const Number& a, const Number& b) { return std::fmod(a.value, b.value); }
Number floor_of_quotient(const Number& a, const Number& b) {
  if (std::isinf(a.value)) return Real(NAN);
  const bool below = std::isinf(b.value) && a.value != 0 && (a.value < 0) != (b.value < 0);
  return below ? Real(-1) : std::floor(a.value / b.value);
}
Number quotient_or_zero(const Number& a, const Number& b) {
  return b.value == 0 ? Number() : a / b;
}
Number squared_difference(const Number& a, const Number& b) { return (a - b) * (a - b); }
Number atan2(const Number& a, const Number& b) { return std::atan2(a.value, b.value); }
Number quotient(const Number& a, const Number& b) { return a / b; }
Number sloped(const Number& x, const Number& slope) { return x.value < 0 ? x * slope : x; }
Number whole_quotient(const Number& a, const Number& b) { return std::trunc(a.value / b.value); }

const BinaryRow kBinary[] = {
    {"", "Add", [](const Number& a, const Number& b) { return a + b; }, false},
    {"", "Sub", [](const Number& a, const Number& b) { return a - b; }, false},
    {"", "Mul", [](const Number& a, const Number& b) { return a * b; }, false},
    {"", "Div", quotient, true},
    {"", "Pow", pow, false},
    {"", "Mod", modulo, true},
    {"", "Max", larger, false},
    {"", "Min", smaller, false},
    {"", "PRelu", sloped, false},
    {"tenon", "DivNoNan", quotient_or_zero, false},
    {"tenon", "FloorDiv", floor_of_quotient, true},
    {"tenon", "SquaredDifference", squared_difference, false},
    {"tenon", "Atan2", atan2, false},
};

bool is(const BinaryRow& row, const char* name) { return std::string(row.name) == name; }

// What an operator means for integers is another function where it divides.
Binary function_of(const BinaryRow& row, tn_dtype type) {
  return is(row, "Div") && is_integer(type) ? whole_quotient : row.function;
}

// No base that most exponents make NaN of, no power that is no integer, no division that fails.
void make_sensible(const BinaryRow& row, HostTensor& a, HostTensor& b) {
  const bool whole = is_integer(a.dtype);
  if (is(row, "Pow")) {
    for (Real& value : a.values) value = whole ? value : std::fabs(value);
    if (is_integer(b.dtype)) {
      for (Real& value : b.values) value = std::fmod(std::fabs(value), 4);
    }
  }
  if (row.divides && whole) {
    for (Real& value : b.values) value = value == 0 ? 3 : value;
  }
}

struct BinaryOptions {
  bool on_host = false;
  int32_t alias = 0;
};

OperatorCase& add_binary(Cases& cases, const BinaryRow& row, const std::string& label, HostTensor a,
                         HostTensor b, BinaryOptions options = {}) {
  make_sensible(row, a, b);
  const Binary function = function_of(row, a.dtype);
  Expected c(a.dtype, broadcast_shape(a.dims, b.dims));
  for_each_index(c.dims, [&](const Shape& index) {
    c.at(index) = function(broadcast_at(a, index), broadcast_at(b, index));
  });
  OperatorCase made{row.domain, row.name, label, a.dtype};
  made.in(a);
  options.on_host ? made.host(b) : made.in(b);
  return cases.emplace_back(std::move(made.out(c, options.alias)));
}

// a op= a
void add_binary_onto_itself(Cases& cases, const BinaryRow& row, HostTensor a) {
  HostTensor same = a;
  make_sensible(row, a, same);
  if (row.divides && is_integer(a.dtype)) a = same;
  if (is(row, "Pow")) a = same;
  Expected c(a.dtype, a.dims);
  const Binary function = function_of(row, a.dtype);
  for (size_t i = 0; i < a.values.size(); ++i) c.values[i] = function(a.values[i], a.values[i]);
  OperatorCase both{row.domain, row.name, "in_place_both", a.dtype};
  cases.push_back(both.in(a).again(0).out(c, 1));
}

void add_binary_cases(Cases& cases, const BinaryRow& row, tn_dtype type) {
  const auto values = [&](Shape dims, uint32_t seed) {
    return HostTensor::random(type, std::move(dims), -5, 5, seed);
  };
  add_binary(cases, row, "same", values({3, 5, 7}, 1), values({3, 5, 7}, 2));
  add_binary(cases, row, "broadcast", values({4, 1, 3}, 3), values({2, 3}, 4));
  add_binary(cases, row, "long", values({kLong}, 1), values({kLong}, 2));
  add_binary(cases, row, "expanded", values({4, 3, 5}, 3).expanded({1, 2}), values({4, 3, 5}, 4));
  add_binary_onto_itself(cases, row, HostTensor::random(type, {5, 6}, 1, 5, 7));
  add_binary(cases, row, "host_scalar", values({5, 6}, 5), values({}, 6), {.on_host = true});
  add_binary(cases, row, "channels", values({2, 19, 3, 2}, 3), values({2, 19, 3, 2}, 4));
  add_binary(cases, row, "row", values({5, 6}, 3), values({6}, 4));
  add_binary(cases, row, "column", values({5, 1}, 3), values({5, 6}, 4));
  add_binary(cases, row, "second_column", values({5, 6}, 3), values({5, 1}, 4));
  add_binary(cases, row, "scalars", values({}, 3), values({}, 4));
  add_binary(cases, row, "empty", values({5, 0}, 5), values({1}, 6));
  // A gradient of a mean: nothing but the output has as many elements as the output.
  add_binary(cases, row, "expanded_by_scalar", values({4, 3, 5}, 3).expanded({1, 2}),
             values({}, 4));
  add_binary(cases, row, "expanded_by_row", values({4, 3, 5}, 3).expanded({1, 2}), values({5}, 4));
  add_binary(cases, row, "both_expanded", values({4, 3, 5}, 3).expanded({0, 2}),
             values({4, 3, 5}, 4).expanded({0, 1}));
  add_binary(cases, row, "in_place_a", values({5, 6}, 7), values({6}, 8), {.alias = 1});
  add_binary(cases, row, "in_place_b", values({6}, 7), values({5, 6}, 8), {.alias = 2});
  for (const int64_t tail : kTails) {
    add_binary(cases, row, "tail_" + std::to_string(tail), values({tail}, 1), values({tail}, 2));
  }
}

// What is special about one operator or one kind of types.
void add_special_binary(Cases& cases, tn_dtype type) {
  const auto row_of = [](const char* name) -> const BinaryRow& {
    for (const BinaryRow& row : kBinary) {
      if (is(row, name)) return row;
    }
    throw std::logic_error(name);
  };
  if (is_float(type) && takes("", "Add", type)) {
    add_binary(cases, row_of("Div"), "zeros", HostTensor(type, {3}, {1, -1, 0}),
               HostTensor(type, {3}, {0, 0, 0}));
    const HostTensor one_nan(type, {4}, {NAN, 1, NAN, 2});
    const HostTensor other_nan(type, {4}, {1, NAN, NAN, 3});
    for (const char* name : {"Max", "Min", "Add"}) {
      add_binary(cases, row_of(name), "nan", one_nan, other_nan);
    }
    // Beyond the largest number is infinity.
    const Real big = std::ldexp(Real{1.75}, element_type(type).form.bias);
    for (const char* name : {"Add", "Mul"}) {
      add_binary(cases, row_of(name), "overflow", HostTensor(type, {4}, {big, -big, big, 2}),
                 HostTensor(type, {4}, {big, -big, 2, -2}));
    }
    add_binary(cases, row_of("Add"), "infinities", HostTensor(type, {3}, {INFINITY, INFINITY, 1}),
               HostTensor(type, {3}, {-INFINITY, INFINITY, -INFINITY}));
  }
  if (is_integer(type) && takes("", "Add", type)) {
    // Wraps at the ends of the range. The oracle counts in 64 bits of digits, which these fit.
    const Real most = most_of(type), least = least_of(type);
    const HostTensor ends(type, {5}, {most, least, most - 1, least + 1, most - 1});
    const HostTensor small(type, {5}, {1, 1, 2, 1, 2});
    for (const char* name : {"Add", "Sub", "Mul", "Max", "Min"}) {
      add_binary(cases, row_of(name), "ends", ends, small);
    }
    for (const char* name : {"Div", "Mod", "FloorDiv"}) {
      const Real sign = least < 0 ? -1 : 1;
      add_binary(cases, row_of(name), "towards", HostTensor(type, {4}, {7, 7 * sign, 7, 7 * sign}),
                 HostTensor(type, {4}, {2, 2, 2 * sign, 2 * sign}));
    }
  }
  if (takes("", "Mod", type)) {
    BinaryRow row = row_of("Mod");
    row.function = c_modulo;
    add_binary(cases, row, "fmod", HostTensor::random(type, {4, 9}, -9, 9, 3),
               HostTensor::random(type, {4, 9}, -4, 4, 4))
        .attribute("fmod", int64_t{1});
  }
  if (takes("", "Pow", type)) {
    for (const ElementType& other : kElementTypes) {
      if (other.dtype == type || !in_set(other.dtype, type_set::kNumeric)) continue;
      add_binary(cases, row_of("Pow"), std::string("exponent_") + dtype_name(other.dtype),
                 HostTensor::random(type, {4, 5}, 1, 4, 3),
                 // An integer has no such powers.
                 is_integer(type) ? HostTensor::plain(other.dtype, {4, 5}, 0, 3, 4)
                                  : HostTensor::random(other.dtype, {4, 5}, 0, 3, 4));
    }
  }
}

// ---- To bool, and of bool ----

using Comparison = bool (*)(Real, Real);

void add_comparison(Cases& cases, const char* domain, const char* name, Comparison function,
                    tn_dtype dtype, Real low, Real high) {
  if (!takes(domain, name, dtype)) return;
  for (const auto& [label, da, db] : {std::tuple{"same", Shape{40}, Shape{40}},
                                      {"broadcast", Shape{4, 1}, Shape{2, 1, 3}},
                                      {"long", Shape{kLong}, Shape{kLong}},
                                      {"scalars", Shape{}, Shape{}},
                                      {"empty", Shape{3, 0}, Shape{1}}}) {
    HostTensor a = HostTensor::random(dtype, da, low, high, 1);
    const HostTensor b = HostTensor::random(dtype, db, low, high, 2);
    // Some are equal, and with NaN comparisons are false.
    if (da == db) a.values[0] = b.values[0];
    if (da == db && is_float(dtype) && a.count() > 1) {
      a.values[1] = HostTensor::scalar(dtype, NAN).values[0];
    }
    HostTensor c(TN_BOOL, broadcast_shape(da, db));
    for_each_index(c.dims, [&](const Shape& i) {
      c.at(i) = function(broadcast_at(a, i), broadcast_at(b, i));
    });
    cases.push_back(OperatorCase{domain, name, label, dtype}.in(a).in(b).out(c));
  }
}

void add_comparisons(Cases& cases, tn_dtype dtype) {
  const auto add = [&](const char* domain, const char* name, Comparison function) {
    add_comparison(cases, domain, name, function, dtype, -2, 2);
  };
  add("", "Equal", [](Real a, Real b) { return a == b; });
  add("tenon", "NotEqual", [](Real a, Real b) { return a != b; });
  add("", "Less", [](Real a, Real b) { return a < b; });
  add("", "LessOrEqual", [](Real a, Real b) { return a <= b; });
  add("", "Greater", [](Real a, Real b) { return a > b; });
  add("", "GreaterOrEqual", [](Real a, Real b) { return a >= b; });
  add("", "And", [](Real a, Real b) { return a != 0 && b != 0; });
  add("", "Or", [](Real a, Real b) { return a != 0 || b != 0; });
  add("", "Xor", [](Real a, Real b) { return a != b; });
}

void add_classification(Cases& cases, const char* name, const std::string& label,
                        const HostTensor& x, bool (*function)(Real),
                        const std::vector<const char*>& off = {}) {
  HostTensor y(TN_BOOL, x.dims);
  for (size_t i = 0; i < x.values.size(); ++i) y.values[i] = function(x.values[i]);
  OperatorCase c{"", name, label, x.dtype};
  for (const char* attribute : off) c.attribute(attribute, int64_t{0});
  cases.push_back(c.in(x).out(y));
}

void add_classification_cases(Cases& cases, tn_dtype type) {
  if (type == TN_BOOL) {
    for (const auto& [label, dims] : {std::pair{"values", Shape{3, 5, 7}},
                                      {"long", Shape{kLong}},
                                      {"scalar", Shape{}},
                                      {"empty", Shape{0, 2}}}) {
      add_classification(cases, "Not", label, HostTensor::random(type, dims, 0, 1, 1),
                         [](Real x) { return x == 0; });
    }
  }
  if (!takes("", "IsNaN", type)) return;
  for (const auto& [label, dims] :
       {std::pair{"values", Shape{3, 5, 7}}, {"long", Shape{kLong}}, {"scalar", Shape{}}}) {
    HostTensor x = HostTensor::random(type, dims, -1, 1, 1);
    for (size_t i = 0; i < x.values.size(); i += 3) x.values[i] = i % 2 == 0 ? NAN : INFINITY;
    for (size_t i = 1; i < x.values.size(); i += 5) x.values[i] = -INFINITY;
    const std::string text = label;
    add_classification(cases, "IsNaN", text, x, [](Real v) { return std::isnan(v); });
    add_classification(cases, "IsInf", text, x, [](Real v) { return std::isinf(v); });
    add_classification(cases, "IsInf", text + "_positive", x, [](Real v) { return v == INFINITY; },
                       {"detect_negative"});
    add_classification(cases, "IsInf", text + "_negative", x, [](Real v) { return v == -INFINITY; },
                       {"detect_positive"});
  }
}

}  // namespace

void add_elementwise_cases(Cases& cases, tn_dtype type) {
  for (const UnaryRow& row : kUnary) {
    if (takes(row.domain, row.name, type)) add_unary_cases(cases, row, type);
  }
  add_unary_attributes(cases, type);
  if (takes("", "Shrink", type)) add_shrink_cases(cases, type);
  add_bit_cases(cases, type);
  for (const BinaryRow& row : kBinary) {
    if (takes(row.domain, row.name, type)) add_binary_cases(cases, row, type);
  }
  add_special_binary(cases, type);
  add_comparisons(cases, type);
  add_classification_cases(cases, type);
  add_selection_cases(cases, type);
  add_cast_cases(cases, type);
}

}  // namespace tenon::conformance
