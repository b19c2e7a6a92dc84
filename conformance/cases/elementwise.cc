// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators, forward.
#include <cmath>
#include <functional>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

using Unary = Number (*)(const Number&);
using Binary = Number (*)(const Number&, const Number&);

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
    {"", "Tanh", rounded_before<tanh>, -6, 6, true},
    {"", "Sigmoid", rounded_before<sigmoid>, -12, 12, true},
    {"", "Relu", relu, -3, 3, true},
    {"", "LeakyRelu", [](const Number& x) { return x.value < 0 ? Number(0.01f) * x : x; }, -3, 3,
     false},
    {"", "Elu", rounded_before<elu>, -3, 3, false},
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

void add_unary(Cases& cases, const UnaryRow& row, const char* label, const HostTensor& x) {
  Expected y(x.dtype, x.dims);
  for (size_t i = 0; i < y.values.size(); ++i) y.values[i] = row.function(x.values[i]);
  OperatorCase c{row.domain, row.name, label, x.dtype};
  cases.push_back(c.in(x).out(y));
}

void add_unary_cases(Cases& cases, tn_dtype type) {
  for (const UnaryRow& row : kUnary) {
    const auto values = [&](Shape dims) {
      return HostTensor::random(type, std::move(dims), row.low, row.high, 17);
    };
    add_unary(cases, row, "values", values({3, 5, 7}));
    add_unary(cases, row, "long", values({1037}));
    add_unary(cases, row, "expanded", values({3, 5, 7}).expanded({0, 2}));
    add_unary(cases, row, "scalar", values({}));
    add_unary(cases, row, "empty", values({3, 0}));
    if (row.special) {
      add_unary(cases, row, "special", HostTensor(type, {4}, {NAN, INFINITY, -INFINITY, 0}));
    }
  }
  add_unary(cases, {"", "Gelu", gelu_tanh, 0, 0, false}, "tanh",
            HostTensor::random(type, {3, 5, 7}, -4, 4, 17));
  cases.back().attribute("approximate", "tanh");
  const UnaryRow round{"", "Round", [](const Number& x) { return Number(std::nearbyint(x.value)); },
                       0,  0,       false};
  add_unary(cases, round, "halves", HostTensor(type, {6}, {0.5, 1.5, 2.5, -0.5, -1.5, -2.5}));
}

