// SPDX-License-Identifier: Apache-2.0
//
// The suite's own parts, without a device.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <set>
#include <stdexcept>

#include "report/report.h"
#include "suite/case.h"
#include "suite/claims.h"
#include "suite/compare.h"
#include "suite/declaration.h"
#include "suite/host_tensor.h"
#include "suite/pairwise.h"
#include "suite/results.h"
#include "suite/target.h"
#include "suite/variants.h"

namespace tenon::conformance {
namespace {

TEST(Spec, ParsesPluginIndexAndOptions) {
  const Spec spec = Spec::parse("/a/b.tenon.json:2?memory=discrete&threads=3");
  EXPECT_EQ(spec.plugin, "/a/b.tenon.json");
  EXPECT_EQ(spec.index, 2u);
  ASSERT_EQ(spec.options.size(), 2u);
  EXPECT_EQ(spec.options[1], (std::pair<std::string, std::string>("threads", "3")));
  EXPECT_EQ(Spec::parse("cpu").plugin, "cpu");
  EXPECT_THROW(Spec::parse("cpu?memory"), std::invalid_argument);
  EXPECT_THROW(Spec::parse("?a=b"), std::invalid_argument);
}

TEST(Declaration, MatchesNames) {
  EXPECT_TRUE(glob_match("A*b?", "Axxbc"));
  EXPECT_FALSE(glob_match("A*b", "Abc"));
}

TEST(TestResult, SurvivesALine) {
  TestResult result = TestResult::named("Operator/Add/float32.TN_operator_001_broadcast_dense");
  EXPECT_EQ(result.group, "Operator/Add/float32");
  EXPECT_EQ(result.rule, "TN-operator-001");
  result.outcome = Outcome::kHung;
  result.seconds = 1.5;
  result.messages = {"two\nlines", "\"quoted\""};
  result.properties = {{"seed", "7"}, {"dtype", "float32"}};
  const std::string line = to_line(result);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const TestResult back = result_from_line(line);
  EXPECT_EQ(back.name, result.name);
  EXPECT_EQ(back.rule, result.rule);
  EXPECT_EQ(back.outcome, result.outcome);
  EXPECT_EQ(back.seconds, result.seconds);
  EXPECT_EQ(back.messages, result.messages);
  EXPECT_EQ(back.properties, result.properties);
  EXPECT_EQ(back.property("seed"), "7");
}

TEST(TestResult, IsNotMadeOfAnythingElse) {
  for (const char* line : {"", "{", "7", "[]", "{\"test\": 1}", "{\"test\": \"A.b\"}",
                           "{\"test\": \"A.b\", \"outcome\": \"splendid\"}",
                           "{\"test\": \"A.b\", \"outcome\": \"passed\", \"properties\": 3}"}) {
    EXPECT_THROW(result_from_line(line), std::invalid_argument) << line;
  }
  TestResult result = TestResult::named("A.b\xff");
  EXPECT_EQ(result.rule, "");
  EXPECT_EQ(result_from_line(to_line(result)).name, "A.b\xEF\xBF\xBD");
}

TEST(HostTensor, RoundsToSmallFloats) {
  const auto round = [](tn_dtype dtype, Real value) {
    return HostTensor::scalar(dtype, value).values[0];
  };
  EXPECT_EQ(round(TN_FLOAT16, 65504), 65504);
  EXPECT_EQ(round(TN_FLOAT16, 65520), INFINITY);
  EXPECT_EQ(round(TN_FLOAT16, 1 + 1.0 / 2048), 1) << "ties to even";
  EXPECT_EQ(round(TN_FLOAT16, 1 + 3.0 / 2048), 1 + 2.0 / 1024);
  EXPECT_EQ(round(TN_FLOAT16, std::ldexp(1, -24)), std::ldexp(1, -24));
  EXPECT_EQ(round(TN_FLOAT16, 2047.9), 2048);
  EXPECT_EQ(round(TN_BFLOAT16, 1 + 1.0 / 256), 1);
  EXPECT_EQ(round(TN_BFLOAT16, -3.140625), -3.140625);
  EXPECT_EQ(round(TN_INT8, 300), 44);
}

TEST(HostTensor, RoundsToFloat8) {
  const auto round = [](tn_dtype dtype, Real value) {
    return HostTensor::scalar(dtype, value).values[0];
  };
  EXPECT_EQ(round(TN_FLOAT8E4M3FN, 463), 448) << "saturates";
  EXPECT_EQ(round(TN_FLOAT8E4M3FN, INFINITY), 448);
  EXPECT_EQ(round(TN_FLOAT8E5M2, -1e9), -57344);
  EXPECT_EQ(round(TN_FLOAT8E4M3FNUZ, 300), 240);
  EXPECT_EQ(round(TN_FLOAT8E4M3FN, 1.0625), 1) << "ties to even";
  EXPECT_EQ(round(TN_FLOAT8E4M3FN, std::ldexp(Real{1}, -9)), std::ldexp(Real{1}, -9));
  EXPECT_TRUE(std::isnan(round(TN_FLOAT8E5M2FNUZ, NAN)));
}

// ---- Tolerances ----

constexpr Tolerance kHalf = {0.5, 0, 0};

TEST(Difference, SeesNanAndInfinity) {
  const HostTensor expected(TN_FLOAT32, {3}, {1, NAN, INFINITY});
  EXPECT_EQ(difference(expected, expected), "");
  EXPECT_NE(difference(HostTensor(TN_FLOAT32, {3}, {1, 0, INFINITY}), expected, {9, 9, 9}), "");
  EXPECT_NE(difference(HostTensor(TN_FLOAT32, {3}, {1, NAN, 5}), expected, {9, 9, 9}), "");
  EXPECT_NE(difference(HostTensor(TN_FLOAT32, {3}, {NAN, NAN, INFINITY}), expected, {9, 9, 9}), "");
}

TEST(Difference, MeasuresEachElementByItsOwnSize) {
  const auto differs = [](Real actual, Real exact, const Tolerance& tolerance) {
    return difference(HostTensor(TN_FLOAT32, {2}, {1e6L, actual}),
                      Expected(TN_FLOAT32, {2}, {1e6L, exact}), tolerance) != "";
  };
  const Real eps = std::ldexp(Real{1}, -23);
  EXPECT_FALSE(differs(1, 1 + eps / 2, kHalf)) << "a tie";
  EXPECT_TRUE(differs(1, 1 + eps * 0.51L, kHalf));
  EXPECT_TRUE(differs(1 + eps, 1, kHalf));
  EXPECT_FALSE(differs(1 + 4 * eps, 1, {4, 0, 0}));
  EXPECT_TRUE(differs(1 + 5 * eps, 1, {4, 0, 0}));
  EXPECT_FALSE(differs(1 + 4 * eps, 1, {0.5, 4, 0}));
  EXPECT_TRUE(differs(1 + 6 * eps, 1, {0.5, 4, 0}));
}

TEST(Difference, GrowsWithTheCondition) {
  const Real eps = std::ldexp(Real{1}, -23);
  const Expected cancelled(TN_FLOAT32, {1}, {Number(1e-3L, 8)});
  EXPECT_EQ(difference(HostTensor(TN_FLOAT32, {1}, {1e-3L + 7 * eps}), cancelled, {0, 1, 0}), "");
  EXPECT_NE(difference(HostTensor(TN_FLOAT32, {1}, {1e-3L + 9 * eps}), cancelled, {0, 1, 0}), "");
}

TEST(Difference, LetsOnlyLargeValuesOverflow) {
  const HostTensor infinite(TN_FLOAT16, {1}, {INFINITY});
  EXPECT_EQ(difference(infinite, Expected(TN_FLOAT16, {1}, {65520}), kHalf), "");
  EXPECT_EQ(difference(infinite, Expected(TN_FLOAT16, {1}, {1e9L}), kHalf), "");
  EXPECT_NE(difference(infinite, Expected(TN_FLOAT16, {1}, {65400}), kHalf), "");
  EXPECT_NE(difference(infinite, Expected(TN_FLOAT16, {1}, {-1e9L}), kHalf), "");
}

TEST(Tolerance, IsOfTheContract) {
  EXPECT_EQ(tolerance_of("", "Add", TN_FLOAT32).u, 0.5);
  EXPECT_EQ(tolerance_of("", "Identity", TN_FLOAT32, TN_MATH_RELAXED).u, 0);
  EXPECT_EQ(tolerance_of("", "Exp", TN_INT32).u, 0) << "only floats are off by anything";
  // Computed in float32, then rounded once.
  EXPECT_LT(tolerance_of("", "Exp", TN_FLOAT16).u, 0.501);
  EXPECT_LT(tolerance_of("", "MatMul", TN_BFLOAT16).c, 1e-4);
  EXPECT_GT(tolerance_of("", "MatMul", TN_FLOAT32, TN_MATH_TF32).factors, 0);
  EXPECT_EQ(tolerance_of("", "Add", TN_FLOAT32, TN_MATH_TF32).factors, 0);
  EXPECT_THROW(tolerance_of("tenon", "Nothing", TN_FLOAT32), std::out_of_range);
}

// Whoever rounds the exact result passes every case, in both columns.
TEST(Tolerance, IsMetByRoundedResults) {
  for (const OperatorCase& c : all_cases()) {
    for (const Expected& output : c.outputs) {
      for (const tn_math_mode mode : {TN_MATH_STRICT, TN_MATH_RELAXED}) {
        const Tolerance tolerance = tolerance_of(c.domain, c.name, output.dtype, mode);
        EXPECT_EQ(difference(output.rounded(), output, tolerance), "")
            << c.name << " " << c.label << " of " << dtype_name(c.dtype);
      }
    }
  }
}

const OperatorCase& case_of(const std::string& name, const std::string& label, tn_dtype dtype) {
  const Cases& all = all_cases();
  const auto found = std::ranges::find_if(all, [&](const OperatorCase& c) {
    return c.name == name && c.label == label && c.dtype == dtype;
  });
  EXPECT_NE(found, all.end()) << name << " " << label;
  return *found;
}

std::string judged(const OperatorCase& c, const HostTensor& actual) {
  return difference(actual, c.outputs[0], tolerance_of(c.domain, c.name, actual.dtype));
}

// The long product with sums of a type: that of the contract, and one that is too narrow.
TEST(Tolerance, SeesSumsInANarrowType) {
  for (const tn_dtype dtype : {TN_FLOAT16, TN_BFLOAT16}) {
    const OperatorCase& c = case_of("MatMul", "long_sums", dtype);
    const HostTensor &a = c.inputs[0].tensor, &b = c.inputs[1].tensor;
    const auto product = [&](tn_dtype accumulator) {
      HostTensor y(dtype, c.outputs[0].dims);
      for_each_index(y.dims, [&](const Shape& i) {
        Real sum = 0;
        for (int64_t k = 0; k < a.dims[1]; ++k) {
          sum = HostTensor::scalar(accumulator, sum + a.at({i[0], k}) * b.at({k, i[1]})).values[0];
        }
        y.at(i) = HostTensor::scalar(dtype, sum).values[0];
      });
      return y;
    };
    EXPECT_EQ(judged(c, product(TN_FLOAT32)), "");
    EXPECT_NE(judged(c, product(dtype)), "") << dtype_name(dtype);
  }
}

// Two passes over the values, and the difference of two large means.
TEST(Tolerance, SeesTheVarianceAsADifference) {
  const OperatorCase& c = case_of("ReduceVariance", "far_from_zero", TN_FLOAT32);
  const HostTensor& x = c.inputs[0].tensor;
  const auto n = static_cast<float>(x.dims[1]);
  HostTensor good(TN_FLOAT32, c.outputs[0].dims), naive = good;
  for (int64_t row = 0; row < x.dims[0]; ++row) {
    float sum = 0, squares = 0, spread = 0;
    for (int64_t i = 0; i < x.dims[1]; ++i) {
      const auto value = static_cast<float>(x.at({row, i}));
      sum += value, squares += value * value;
    }
    const float mean = sum / n;
    for (int64_t i = 0; i < x.dims[1]; ++i) {
      const float distance = static_cast<float>(x.at({row, i})) - mean;
      spread += distance * distance;
    }
    good.at({row, 0}) = spread / (n - 1);
    naive.at({row, 0}) = (squares - n * mean * mean) / (n - 1);
  }
  EXPECT_EQ(judged(c, good), "");
  EXPECT_NE(judged(c, naive), "");
}

// Ten thousand values of one sign in one float.
TEST(Tolerance, SeesASumTermByTerm) {
  const OperatorCase& c = case_of("ReduceSum", "one_sign", TN_FLOAT32);
  const HostTensor& x = c.inputs[0].tensor;
  HostTensor y(TN_FLOAT32, c.outputs[0].dims);
  for (int64_t row = 0; row < x.dims[0]; ++row) {
    float sum = 0;
    for (int64_t i = 0; i < x.dims[1]; ++i) sum += static_cast<float>(x.at({row, i}));
    y.at({row}) = sum;
  }
  EXPECT_NE(judged(c, y), "");
}

// ---- Claims ----

OperatorRow row(const char* name, int32_t version, std::vector<TypeSet> types) {
  return {"", name, version, 0, std::move(types)};
}
uint64_t set_of(std::initializer_list<tn_dtype> types) {
  uint64_t set = 0;
  for (const tn_dtype type : types) set |= type_set::bit(type);
  return set;
}

TEST(Claims, AreTypesOfEveryConstraint) {
  // The indices' types are not listed: all that the contract allows.
  const Claims claims = claims_of(row("Gather", 13, {{"T", set_of({TN_FLOAT32})}}));
  EXPECT_EQ(claims, (Claims{{"", "Gather", 13, "T", TN_FLOAT32},
                            {"", "Gather", 13, "Tind", TN_INT32},
                            {"", "Gather", 13, "Tind", TN_INT64}}));
}

TEST(Claims, OfAnOlderVersionHaveItsTypes) {
  const OperatorCase& half = case_of("Add", "same", TN_BFLOAT16);
  const OperatorCase& single = case_of("Add", "same", TN_FLOAT32);
  const uint64_t both = set_of({TN_FLOAT32, TN_BFLOAT16});
  EXPECT_TRUE(fits(single, row("Add", 7, {{"T", both}})));
  EXPECT_FALSE(fits(half, row("Add", 7, {{"T", both}}))) << "version 7 has no bfloat16";
  EXPECT_TRUE(fits(half, row("Add", 13, {{"T", both}})));
  EXPECT_FALSE(fits(single, row("Add", 13, {{"T", set_of({TN_BFLOAT16})}}))) << "not claimed";
  EXPECT_FALSE(fits(single, row("Add", 6, {{"T", both}}))) << "version 6 means something else";
  // One type for both operands in version 7 of Pow.
  const OperatorCase& mixed = case_of("Pow", "exponent_int32", TN_FLOAT32);
  EXPECT_TRUE(fits(mixed, row("Pow", 15, {{"T", both}})));
  EXPECT_FALSE(fits(mixed, row("Pow", 7, {{"T", both}})));
}

// Those of constraints that the row does not list, too.
TEST(Claims, ThatNoTestReachedAreListed) {
  Subject subject;
  subject.operators = {row("Gather", 13, {{"T", set_of({TN_FLOAT32, TN_INT8})}}),
                       row("Nonsense", 1, {{"T", set_of({TN_FLOAT32})}})};
  TestResult result = TestResult::named("Operator/Gather/float32.TN_operator_001_values_dense");
  result.properties = {{"domain", ""}, {"operator", "Gather"}, {"version", "13"}};
  const auto unreached = [&] {
    std::vector<std::string> names;
    for (const ClaimResult& claim : claim_results_of(subject, {result})) {
      if (!claim.reached()) names.push_back(name_of(claim));
    }
    return names;
  };
  EXPECT_EQ(unreached().size(), 5u) << "it has not launched";
  result.properties.emplace_back("types", "T=float32 Tind=int64");
  EXPECT_EQ(unreached(), (std::vector<std::string>{"Gather 13 (int8)", "Gather 13 (Tind int32)",
                                                   "Nonsense 1 (float32)"}));
}

// Every pair that the contract allows, moved in whole bytes, has cases.
TEST(Claims, OfTheWholeContractHaveCases) {
  Claims missing, reached;
  for (const OperatorCase& c : all_cases()) {
    const OperatorRow whole{
        c.domain, c.name, find_contract(c.domain, c.name)->versions[0].version, 0, {}};
    if (fits(c, whole)) reached.merge(exercised_by(c, whole));
  }
  for (const OperatorCase& c : all_cases()) {
    const OperatorRow whole{
        c.domain, c.name, find_contract(c.domain, c.name)->versions[0].version, 0, {}};
    for (const Claim& claim : claims_of(whole)) {
      const bool packed = tn_dtype_bits(claim.dtype) < 8;
      if (!packed && !reached.contains(claim)) missing.insert(claim);
    }
  }
  for (const Claim& claim : missing) ADD_FAILURE() << claim.text();
}

TEST(Pairwise, HasEachPairInFewRows) {
  const std::vector<size_t> choices{3, 2, 4, 1, 3};
  const auto rows = pairwise(choices);
  for (size_t a = 0; a < choices.size(); ++a)
    for (size_t b = a + 1; b < choices.size(); ++b)
      for (size_t i = 0; i < choices[a] * choices[b]; ++i)
        EXPECT_TRUE(std::ranges::any_of(rows,
                                        [&](const std::vector<size_t>& row) {
                                          return row[a] == i / choices[b] &&
                                                 row[b] == i % choices[b];
                                        }))
            << a << ' ' << b << ' ' << i;
  EXPECT_LE(rows.size(), 16U);  // Of 72; two factors alone have 12 pairs.
}

TEST(Variants, KeepToTheirBudget) {
  const OperatorRow add = row("Add", 14, {{"T", set_of({TN_FLOAT32})}});
  std::vector<const OperatorCase*> cases;
  for (const OperatorCase& c : cases_of(TN_FLOAT32)) {
    if (fits(c, add)) cases.push_back(&c);
  }
  ASSERT_GT(cases.size(), 10u);
  for (const size_t budget : {size_t{8}, size_t{24}}) {
    const Plan plan = plan_variants(add, cases, 0, budget);
    EXPECT_EQ(plan.descriptions, budget);
    std::set<std::string> keys;
    for (const Planned& one : plan.tests) {
      keys.insert(Described(*one.operator_case, 14, one.variant).key());
    }
    keys.erase("");  // Constants.
    EXPECT_LE(keys.size(), budget);
  }
  const auto has = [](const Plan& plan, auto predicate) {
    return std::ranges::any_of(plan.tests, predicate);
  };
  // What matters most is in the sample.
  const Plan sample = plan_variants(add, cases, TN_DEVICE_DYNAMIC_DIMS, 8);
  for (const Form form : {Form::kDense, Form::kDynamic, Form::kStrided, Form::kReversed}) {
    EXPECT_TRUE(has(sample, [&](const Planned& one) { return one.variant.form == form; }))
        << form_name(form);
  }
  const Plan whole = plan_variants(add, cases, TN_DEVICE_DYNAMIC_DIMS, 24);
  for (const int input : {0, 1}) {
    EXPECT_TRUE(has(whole, [&](const Planned& one) { return one.variant.replaced == input; }));
  }
  EXPECT_TRUE(has(whole, [](const Planned& one) { return one.variant.constant == 1; }))
      << "weights";
}

}  // namespace
}  // namespace tenon::conformance
