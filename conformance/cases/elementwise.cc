// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators, forward.
#include <cmath>
#include <functional>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

using Unary = double (*)(double);
using Binary = double (*)(double, double);

struct UnaryRow {
  const char* domain;
  const char* name;
  int32_t version;
  Unary function;
  double low, high;
  double tolerance;
  bool special;  // Also for NaN and infinities.
};

double sign(double x) { return std::isnan(x) ? x : (x > 0) - (x < 0); }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double gelu(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }
double relu(double x) { return x < 0 ? 0 : x; }

const UnaryRow kUnary[] = {
    {"", "Identity", 25, [](double x) { return x; }, -100, 100, 0, true},
    {"", "Neg", 13, [](double x) { return -x; }, -100, 100, 0, true},
    {"", "Abs", 13, [](double x) { return std::fabs(x); }, -100, 100, 0, true},
    {"", "Sign", 13, sign, -3, 3, 0, false},
    {"", "Sqrt", 13, [](double x) { return std::sqrt(x); }, 0, 100, 0, true},
    {"", "Reciprocal", 13, [](double x) { return 1 / x; }, 0.5, 8, 0, true},
    {"", "Exp", 13, [](double x) { return std::exp(x); }, -5, 5, 1e-6, true},
    {"", "Log", 13, [](double x) { return std::log(x); }, 0.1, 50, 1e-6, true},
    {"", "Sin", 22, [](double x) { return std::sin(x); }, -20, 20, 1e-6, false},
    {"", "Cos", 22, [](double x) { return std::cos(x); }, -20, 20, 1e-6, false},
    {"", "Tanh", 13, [](double x) { return std::tanh(x); }, -6, 6, 1e-6, true},
    {"", "Sigmoid", 13, sigmoid, -12, 12, 1e-6, true},
    {"", "Relu", 14, relu, -3, 3, 0, true},
    {"", "LeakyRelu", 16, [](double x) { return x < 0 ? double(0.01f) * x : x; }, -3, 3, 0, false},
    {"", "Elu", 22, [](double x) { return x < 0 ? std::expm1(x) : x; }, -3, 3, 1e-6, false},
    {"", "Softplus", 22, [](double x) { return std::log1p(std::exp(x)); }, -9, 9, 1e-6, false},
    {"", "Softsign", 22, [](double x) { return x / (1 + std::fabs(x)); }, -9, 9, 1e-6, false},
    {"", "HardSigmoid", 22,
     [](double x) { return std::fmin(1, std::fmax(0, double(0.2f) * x + 0.5)); }, -4, 4, 0, false},
    {"", "HardSwish", 22, [](double x) { return x * std::fmin(1, std::fmax(0, x / 6 + 0.5)); }, -5,
     5, 1e-6, false},
    {"", "Erf", 13, [](double x) { return std::erf(x); }, -3, 3, 1e-6, true},
    {"", "Gelu", 20, gelu, -4, 4, 2e-6, false},
    {"", "Floor", 13, [](double x) { return std::floor(x); }, -5, 5, 0, true},
    {"", "Ceil", 13, [](double x) { return std::ceil(x); }, -5, 5, 0, true},
    {"", "Round", 22, [](double x) { return std::nearbyint(x); }, -5, 5, 0, true},
    {"tenon", "Rsqrt", 1, [](double x) { return 1 / std::sqrt(x); }, 0.1, 50, 1e-6, false},
    {"tenon", "Erfc", 1, [](double x) { return std::erfc(x); }, -3, 5, 1e-6, false},
    {"tenon", "Silu", 1, [](double x) { return x * sigmoid(x); }, -8, 8, 1e-6, false},
};

void add_unary(Cases& cases, const UnaryRow& row, const char* label, const HostTensor& x) {
  HostTensor y(x.dtype, x.dims, x.values);
  for (double& value : y.values) value = row.function(value);
  OperatorCase c{row.domain, row.name, row.version, label, x.dtype, row.tolerance};
  cases.push_back(c.in(x).out(HostTensor(y.dtype, y.dims, y.values)));
}

