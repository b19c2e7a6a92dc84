// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/tests/kernel_harness.h"

namespace tenon::cpu {
namespace {

using namespace tenon::cpu::testing;

constexpr double kInf = INFINITY, kNaN = NAN;

Operation op(const char* name, const char* domain = "") {
  return Operation(name, elementwise_operators(), domain);
}

struct UnaryCase {
  const char* domain;
  const char* name;
  std::function<double(double)> exact;
  double low, high;
};

TEST(ElementwiseUnary, MatchesTheCLibrary) {
  const UnaryCase cases[] = {
      {"", "Neg", [](double x) { return -x; }, -9, 9},
      {"", "Abs", [](double x) { return std::fabs(x); }, -9, 9},
      {"", "Sign", [](double x) { return double((x > 0) - (x < 0)); }, -9, 9},
      {"", "Sqrt", [](double x) { return std::sqrt(x); }, 0, 9},
      {"", "Reciprocal", [](double x) { return 1 / x; }, 0.2, 9},
      {"tenon", "Rsqrt", [](double x) { return 1 / std::sqrt(x); }, 0.2, 9},
      {"", "Relu", [](double x) { return x > 0 ? x : 0; }, -9, 9},
      {"", "Floor", [](double x) { return std::floor(x); }, -9, 9},
      {"", "Ceil", [](double x) { return std::ceil(x); }, -9, 9},
      {"", "Round", [](double x) { return std::nearbyint(x); }, -9, 9},
      {"", "HardSwish", [](double x) { return x * std::min(1.0, std::max(0.0, x / 6 + 0.5)); }, -9,
       9},
      {"", "Exp", [](double x) { return std::exp(x); }, -9, 9},
      {"", "Log", [](double x) { return std::log(x); }, 0.01, 9},
      {"", "Sin", [](double x) { return std::sin(x); }, -9, 9},
      {"", "Cos", [](double x) { return std::cos(x); }, -9, 9},
      {"", "Tan", [](double x) { return std::tan(x); }, -9, 9},
      {"", "Asin", [](double x) { return std::asin(x); }, -1, 1},
      {"", "Acos", [](double x) { return std::acos(x); }, -1, 1},
      {"", "Atan", [](double x) { return std::atan(x); }, -9, 9},
      {"", "Sinh", [](double x) { return std::sinh(x); }, -4, 4},
      {"", "Cosh", [](double x) { return std::cosh(x); }, -4, 4},
      {"", "Asinh", [](double x) { return std::asinh(x); }, -9, 9},
      {"", "Acosh", [](double x) { return std::acosh(x); }, 1, 9},
      {"", "Atanh", [](double x) { return std::atanh(x); }, -0.9, 0.9},
      {"", "Tanh", [](double x) { return std::tanh(x); }, -9, 9},
      {"", "Sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }, -9, 9},
      {"tenon", "Silu", [](double x) { return x / (1 + std::exp(-x)); }, -9, 9},
      {"", "Softplus", [](double x) { return std::log1p(std::exp(x)); }, -9, 9},
      {"", "Erf", [](double x) { return std::erf(x); }, -4, 4},
      {"tenon", "Erfc", [](double x) { return std::erfc(x); }, 2, 4},
      {"", "Gelu", [](double x) { return 0.5 * x * std::erfc(-x * M_SQRT1_2); }, -9, 9},
      {"", "Gelu", [](double x) { return 0.5 * x * std::erfc(-x * M_SQRT1_2); }, -6, -5},
      {"", "Elu", [](double x) { return x > 0 ? x : std::expm1(x); }, -0.2, 0.001},
      {"", "LeakyRelu", [](double x) { return x > 0 ? x : double(0.01f) * x; }, -9, 9},
      {"", "HardSigmoid",
       [](double x) { return std::min(1.0, std::max(0.0, double(0.2f) * x + 0.5)); }, -9, 9},
  };
  for (const UnaryCase& c : cases)
    for (tn_dtype dtype : {TN_FLOAT32, TN_FLOAT64, TN_FLOAT16, TN_BFLOAT16})
      for (const Dims& dims : {Dims{3, 5, 7}, Dims{1000}}) {
        SCOPED_TRACE(std::string(c.name) + " " + dtype_name(dtype));
        const Array x = Array::random(dtype, dims, c.low, c.high);
        op(c.name, c.domain).expect_near({x}, {map_values(dtype, dims, {x}, [&](auto& v) {
                                           return c.exact(v[0]);
                                         })});
      }
}

TEST(ElementwiseUnary, KeepsSpecialValues) {
  const Array x(TN_FLOAT32, {5}, {kNaN, kInf, -kInf, -0.0, 2.5});
  op("Relu").expect({x}, {Array(TN_FLOAT32, {5}, {kNaN, kInf, 0, 0, 2.5})});
  op("Sign").expect({x}, {Array(TN_FLOAT32, {5}, {kNaN, 1, -1, 0, 1})});
  op("Round").expect({x}, {Array(TN_FLOAT32, {5}, {kNaN, kInf, -kInf, 0, 2})});
  op("Sqrt").expect({x}, {Array(TN_FLOAT32, {5}, {kNaN, kInf, kNaN, 0, std::sqrt(2.5f)})});
  op("Exp").expect_near({x}, {Array(TN_FLOAT32, {5}, {kNaN, kInf, 0, 1, std::exp(2.5)})});
  op("HardSigmoid").expect_near({x}, {Array(TN_FLOAT32, {5}, {kNaN, 1, 0, 0.5, 1})});
  op("Gelu").expect({Array(TN_FLOAT32, {2}, {kNaN, kInf})}, {Array(TN_FLOAT32, {2}, {kNaN, kInf})});
  op("IsNaN").expect({x}, {Array(TN_BOOL, {5}, {1, 0, 0, 0, 0})});
  op("IsInf").expect({x}, {Array(TN_BOOL, {5}, {0, 1, 1, 0, 0})});
  op("IsInf").set("detect_negative", 0).expect({x}, {Array(TN_BOOL, {5}, {0, 1, 0, 0, 0})});
  op("Not").expect({Array(TN_BOOL, {2}, {0, 1})}, {Array(TN_BOOL, {2}, {1, 0})});
}

TEST(ElementwiseUnary, IntegersWrap) {
  op("Neg").expect({Array(TN_INT8, {3}, {-128, 5, 0})}, {Array(TN_INT8, {3}, {-128, -5, 0})});
  op("Abs").expect({Array(TN_INT32, {2}, {-2147483648.0, -3})},
                   {Array(TN_INT32, {2}, {-2147483648.0, 3})});
  op("Neg").expect({Array(TN_UINT8, {2}, {1, 0})}, {Array(TN_UINT8, {2}, {255, 0})});
  op("Sign").expect({Array(TN_UINT16, {2}, {7, 0})}, {Array(TN_UINT16, {2}, {1, 0})});
  op("Relu").expect({Array(TN_INT64, {2}, {-7, 8})}, {Array(TN_INT64, {2}, {0, 8})});
}

TEST(ElementwiseUnary, BendsAndShrinks) {
  const Array x(TN_FLOAT32, {4}, {-1, 0.25, 3, kNaN});
  op("Celu")
      .set("alpha", 2.0f)
      .expect_near({x}, {Array(TN_FLOAT32, {4}, {2 * std::expm1(-0.5), 0.25, 3, kNaN})});
  op("Selu")
      .set("alpha", 2.0f)
      .set("gamma", 0.5f)
      .expect_near({x}, {Array(TN_FLOAT32, {4}, {std::expm1(-1.0), 0.125, 1.5, kNaN})});
  op("Swish")
      .set("alpha", 2.0f)
      .expect_near({x}, {Array(TN_FLOAT32, {4},
                               {-1 / (1 + std::exp(2.0)), 0.25 / (1 + std::exp(-0.5)),
                                3 / (1 + std::exp(-6.0)), kNaN})});
  op("ThresholdedRelu").expect({x}, {Array(TN_FLOAT32, {4}, {0, 0, 3, 0})});
  op("Shrink")
      .set("lambd", 0.5f)
      .set("bias", 0.25f)
      .expect({x}, {Array(TN_FLOAT32, {4}, {-0.75, 0, 2.75, 0})});
  op("Shrink")
      .set("lambd", 1.5f)
      .set("bias", 2.9f)
      .expect({Array(TN_INT8, {5}, {-128, -1, 2, 1, 9})},
              {Array(TN_INT8, {5}, {-125, 0, 0, 0, 6})});
  op("Shrink")
      .set("lambd", -0.5f)
      .set("bias", -1.5f)
      .expect({Array(TN_INT64, {3}, {-3, 0, 4})}, {Array(TN_INT64, {3}, {-4, -1, 5})});
  op("Shrink").expect({Array(TN_UINT64, {2}, {0, 9})}, {Array(TN_UINT64, {2}, {0, 9})});
  op("PRelu").expect({x, Array(TN_FLOAT32, {2, 1}, {0.5, -1})},
                     {Array(TN_FLOAT32, {2, 4}, {-0.5, 0.25, 3, kNaN, 1, 0.25, 3, kNaN})});
}

TEST(ElementwiseBits, AreThoseOfTwosComplement) {
  const Array a(TN_INT8, {4}, {-128, -1, 12, 0}), b(TN_INT8, {4}, {127, 5, 10, -1});
  op("BitwiseAnd").expect({a, b}, {Array(TN_INT8, {4}, {0, 5, 8, 0})});
  op("BitwiseOr").expect({a, b}, {Array(TN_INT8, {4}, {-1, -1, 14, -1})});
  op("BitwiseXor").expect({a, b}, {Array(TN_INT8, {4}, {-1, -6, 6, -1})});
  op("BitwiseNot").expect({a}, {Array(TN_INT8, {4}, {127, 0, -13, -1})});
  const Array by(TN_INT8, {5}, {0, 1, 7, 8, -1}), x = Array::scalar(TN_INT8, -3);
  op("BitShift")
      .set("direction", "LEFT")
      .expect({x, by}, {Array(TN_INT8, {5}, {-3, -6, -128, 0, 0})});
  op("BitShift")
      .set("direction", "RIGHT")
      .expect({x, by}, {Array(TN_INT8, {5}, {-3, -2, -1, -1, -1})});
  op("BitShift")
      .set("direction", "RIGHT")
      .expect({Array::scalar(TN_UINT16, 65535), Array(TN_UINT16, {3}, {15, 16, 65535})},
              {Array(TN_UINT16, {3}, {1, 0, 0})});
  op("BitShift").set("direction", "UP").expect_error({a, b}, {a}, TN_INVALID_ARGUMENT, "UP");
}

TEST(ElementwiseUnary, TakesAttributes) {
  const Array x = Array::random(TN_FLOAT32, {50}, -3, 3);
  op("LeakyRelu").set("alpha", 0.5f).expect({x}, {map_values(TN_FLOAT32, {50}, {x}, [](auto& v) {
                                              return v[0] > 0 ? v[0] : 0.5 * v[0];
                                            })});
  op("Elu").set("alpha", 2.0f).expect_near({x}, {map_values(TN_FLOAT32, {50}, {x}, [](auto& v) {
                                             return v[0] > 0 ? v[0] : 2 * std::expm1(v[0]);
                                           })});
  op("HardSigmoid")
      .set("alpha", 1.0f)
      .set("beta", 0.0f)
      .expect({x}, {map_values(TN_FLOAT32, {50}, {x},
                               [](auto& v) { return std::clamp(v[0], 0.0, 1.0); })});
  op("Gelu")
      .set("approximate", "tanh")
      .expect_near({x}, {map_values(TN_FLOAT32, {50}, {x}, [](auto& v) {
                     const double u = std::sqrt(2 / M_PI) * (v[0] + 0.044715 * std::pow(v[0], 3));
                     return 0.5 * v[0] * (1 + std::tanh(u));
                   })});
  op("Gelu").set("approximate", "wild").expect_error({x}, {x}, TN_INVALID_ARGUMENT, "wild");
}

using Binary = std::function<double(double, double)>;

double python_mod(double a, double b) {
  const double r = std::fmod(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

TEST(ElementwiseBinary, MatchesEveryTypeAndBroadcast) {
  struct Case {
    const char* domain;
    const char* name;
    Binary exact;
    uint64_t types;
  };
  const Case cases[] = {
      {"", "Add", [](double a, double b) { return a + b; }, kNumericTypes},
      {"", "Sub", [](double a, double b) { return a - b; }, kNumericTypes},
      {"", "Mul", [](double a, double b) { return a * b; }, kNumericTypes},
      {"", "Div", [](double a, double b) { return a / b; }, kNumericTypes},
      {"", "Max", [](double a, double b) { return std::max(a, b); }, kNumericTypes},
      {"", "Min", [](double a, double b) { return std::min(a, b); }, kNumericTypes},
      {"", "Mod", python_mod, kNumericTypes},
      {"", "Pow", [](double a, double b) { return std::pow(a, b); }, kNumericTypes},
      {"tenon", "FloorDiv", [](double a, double b) { return std::floor(a / b); }, kNumericTypes},
      {"tenon", "DivNoNan", [](double a, double b) { return a / b; }, kFloatTypes},
      {"tenon", "SquaredDifference", [](double a, double b) { return (a - b) * (a - b); },
       kFloatTypes},
      {"tenon", "Atan2", [](double a, double b) { return std::atan2(a, b); }, kFloatTypes},
  };
  const std::pair<Dims, Dims> shapes[] = {{{4, 5}, {4, 5}},    {{4, 5}, {}},  {{}, {4, 5}},
                                          {{2, 1, 5}, {3, 1}}, {{0, 5}, {5}}, {{}, {}}};
  for (const Case& c : cases)
    for (tn_dtype dtype = 1; dtype < 24; ++dtype) {
      if (!(c.types >> dtype & 1)) continue;
      ASSERT_TRUE(op(c.name, c.domain).entry()->dtypes >> dtype & 1);
      for (const auto& [a_dims, b_dims] : shapes) {
        const bool is_float = kFloatTypes >> dtype & 1;
        const bool is_signed = is_float || dtype == TN_INT8 || dtype == TN_INT16 ||
                               dtype == TN_INT32 || dtype == TN_INT64;
        const bool is_power = std::string(c.name) == "Pow";
        Array a = Array::sequence(dtype, a_dims, is_signed && !is_power ? -5 : 0, 1, 11);
        Array b = Array::sequence(dtype, b_dims, 1, 1, is_power ? 2 : 5);
        if (is_signed && !is_power && b.count() > 1) b.set(1, -3);
        Dims dims = a_dims == Dims{2, 1, 5} ? Dims{2, 3, 5} : a_dims.empty() ? b_dims : a_dims;
        const Array expected = map_values(dtype, dims, {a, b}, [&](auto& v) {
          const double e = c.exact(v[0], v[1]);
          return is_float ? e : std::trunc(e);
        });
        SCOPED_TRACE(std::string(c.name) + " " + dtype_name(dtype) + " of dims of rank " +
                     std::to_string(a_dims.size()) + " and " + std::to_string(b_dims.size()));
        op(c.name, c.domain).expect_near({a, b}, {expected});
      }
    }
}

TEST(ElementwiseBinary, CrossesThreadsAndVectors) {
  const Dims dims{3, 41, 1001};
  const Array a = Array::random(TN_FLOAT32, dims, -4, 4, 1);
  const Array b = Array::random(TN_FLOAT32, {41, 1}, -4, 4, 2);
  op("Mul").expect({a, b}, {map_values(TN_FLOAT32, dims, {a, b},
                                       [](auto& v) { return double(float(v[0]) * float(v[1])); })});
  const Array big = Array::random(TN_FLOAT32, {200000}, -4, 4);
  op("Exp").expect_near(
      {big}, {map_values(TN_FLOAT32, {200000}, {big}, [](auto& v) { return std::exp(v[0]); })});
}

TEST(ElementwiseBinary, WritesOverAnInput) {
  const Array a = Array::random(TN_FLOAT32, {7, 33}, -4, 4, 1);
  const Array b = Array::random(TN_FLOAT32, {33}, -4, 4, 2);
  const Array sum = map_values(TN_FLOAT32, {7, 33}, {a, b},
                               [](auto& v) { return double(float(v[0]) + float(v[1])); });
  op("Add").in_place(0).expect({a, b}, {sum});
  op("Add").in_place(1).expect({b, a}, {sum});
  op("Neg").in_place(0).expect(
      {a}, {map_values(TN_FLOAT32, {7, 33}, {a}, [](auto& v) { return -v[0]; })});
}

TEST(ElementwiseBinary, HandlesStrideZeroInputs) {
  const Array row = Array::sequence(TN_INT32, {1, 4});
  const Array column = Array::sequence(TN_INT32, {3, 1}, 10, 10);
  std::vector<Array> out{Array(TN_INT32, {3, 4})};
  op("Add").run({row.broadcast({3, 4}), column.broadcast({3, 4})}, out);
  for (int64_t i = 0; i < 12; ++i) EXPECT_EQ(out[0].get(i), i % 4 + 10 * (i / 4 + 1));
}

TEST(ElementwiseBinary, PropagatesNaN) {
  const Array a(TN_FLOAT32, {3}, {kNaN, 1, kNaN}), b(TN_FLOAT32, {3}, {1, kNaN, kNaN});
  for (const char* name : {"Max", "Min", "Add", "Mod"})
    op(name).expect({a, b}, {Array(TN_FLOAT32, {3}, {kNaN, kNaN, kNaN})});
}

TEST(ElementwiseBinary, IntegersWrapAndFailOnZero) {
  op("Add").expect({Array(TN_INT8, {2}, {127, 100}), Array(TN_INT8, {}, {1})},
                   {Array(TN_INT8, {2}, {-128, 101})});
  op("Mul").expect({Array(TN_UINT16, {1}, {65535}), Array(TN_UINT16, {1}, {65535})},
                   {Array(TN_UINT16, {1}, {1})});
  const Array least = Array::of<int64_t>(TN_INT64, {1}, {INT64_MIN});
  const Array minus = Array(TN_INT64, {1}, {-1}), zero = Array(TN_INT64, {1}, {0});
  op("Div").expect({least, minus}, {least});
  op("FloorDiv", "tenon").expect({least, minus}, {least});
  op("Mod").expect({least, minus}, {zero});
  for (const char* name : {"Div", "Mod"})
    op(name).expect_error({least, zero}, {minus}, TN_INVALID_ARGUMENT, name);
  op("FloorDiv", "tenon").expect_error({least, zero}, {minus}, TN_INVALID_ARGUMENT, "FloorDiv");
}

TEST(ElementwiseBinary, Divides) {
  const Array a(TN_FLOAT32, {4}, {1, -1, 0, 7}), zero = Array::scalar(TN_FLOAT32, 0);
  op("Div").expect({a, zero}, {Array(TN_FLOAT32, {4}, {kInf, -kInf, kNaN, kInf})});
  op("DivNoNan", "tenon").expect({a, zero}, {Array(TN_FLOAT32, {4}, {0, 0, 0, 0})});
  op("FloorDiv", "tenon")
      .expect({Array(TN_FLOAT32, {3}, {1, -7, 7}), Array(TN_FLOAT32, {3}, {0.1f, 2, kInf})},
              {Array(TN_FLOAT32, {3}, {9, -4, 0})});
  const Array n(TN_INT32, {4}, {7, -7, 7, -7}), d(TN_INT32, {4}, {3, 3, -3, -3});
  op("Div").expect({n, d}, {Array(TN_INT32, {4}, {2, -2, -2, 2})});
  op("FloorDiv", "tenon").expect({n, d}, {Array(TN_INT32, {4}, {2, -3, -3, 2})});
  op("Mod").expect({n, d}, {Array(TN_INT32, {4}, {1, 2, -2, -1})});
  op("Mod").set("fmod", 1).expect({n, d}, {Array(TN_INT32, {4}, {1, -1, 1, -1})});
  op("Mod").set("fmod", 1).expect({Array(TN_FLOAT64, {1}, {-5.5}), Array(TN_FLOAT64, {1}, {2})},
                                  {Array(TN_FLOAT64, {1}, {-1.5})});
}

TEST(ElementwiseBinary, RaisesToPowersOfOtherTypes) {
  const Array x(TN_FLOAT32, {3}, {-2, 3, 0.5});
  op("Pow").expect_near({x, Array(TN_INT64, {3}, {3, -1, 2})},
                        {Array(TN_FLOAT32, {3}, {-8, 1 / 3., 0.25})});
  op("Pow").expect({x, Array::scalar(TN_FLOAT32, 2)}, {Array(TN_FLOAT32, {3}, {4, 9, 0.25})});
  op("Pow").expect({Array(TN_INT32, {3}, {2, 3, 9}), Array(TN_FLOAT32, {3}, {3, 2, 0.5})},
                   {Array(TN_INT32, {3}, {8, 9, 3})});
  op("Pow").expect({Array(TN_INT64, {4}, {-1, 1, 2, -1}), Array(TN_INT32, {4}, {-3, -3, -3, 4})},
                   {Array(TN_INT64, {4}, {-1, 1, 0, 1})});
  op("Pow").expect({Array(TN_FLOAT16, {2}, {2, 3}), Array(TN_FLOAT64, {}, {3})},
                   {Array(TN_FLOAT16, {2}, {8, 27})});
}

TEST(ElementwiseBinary, ComputesWithoutBranchesOnTruth) {
  const Array a(TN_BOOL, {4}, {0, 0, 1, 1}), b(TN_BOOL, {4}, {0, 1, 0, 1});
  op("And").expect({a, b}, {Array(TN_BOOL, {4}, {0, 0, 0, 1})});
  op("Or").expect({a, b}, {Array(TN_BOOL, {4}, {0, 1, 1, 1})});
  op("Xor").expect({a, b}, {Array(TN_BOOL, {4}, {0, 1, 1, 0})});
  op("Equal").expect({a, b}, {Array(TN_BOOL, {4}, {1, 0, 0, 1})});
}

TEST(Compare, MatchesEveryType) {
  const std::pair<const char*, std::function<bool(double, double)>> cases[] = {
      {"Equal", std::equal_to<>()},  {"NotEqual", std::not_equal_to<>()},
      {"Less", std::less<>()},       {"LessOrEqual", std::less_equal<>()},
      {"Greater", std::greater<>()}, {"GreaterOrEqual", std::greater_equal<>()}};
  for (const auto& [name, exact] : cases)
    for (tn_dtype dtype = 1; dtype < 24; ++dtype) {
      if (!(kNumericTypes >> dtype & 1)) continue;
      Array a = Array::sequence(dtype, {6, 7}, 0, 1, 5), b = Array::sequence(dtype, {7}, 0, 1, 3);
      if (kFloatTypes >> dtype & 1) {
        a.set(3, kNaN);
        a.set(4, -0.0);
        b.set(0, kNaN);
      }
      const auto& compare = exact;
      op(name, std::string(name) == "NotEqual" ? "tenon" : "")
          .expect({a, b}, {map_values(TN_BOOL, {6, 7}, {a, b},
                                      [&](auto& v) { return double(compare(v[0], v[1])); })});
    }
}

TEST(Compare, TellsLargeIntegersApart) {
  const int64_t big = int64_t{1} << 60;
  op("Less").expect({Array::of<int64_t>(TN_INT64, {2}, {big, big + 1}),
                     Array::of<int64_t>(TN_INT64, {2}, {big + 1, big + 1})},
                    {Array(TN_BOOL, {2}, {1, 0})});
  op("Greater").expect({Array::of<uint64_t>(TN_UINT64, {1}, {~uint64_t{0}}),
                        Array::of<uint64_t>(TN_UINT64, {1}, {1})},
                       {Array(TN_BOOL, {1}, {1})});
}

TEST(WhereClip, Selects) {
  const Array c(TN_BOOL, {2, 1}, {1, 0});
  for (tn_dtype dtype : {TN_INT8, TN_FLOAT16, TN_FLOAT32, TN_INT64, TN_BOOL}) {
    const Array x = Array::sequence(dtype, {3}, 0, 1, 2),
                y = Array::sequence(dtype, {2, 3}, 0, 1, 3);
    op("Where").expect({c, x, y}, {map_values(dtype, {2, 3}, {c, x, y},
                                              [](auto& v) { return v[0] != 0 ? v[1] : v[2]; })});
  }
  op("Where").expect(
      {Array(TN_BOOL, {2}, {0, 1}), Array::of<double>(TN_COMPLEX128, {2}, {1, 2, 3, 4}),
       Array::of<double>(TN_COMPLEX128, {}, {7, 8})},
      {Array::of<double>(TN_COMPLEX128, {2}, {7, 8, 3, 4})});
  op("Where").expect_error({c, Array(TN_INT8, {3}), Array(TN_INT8, {2, 2})},
                           {Array(TN_INT8, {2, 3})}, TN_INVALID_ARGUMENT, "[2, 2]");
}

TEST(WhereClip, Clips) {
  const Array x(TN_FLOAT32, {5}, {kNaN, -5, 0.5, 5, -kInf});
  const Array low = Array::scalar(TN_FLOAT32, -1), high = Array::scalar(TN_FLOAT32, 1);
  op("Clip").expect({x, low, high}, {Array(TN_FLOAT32, {5}, {kNaN, -1, 0.5, 1, -1})});
  op("Clip").expect({x, Array(), high}, {Array(TN_FLOAT32, {5}, {kNaN, -5, 0.5, 1, -kInf})});
  op("Clip").expect({x, low}, {Array(TN_FLOAT32, {5}, {kNaN, -1, 0.5, 5, -1})});
  op("Clip").expect({x}, {x});
  // Bounds the wrong way around: the upper one wins.
  op("Clip").expect({x, high, low}, {Array(TN_FLOAT32, {5}, {kNaN, -1, -1, -1, -1})});
  const Array bytes(TN_UINT8, {3}, {0, 100, 255});
  op("Clip").expect({bytes, Array(), Array::scalar(TN_UINT8, 99)},
                    {Array(TN_UINT8, {3}, {0, 99, 99})});
  const Array halves(TN_FLOAT16, {3}, {-kInf, 7, kInf});
  op("Clip").expect({halves}, {halves});
}

TEST(Ternary, AddsScaled) {
  for (tn_dtype dtype : {TN_FLOAT32, TN_FLOAT64, TN_INT32, TN_UINT8, TN_FLOAT16}) {
    const Array a = Array::sequence(dtype, {3, 4}, 1, 1, 4), b = Array::sequence(dtype, {4}, 1, 2);
    const Array alpha = Array::scalar(dtype, 3);
    op("AddScaled", "tenon")
        .expect({a, b, alpha}, {map_values(dtype, {3, 4}, {a, b, alpha},
                                           [](auto& v) { return v[0] + v[2] * v[1]; })});
    op("AddCMul", "tenon")
        .expect({a, b, a, alpha}, {map_values(dtype, {3, 4}, {a, b, a, alpha},
                                              [](auto& v) { return v[0] + v[3] * v[1] * v[2]; })});
  }
  const Array x = Array::random(TN_FLOAT32, {9}, 1, 4), y = Array::random(TN_FLOAT32, {9}, 1, 4, 2);
  const Array value = Array::scalar(TN_FLOAT32, 0.5);
  op("AddCDiv", "tenon")
      .expect_near({x, x, y, value}, {map_values(TN_FLOAT32, {9}, {x, x, y, value}, [](auto& v) {
                     return v[0] + v[3] * v[1] / v[2];
                   })});
  const Array weight = Array::sequence(TN_FLOAT32, {9}, 0, 0.125);
  op("Lerp", "tenon")
      .expect_near({x, y, weight}, {map_values(TN_FLOAT32, {9}, {x, y, weight}, [](auto& v) {
                     return v[0] + v[2] * (v[1] - v[0]);
                   })});
}

TEST(ElementwiseGrad, MatchesTheDerivatives) {
  const Dims dims{4, 9};
  const Array d = Array::random(TN_FLOAT32, dims, -2, 2, 1),
              x = Array::random(TN_FLOAT32, dims, -4, 4, 2);
  const Array y = Array::random(TN_FLOAT32, dims, 0.1, 0.9, 3);
  const auto check = [&](const char* name, const Array& kept, Binary exact, double condition = 0) {
    op(name, "tenon")
        .expect_near(
            {d, kept},
            {map_values(TN_FLOAT32, dims, {d, kept}, [&](auto& v) { return exact(v[0], v[1]); })},
            condition);
  };
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  check("TanhGrad", y, [](double g, double v) { return g * (1 - v * v); });
  check("SigmoidGrad", y, [](double g, double v) { return g * v * (1 - v); });
  check("RsqrtGrad", y, [](double g, double v) { return -0.5 * g * v * v * v; });
  check("SqrtGrad", y, [](double g, double v) { return 0.5 * g / v; });
  const Array none = Array::of<float>(TN_FLOAT32, {2}, {0, 0});
  const Array poles = Array::of<float>(TN_FLOAT32, {2}, {0, INFINITY});
  for (const char* name : {"RsqrtGrad", "SqrtGrad"})
    op(name, "tenon").expect({none, poles}, {none});
  check("SiluGrad", x,
        [&](double g, double v) { return g * sigmoid(v) * (1 + v * (1 - sigmoid(v))); });
  // 2 * (4 * cdf + 4 * |v| * pdf + |v|^3 * pdf) is less than 10: functions count four times,
  // and tanh twice as often in 1 - tanh^2: 20.
  check(
      "GeluGrad", x,
      [](double g, double v) {
        return g *
               (0.5 * std::erfc(-v * M_SQRT1_2) + v * std::exp(-v * v / 2) / std::sqrt(2 * M_PI));
      },
      10);
  op("GeluGrad", "tenon")
      .set("approximate", "tanh")
      .expect_near(
          {d, x},
          {map_values(TN_FLOAT32, dims, {d, x},
                      [](auto& v) {
                        const auto gelu = [](double t) {
                          return 0.5 * t *
                                 (1 + std::tanh(std::sqrt(2 / M_PI) * (t + 0.044715 * t * t * t)));
                        };
                        return v[0] * (gelu(v[1] + 1e-5) - gelu(v[1] - 1e-5)) / 2e-5;
                      })},
          20);
  op("ReluGrad", "tenon")
      .expect(
          {d, x, Array::scalar(TN_FLOAT32, 0.5)},
          {map_values(TN_FLOAT32, dims, {d, x}, [](auto& v) { return v[1] > 0.5 ? v[0] : 0; })});
}

TEST(Elementwise, RefusesWhatDoesNotFit) {
  const Array a(TN_FLOAT32, {2, 3});
  op("Add").expect_error({a, Array(TN_FLOAT32, {4})}, {a}, TN_INVALID_ARGUMENT, "[4]");
  op("Add").expect_error({a, a}, {Array(TN_FLOAT32, {3})}, TN_INVALID_ARGUMENT, "[2, 3]");
  op("Add").expect_error({a, a}, {Array(TN_FLOAT32, {7, 2, 3})}, TN_INVALID_ARGUMENT, "[7, 2, 3]");
  op("Add").expect_error({a, Array(TN_INT32, {2, 3})}, {a}, TN_UNSUPPORTED, "int32");
  op("Add").expect_error({a}, {a}, TN_INVALID_ARGUMENT);
  op("Add").expect_error({a, Array()}, {a}, TN_INVALID_ARGUMENT);
  op("Sqrt").expect_error({Array(TN_INT32, {2})}, {Array(TN_INT32, {2})}, TN_UNSUPPORTED, "int32");
}

}  // namespace
}  // namespace tenon::cpu