struct BinaryRow {
  const char* domain;
  const char* name;
  Binary function;
  bool integers;
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
Number floor_of_quotient(const Number& a, const Number& b) { return std::floor(a.value / b.value); }
Number quotient_or_zero(const Number& a, const Number& b) {
  return b.value == 0 ? Number() : a / b;
}
Number squared_difference(const Number& a, const Number& b) { return (a - b) * (a - b); }
Number atan2(const Number& a, const Number& b) { return std::atan2(a.value, b.value); }

const BinaryRow kBinary[] = {
    {"", "Add", [](const Number& a, const Number& b) { return a + b; }, true},
    {"", "Sub", [](const Number& a, const Number& b) { return a - b; }, true},
    {"", "Mul", [](const Number& a, const Number& b) { return a * b; }, true},
    {"", "Div", [](const Number& a, const Number& b) { return a / b; }, false},
    {"", "Pow", pow, false},
    {"", "Mod", modulo, false},
    {"", "Max", larger, true},
    {"", "Min", smaller, true},
    {"tenon", "DivNoNan", quotient_or_zero, false},
    {"tenon", "FloorDiv", floor_of_quotient, false},
    {"tenon", "SquaredDifference", squared_difference, false},
    {"tenon", "Atan2", atan2, false},
};

void add_binary(Cases& cases, const BinaryRow& row, const std::string& label, HostTensor a,
                HostTensor b, bool scalar_on_host = false, int32_t alias = 0) {
  if (std::string(row.name) == "Pow") {  // Of a negative base it is NaN for most exponents.
    for (Real& value : a.values) value = std::fabs(value);
  }
  Expected c(a.dtype, broadcast_shape(a.dims, b.dims));
  for_each_index(c.dims, [&](const Shape& index) {
    c.at(index) = row.function(broadcast_at(a, index), broadcast_at(b, index));
  });
  OperatorCase operator_case{row.domain, row.name, label, a.dtype};
  operator_case.in(a);
  scalar_on_host ? operator_case.host(b) : operator_case.in(b);
  cases.push_back(operator_case.out(c, alias));
}

// a op= a
void add_binary_onto_itself(Cases& cases, const BinaryRow& row, const HostTensor& a) {
  Expected c(a.dtype, a.dims);
  for (size_t i = 0; i < a.values.size(); ++i) c.values[i] = row.function(a.values[i], a.values[i]);
  OperatorCase both{row.domain, row.name, "in_place_both", a.dtype};
  cases.push_back(both.in(a).again(0).out(c, 1));
}

void add_binary_cases(Cases& cases, tn_dtype type) {
  for (const BinaryRow& row : kBinary) {
    const auto values = [&](Shape dims, uint32_t seed) {
      return HostTensor::random(type, std::move(dims), -5, 5, seed);
    };
    add_binary(cases, row, "same", values({3, 5, 7}, 1), values({3, 5, 7}, 2));
    add_binary(cases, row, "long", values({1037}, 1), values({1037}, 2));
    add_binary(cases, row, "broadcast", values({4, 1, 3}, 3), values({2, 3}, 4));
    add_binary(cases, row, "row", values({5, 6}, 3), values({6}, 4));
    add_binary(cases, row, "column", values({5, 1}, 3), values({5, 6}, 4));
    add_binary(cases, row, "expanded", values({4, 3, 5}, 3).expanded({1, 2}), values({4, 3, 5}, 4));
    // A gradient of a mean: nothing but the output has as many elements as the output.
    add_binary(cases, row, "expanded_by_scalar", values({4, 3, 5}, 3).expanded({1, 2}),
               values({}, 4));
    add_binary(cases, row, "expanded_by_row", values({4, 3, 5}, 3).expanded({1, 2}),
               values({5}, 4));
    add_binary(cases, row, "both_expanded", values({4, 3, 5}, 3).expanded({0, 2}),
               values({4, 3, 5}, 4).expanded({0, 1}));
    add_binary(cases, row, "host_scalar", values({5, 6}, 5), values({}, 6), true);
    add_binary(cases, row, "empty", values({5, 0}, 5), values({1}, 6));
    add_binary(cases, row, "in_place_a", values({5, 6}, 7), values({6}, 8), false, 1);
    add_binary_onto_itself(cases, row, HostTensor::random(type, {5, 6}, 1, 5, 7));
  }
  const BinaryRow quotient{"", "Div", [](const Number& a, const Number& b) { return a / b; },
                           false};
  add_binary(cases, quotient, "zeros", HostTensor(type, {3}, {1, -1, 0}),
             HostTensor(type, {3}, {0, 0, 0}));
  const HostTensor one_nan(type, {4}, {NAN, 1, NAN, 2});
  const HostTensor other_nan(type, {4}, {1, NAN, NAN, 3});
  for (const BinaryRow& row : kBinary) {
    const std::string name = row.name;
    if (name == "Max" || name == "Min" || name == "Add") {
      add_binary(cases, row, "nan", one_nan, other_nan);
    }
  }
}

void add_integer_cases(Cases& cases) {
  const UnaryRow absolute{"", "Abs", abs, 0, 0, false};
  add_unary(cases, absolute, "integers", HostTensor::random(TN_INT32, {20}, -50, 50, 3));
  for (const BinaryRow& row : kBinary) {
    if (!row.integers) continue;
    for (const tn_dtype dtype : {TN_INT32, TN_INT64, TN_INT8, TN_UINT8}) {
      add_binary(cases, row, "integers", HostTensor::random(dtype, {20}, 0, 120, 9),
                 HostTensor::random(dtype, {20}, 0, 120, 10));
    }
  }
  const BinaryRow quotient{
      "", "Div",
      [](const Number& a, const Number& b) { return Number(std::trunc(a.value / b.value)); }, true};
  add_binary(cases, quotient, "towards_zero", HostTensor(TN_INT32, {4}, {7, -7, 7, -7}),
             HostTensor(TN_INT32, {4}, {2, 2, -2, -2}));
}

// ---- To bool, and of bool ----

using Comparison = bool (*)(Real, Real);

void add_comparison(Cases& cases, const char* domain, const char* name, Comparison function,
                    tn_dtype dtype, Real low, Real high) {
  for (const auto& [label, da, db] : {std::tuple{"same", Shape{40}, Shape{40}},
                                      {"broadcast", Shape{4, 1}, Shape{3}},
                                      {"long", Shape{1037}, Shape{1037}}}) {
    HostTensor a = HostTensor::random(dtype, da, low, high, 1);
    const HostTensor b = HostTensor::random(dtype, db, low, high, 2);
    // Some are equal, and with NaN comparisons are false.
    if (da == db) a.values[0] = b.values[0];
    if (da == db && is_float(dtype)) a.values[1] = NAN;
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
}

void add_classification_cases(Cases& cases, tn_dtype type) {
  const HostTensor special(type, {4}, {NAN, INFINITY, -INFINITY, 0});
  cases.push_back(OperatorCase{"", "IsNaN", "values", type}.in(special).out(
      HostTensor(TN_BOOL, {4}, {1, 0, 0, 0})));
  cases.push_back(OperatorCase{"", "IsInf", "values", type}.in(special).out(
      HostTensor(TN_BOOL, {4}, {0, 1, 1, 0})));
  cases.push_back(OperatorCase{"", "IsInf", "positive", type}
                      .in(special)
                      .attribute("detect_negative", int64_t{0})
                      .out(HostTensor(TN_BOOL, {4}, {0, 1, 0, 0})));
}

void add_logic_cases(Cases& cases) {
  const auto add = [&](const char* name, Comparison function) {
    add_comparison(cases, "", name, function, TN_BOOL, 0, 1);
  };
  add("And", [](Real a, Real b) { return a != 0 && b != 0; });
  add("Or", [](Real a, Real b) { return a != 0 || b != 0; });
  add("Xor", [](Real a, Real b) { return a != b; });
  const HostTensor truth = HostTensor::random(TN_BOOL, {37}, 0, 1, 1);
  HostTensor inverse = truth;
  for (Real& value : inverse.values) value = value == 0;
  cases.push_back(OperatorCase{"", "Not", "values", TN_BOOL}.in(truth).out(inverse));
}

// ---- Three and more ----

using Operands = std::vector<Number>;

void add_ternary(Cases& cases, const char* domain, const char* name,
                 const std::vector<HostTensor>& inputs, size_t first_host,
                 const std::function<Number(const Operands&)>& function) {
  OperatorCase c{domain, name, "values", inputs[1].dtype};
  Shape dims;
  for (size_t i = 0; i < inputs.size(); ++i) {
    dims = broadcast_shape(dims, inputs[i].dims);
    i < first_host ? c.in(inputs[i]) : c.host(inputs[i]);
  }
  Expected out(inputs[1].dtype, dims);
  for_each_index(dims, [&](const Shape& index) {
    Operands values;
    values.reserve(inputs.size());
    for (const HostTensor& input : inputs) values.emplace_back(broadcast_at(input, index));
    out.at(index) = function(values);
  });
  cases.push_back(c.out(out));
}

void add_ternary_cases(Cases& cases, tn_dtype type) {
  using V = const Operands&;
  const auto random = [&](Shape dims, uint32_t seed) {
    return HostTensor::random(type, std::move(dims), 0.5, 4, seed);
  };
  const HostTensor a = random({5, 6}, 2), b = random({5, 6}, 3), row = random({6}, 4);
  const HostTensor condition = HostTensor::random(TN_BOOL, {5, 1}, 0, 1, 1);
  const auto scalar = [&](Real value) { return HostTensor::scalar(type, value); };
  add_ternary(cases, "", "Where", {condition, a, random({6}, 3)}, 3,
              [](V v) { return v[0].value != 0 ? v[1] : v[2]; });
  add_ternary(cases, "", "Clip", {a, scalar(1), scalar(2)}, 1,
              [](V v) { return clip(v[0], v[1].value, v[2].value); });
  add_ternary(cases, "tenon", "AddScaled", {a, b, scalar(0.7L)}, 2,
              [](V v) { return v[0] + v[2] * v[1]; });
  add_ternary(cases, "tenon", "Lerp", {a, b, scalar(0.3L)}, 2,
              [](V v) { return v[0] + v[2] * (v[1] - v[0]); });
  add_ternary(cases, "tenon", "AddCMul", {a, b, row, scalar(0.7L)}, 3,
              [](V v) { return v[0] + v[3] * v[1] * v[2]; });
  add_ternary(cases, "tenon", "AddCDiv", {a, b, row, scalar(0.7L)}, 3,
              [](V v) { return v[0] + v[3] * v[1] / v[2]; });
  const HostTensor clipped(type, {3}, {NAN, -5, 5});
  cases.push_back(
      OperatorCase{"", "Clip", "only_max", type}.in(clipped).absent().host(scalar(2)).out(
          HostTensor(type, {3}, {NAN, -5, 2})));
}

// ---- Cast ----

// `type` is among them: Cast to itself is the identity. Narrower floats are rounded.
void add_cast(Cases& cases, tn_dtype from, tn_dtype to) {
  const HostTensor x = HostTensor::random(from, {4, 5}, -9, 9, 1);
  Expected y = x;
  y.dtype = to;
  for (Number& number : y.values) {
    if (!is_float(to)) number = std::trunc(number.value);
  }
  OperatorCase c{"", "Cast", std::string("to_") + dtype_name(to), from};
  cases.push_back(c.in(x).attribute("to", int64_t{to}).out(y));
}

}  // namespace

void add_elementwise_cases(Cases& cases, tn_dtype type) {
  add_unary_cases(cases, type);
  add_binary_cases(cases, type);
  add_comparisons(cases, type);
  add_classification_cases(cases, type);
  add_ternary_cases(cases, type);
  for (const ElementType& row : kElementTypes) {
    if (row.dtype != type && is_float(row.dtype)) add_cast(cases, type, row.dtype);
  }
  add_cast(cases, type, TN_INT32);
  const HostTensor value = HostTensor::scalar(type, 2.5);
  cases.push_back(OperatorCase{"tenon", "Fill", "values", type}.host(value).out(
      HostTensor(type, {3, 4}, Values(12, 2.5))));
}

void add_elementwise_cases_of_other_types(Cases& cases) {
  add_integer_cases(cases);
  add_comparisons(cases, TN_INT32);
  add_comparisons(cases, TN_INT64);
  add_logic_cases(cases);
  for (const ElementType& row : kElementTypes) {
    const tn_dtype type = row.dtype;
    if (!in_set(type, type_set::kFloat8)) continue;
    add_cast(cases, type, TN_FLOAT32);
    add_unary(cases, kUnary[0], "values", HostTensor::random(type, {3, 5, 7}, -100, 100, 17));
  }
}

}  // namespace tenon::conformance