void add_unary_cases(Cases& cases) {
  for (const UnaryRow& row : kUnary) {
    const auto values = [&](tn_dtype dtype, Shape dims) {
      return HostTensor::random(dtype, std::move(dims), row.low, row.high, 17);
    };
    add_unary(cases, row, "values", values(TN_FLOAT32, {3, 5, 7}));
    add_unary(cases, row, "long", values(TN_FLOAT32, {1037}));
    add_unary(cases, row, "expanded", values(TN_FLOAT32, {3, 5, 7}).expanded({0, 2}));
    add_unary(cases, row, "scalar", values(TN_FLOAT32, {}));
    add_unary(cases, row, "empty", values(TN_FLOAT32, {3, 0}));
    add_unary(cases, row, "float64", values(TN_FLOAT64, {3, 5}));
    if (row.special) {
      add_unary(cases, row, "special", HostTensor(TN_FLOAT32, {4}, {NAN, INFINITY, -INFINITY, 0}));
    }
  }
  const UnaryRow round{"", "Round", 22, [](double x) { return std::nearbyint(x); }, 0, 0, 0, false};
  add_unary(cases, round, "halves", HostTensor(TN_FLOAT32, {6}, {0.5, 1.5, 2.5, -0.5, -1.5, -2.5}));
  const UnaryRow abs{"", "Abs", 13, [](double x) { return std::fabs(x); }, 0, 0, 0, false};
  add_unary(cases, abs, "integers", HostTensor::random(TN_INT32, {20}, -50, 50, 3));
}

struct BinaryRow {
  const char* domain;
  const char* name;
  int32_t version;
  Binary function;
  double tolerance;
  bool integers;
};

// Propagates NaN, which fmax and fmin do not.
double larger(double a, double b) { return std::isnan(a) || std::isnan(b) ? NAN : std::fmax(a, b); }
double smaller(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : std::fmin(a, b);
}

const BinaryRow kBinary[] = {
    {"", "Add", 14, [](double a, double b) { return a + b; }, 0, true},
    {"", "Sub", 14, [](double a, double b) { return a - b; }, 0, true},
    {"", "Mul", 14, [](double a, double b) { return a * b; }, 0, true},
    {"", "Div", 14, [](double a, double b) { return a / b; }, 0, false},
    {"", "Pow", 15, [](double a, double b) { return std::pow(std::fabs(a), b); }, 2e-6, false},
    {"", "Mod", 13, [](double a, double b) { return a - std::floor(a / b) * b; }, 1e-6, false},
    {"", "Max", 13, larger, 0, true},
    {"", "Min", 13, smaller, 0, true},
    {"tenon", "DivNoNan", 1, [](double a, double b) { return b == 0 ? 0 : a / b; }, 0, false},
    {"tenon", "FloorDiv", 1, [](double a, double b) { return std::floor(a / b); }, 0, false},
    {"tenon", "SquaredDifference", 1, [](double a, double b) { return (a - b) * (a - b); }, 1e-6,
     false},
    {"tenon", "Atan2", 1, [](double a, double b) { return std::atan2(a, b); }, 1e-6, false},
};

void add_binary(Cases& cases, const BinaryRow& row, const std::string& label, HostTensor a,
                HostTensor b, bool scalar_on_host = false, int32_t alias = 0) {
  // Pow of a negative base is NaN for most exponents; Mod of values near a multiple jumps.
  if (std::string(row.name) == "Pow") {
    for (double& value : a.values) value = std::fabs(value);
  }
  HostTensor c(a.dtype, broadcast_shape(a.dims, b.dims));
  for_each_index(c.dims, [&](const Shape& index) {
    c.at(index) = row.function(broadcast_at(a, index), broadcast_at(b, index));
  });
  OperatorCase operator_case{row.domain, row.name, row.version, label, a.dtype, row.tolerance};
  operator_case.in(a);
  scalar_on_host ? operator_case.host(b) : operator_case.in(b);
  cases.push_back(operator_case.out(HostTensor(c.dtype, c.dims, c.values), alias));
}

// a op= a
void add_binary_onto_itself(Cases& cases, const BinaryRow& row, HostTensor a) {
  HostTensor c(a.dtype, a.dims);
  for (size_t i = 0; i < a.values.size(); ++i) c.values[i] = row.function(a.values[i], a.values[i]);
  OperatorCase both{row.domain, row.name, row.version, "in_place_both", a.dtype, row.tolerance};
  cases.push_back(both.in(a).again(0).out(HostTensor(c.dtype, c.dims, c.values), 1));
}

void add_binary_cases(Cases& cases) {
  for (const BinaryRow& row : kBinary) {
    const auto values = [](Shape dims, uint32_t seed, tn_dtype dtype = TN_FLOAT32) {
      return HostTensor::random(dtype, std::move(dims), -5, 5, seed);
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
    add_binary_onto_itself(cases, row, HostTensor::random(TN_FLOAT32, {5, 6}, 1, 5, 7));
    if (row.integers) {
      for (const tn_dtype dtype : {TN_INT32, TN_INT64, TN_INT8, TN_UINT8}) {
        add_binary(cases, row, "integers", HostTensor::random(dtype, {20}, 0, 120, 9),
                   HostTensor::random(dtype, {20}, 0, 120, 10));
      }
    }
  }
  const BinaryRow quotient{"", "Div", 14, [](double a, double b) { return std::trunc(a / b); },
                           0,  true};
  add_binary(cases, quotient, "towards_zero", HostTensor(TN_INT32, {4}, {7, -7, 7, -7}),
             HostTensor(TN_INT32, {4}, {2, 2, -2, -2}));
  const BinaryRow exact{"", "Div", 14, [](double a, double b) { return a / b; }, 0, false};
  add_binary(cases, exact, "zeros", HostTensor(TN_FLOAT32, {3}, {1, -1, 0}),
             HostTensor(TN_FLOAT32, {3}, {0, 0, 0}));
  const HostTensor one_nan(TN_FLOAT32, {4}, {NAN, 1, NAN, 2});
  const HostTensor other_nan(TN_FLOAT32, {4}, {1, NAN, NAN, 3});
  for (const BinaryRow& row : kBinary) {
    const std::string name = row.name;
    if (name == "Max" || name == "Min" || name == "Add") {
      add_binary(cases, row, "nan", one_nan, other_nan);
    }
  }
}

// ---- To bool, and of bool ----

void add_comparison(Cases& cases, const char* domain, const char* name, int32_t version,
                    Binary function, tn_dtype dtype, double low, double high) {
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
    cases.push_back(OperatorCase{domain, name, version, label, dtype}.in(a).in(b).out(c));
  }
}

void add_logic_cases(Cases& cases) {
  for (const tn_dtype dtype : {TN_FLOAT32, TN_INT32, TN_INT64}) {
    add_comparison(
        cases, "", "Equal", 19, [](double a, double b) { return double(a == b); }, dtype, -2, 2);
    add_comparison(
        cases, "tenon", "NotEqual", 1, [](double a, double b) { return double(a != b); }, dtype, -2,
        2);
    add_comparison(
        cases, "", "Less", 13, [](double a, double b) { return double(a < b); }, dtype, -2, 2);
    add_comparison(
        cases, "", "LessOrEqual", 16, [](double a, double b) { return double(a <= b); }, dtype, -2,
        2);
    add_comparison(
        cases, "", "Greater", 13, [](double a, double b) { return double(a > b); }, dtype, -2, 2);
    add_comparison(
        cases, "", "GreaterOrEqual", 16, [](double a, double b) { return double(a >= b); }, dtype,
        -2, 2);
  }
  add_comparison(
      cases, "", "And", 7, [](double a, double b) { return double(a && b); }, TN_BOOL, 0, 1);
  add_comparison(
      cases, "", "Or", 7, [](double a, double b) { return double(a || b); }, TN_BOOL, 0, 1);
  add_comparison(
      cases, "", "Xor", 7, [](double a, double b) { return double(a != b); }, TN_BOOL, 0, 1);
  const HostTensor truth = HostTensor::random(TN_BOOL, {37}, 0, 1, 1);
  HostTensor inverse = truth;
  for (double& value : inverse.values) value = !value;
  cases.push_back(OperatorCase{"", "Not", 1, "values", TN_BOOL}.in(truth).out(inverse));
  const HostTensor special(TN_FLOAT32, {4}, {NAN, INFINITY, -INFINITY, 0});
  cases.push_back(OperatorCase{"", "IsNaN", 20, "values"}.in(special).out(
      HostTensor(TN_BOOL, {4}, {1, 0, 0, 0})));
  cases.push_back(OperatorCase{"", "IsInf", 20, "values"}.in(special).out(
      HostTensor(TN_BOOL, {4}, {0, 1, 1, 0})));
  cases.push_back(OperatorCase{"", "IsInf", 20, "positive"}
                      .in(special)
                      .attribute("detect_negative", int64_t{0})
                      .out(HostTensor(TN_BOOL, {4}, {0, 1, 0, 0})));
}

// ---- Three and more ----

void add_ternary(Cases& cases, const char* domain, const char* name, int32_t version,
                 double tolerance, const std::vector<HostTensor>& inputs, size_t first_host,
                 const std::function<double(const std::vector<double>&)>& function) {
  OperatorCase c{domain, name, version, "values", inputs[1].dtype, tolerance};
  Shape dims;
  for (size_t i = 0; i < inputs.size(); ++i) {
    dims = broadcast_shape(dims, inputs[i].dims);
    i < first_host ? c.in(inputs[i]) : c.host(inputs[i]);
  }
  HostTensor out(inputs[1].dtype, dims);
  for_each_index(dims, [&](const Shape& index) {
    std::vector<double> values;
    values.reserve(inputs.size());
    for (const HostTensor& input : inputs) values.push_back(broadcast_at(input, index));
    out.at(index) = function(values);
  });
  cases.push_back(c.out(HostTensor(out.dtype, out.dims, out.values)));
}

void add_ternary_cases(Cases& cases) {
  using V = const std::vector<double>&;
  const auto f32 = [](Shape dims, uint32_t seed) {
    return HostTensor::random(TN_FLOAT32, std::move(dims), 0.5, 4, seed);
  };
  const HostTensor condition = HostTensor::random(TN_BOOL, {5, 1}, 0, 1, 1);
  const auto scalar = [](double value) { return HostTensor::scalar(TN_FLOAT32, value); };
  add_ternary(cases, "", "Where", 16, 0, {condition, f32({5, 6}, 2), f32({6}, 3)}, 3,
              [](V v) { return v[0] != 0 ? v[1] : v[2]; });
  add_ternary(cases, "", "Clip", 13, 0, {f32({5, 6}, 2), scalar(1), scalar(2)}, 1,
              [](V v) { return std::fmin(std::fmax(v[0], v[1]), v[2]); });
  add_ternary(cases, "tenon", "AddScaled", 1, 1e-6, {f32({5, 6}, 2), f32({5, 6}, 3), scalar(0.5)},
              2, [](V v) { return v[0] + v[2] * v[1]; });
  add_ternary(cases, "tenon", "Lerp", 1, 1e-6, {f32({5, 6}, 2), f32({5, 6}, 3), scalar(0.25)}, 2,
              [](V v) { return v[0] + v[2] * (v[1] - v[0]); });
  add_ternary(cases, "tenon", "AddCMul", 1, 1e-6,
              {f32({5, 6}, 2), f32({5, 6}, 3), f32({6}, 4), scalar(0.5)}, 3,
              [](V v) { return v[0] + v[3] * v[1] * v[2]; });
  add_ternary(cases, "tenon", "AddCDiv", 1, 1e-6,
              {f32({5, 6}, 2), f32({5, 6}, 3), f32({6}, 4), scalar(0.5)}, 3,
              [](V v) { return v[0] + v[3] * v[1] / v[2]; });
  const HostTensor clipped(TN_FLOAT32, {3}, {NAN, -5, 5});
  cases.push_back(OperatorCase{"", "Clip", 13, "only_max"}.in(clipped).absent().host(scalar(2)).out(
      HostTensor(TN_FLOAT32, {3}, {NAN, -5, 2})));
}

}  // namespace

void add_elementwise_cases(Cases& cases) {
  add_unary_cases(cases);
  add_binary_cases(cases);
  add_logic_cases(cases);
  add_ternary_cases(cases);
  for (const tn_dtype to : {TN_FLOAT64, TN_INT32}) {
    const HostTensor x = HostTensor::random(TN_FLOAT32, {4, 5}, -9, 9, 1);
    HostTensor y(to, x.dims);
    for (size_t i = 0; i < y.values.size(); ++i) {
      y.values[i] = to == TN_INT32 ? std::trunc(x.values[i]) : x.values[i];
    }
    cases.push_back(OperatorCase{"", "Cast", 25, std::string("to_") + dtype_name(to)}
                        .in(x)
                        .attribute("to", int64_t{to})
                        .out(y));
  }
  cases.push_back(OperatorCase{"tenon", "Fill", 1, "values"}
                      .host(HostTensor::scalar(TN_FLOAT32, 2.5))
                      .out(HostTensor(TN_FLOAT32, {3, 4}, std::vector<double>(12, 2.5))));
}

}  // namespace tenon::conformance
