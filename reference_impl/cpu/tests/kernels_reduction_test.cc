// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/tests/kernel_harness.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

using namespace tenon::cpu::testing;

constexpr double kInf = INFINITY, kNaN = NAN;
using Values = std::vector<double>;

Operation op(const char* name, const char* domain = "") {
  return Operation(name, reduction_operators(), domain);
}

Array axes_of(const std::vector<int64_t>& axes) {
  return Array::of<int64_t>(TN_INT64, {static_cast<int64_t>(axes.size())}, axes);
}

// Groups the elements of `x` by their result and applies `exact` to each group.
Array reduce(const Array& x, const Dims& axes, bool keepdims,
             const std::function<double(Values&)>& exact, tn_dtype dtype = TN_DTYPE_UNDEFINED) {
  Dims kept = x.dims(), out;
  for (int64_t a : axes) kept[a] = 1;
  for (size_t d = 0; d < kept.size(); ++d)
    if (keepdims || std::find(axes.begin(), axes.end(), int64_t(d)) == axes.end())
      out.push_back(kept[d]);
  std::vector<Values> groups(product(kept));
  const Dims steps = Array::row_major(kept), all = Array::row_major(x.dims());
  for (int64_t i = 0; i < x.count(); ++i) {
    int64_t group = 0;
    for (size_t d = 0; d < kept.size(); ++d)
      if (kept[d] != 1) group += i / all[d] % x.dims()[d] * steps[d];
    groups[group].push_back(x.get(i));
  }
  Array result(dtype ? dtype : x.dtype(), out);
  for (size_t g = 0; g < groups.size(); ++g) result.set(int64_t(g), exact(groups[g]));
  return result;
}

double sum(const Values& v) {
  long double s = 0;
  for (double x : v) s += x;
  return double(s);
}
double variance(const Values& v, double correction) {
  const double mean = sum(v) / double(v.size());
  double s = 0;
  for (double x : v) s += (x - mean) * (x - mean);
  return s / (double(v.size()) - correction);
}

const std::pair<const char*, std::function<double(Values&)>> kReductions[] = {
    {"ReduceSum", [](Values& v) { return sum(v); }},
    {"ReduceMean", [](Values& v) { return sum(v) / double(v.size()); }},
    {"ReduceMax", [](Values& v) { return *std::max_element(v.begin(), v.end()); }},
    {"ReduceMin", [](Values& v) { return *std::min_element(v.begin(), v.end()); }},
    {"ReduceProd",
     [](Values& v) {
       double p = 1;
       for (double x : v) p *= x;
       return p;
     }},
    {"ReduceSumSquare",
     [](Values& v) {
       for (double& x : v) x *= x;
       return sum(v);
     }},
    {"ReduceL1",
     [](Values& v) {
       for (double& x : v) x = std::fabs(x);
       return sum(v);
     }},
    {"ReduceL2",
     [](Values& v) {
       for (double& x : v) x *= x;
       return std::sqrt(sum(v));
     }},
    {"ReduceLogSumExp",
     [](Values& v) {
       for (double& x : v) x = std::exp(x);
       return std::log(sum(v));
     }},
};

TEST(Reduce, MatchesForEveryAxesAndType) {
  const std::pair<Dims, std::vector<Dims>> shapes[] = {
      {{3, 4, 20}, {{0}, {1}, {2}, {0, 2}, {1, 2}, {0, 1}, {0, 1, 2}, {-1, 0}}},
      {{70, 33}, {{0}, {1}, {0, 1}}},
      {{5, 1, 3, 2}, {{1}, {0, 3}}},
      {{}, {{}}}};
  for (const auto& [name, exact] : kReductions)
    for (tn_dtype dtype : {TN_FLOAT32, TN_FLOAT64, TN_FLOAT16, TN_BFLOAT16, TN_INT32, TN_INT64}) {
      if (!(op(name).entry()->dtypes >> dtype & 1)) continue;
      const bool is_float = kFloatTypes >> dtype & 1;
      for (const auto& [dims, axes_list] : shapes) {
        const bool product_of = std::string(name) == "ReduceProd";
        const Array x =
            is_float ? Array::random(dtype, dims, product_of ? 0.98 : -2, product_of ? 1.02 : 2)
                     : Array::sequence(dtype, dims, product_of ? 1 : -3, product_of ? 0 : 1, 9);
        for (const Dims& given : axes_list)
          for (int keepdims : {0, 1}) {
            Dims axes = given;
            for (int64_t& a : axes) a = a < 0 ? a + int64_t(dims.size()) : a;
            SCOPED_TRACE(std::string(name) + " " + dtype_name(dtype) + " over " + dims_text(given));
            Array expected = reduce(x, axes, keepdims, [&](Values& v) {
              const double e = exact(v);
              return is_float ? e : std::trunc(e);
            });
            const bool sums = std::string(name) == "ReduceSum" || std::string(name) == "ReduceMean";
            const double condition =
                sums ? 2 * reduce(x.magnitudes(), axes, keepdims, exact).largest()
                : std::string(name) == "ReduceProd"  // A unit a factor.
                    ? static_cast<double>(x.count()) * expected.largest()
                    : 0;
            op(name)
                .set("keepdims", keepdims)
                .expect_near({x, axes_of(given)}, {expected}, condition);
            if (::testing::Test::HasFailure()) return;
          }
      }
    }
}

TEST(Reduce, AddsManyElementsWithLittleError) {
  // Added one by one in float32, the error of this sum would be in the percents.
  const Array x = Array::random(TN_FLOAT32, {1 << 20}, 0, 1);
  op("ReduceSum").set("keepdims", 0).expect_near({x}, {reduce(x, {0}, false, sum)});
  const Array columns = Array::random(TN_FLOAT64, {70000, 9}, 0, 1);
  op("ReduceSum")
      .set("keepdims", 0)
      .expect_near({columns, axes_of({0})}, {reduce(columns, {0}, false, sum)});
}

TEST(Reduce, GivesTheSameBitsWithAnyThreads) {
  const Array x = Array::random(TN_FLOAT32, {3, 100000}, -1, 1);
  for (const auto& [name, exact] : kReductions) {
    std::vector<Array> one{Array(TN_FLOAT32, {3})}, many = one;
    const Operation o = op(name).set("keepdims", 0);
    o.run({x, axes_of({1})}, one, 1);
    o.run({x, axes_of({1})}, many, 7);
    for (int64_t i = 0; i < 3; ++i) EXPECT_TRUE(one[0].same_bytes(many[0], i)) << name;
  }
}

TEST(Reduce, OfNothingIsTheIdentity) {
  const Array none(TN_FLOAT32, {2, 0}), none_int(TN_INT32, {2, 0});
  const auto expect = [&](const char* name, double value) {
    op(name)
        .set("keepdims", 0)
        .expect({none, axes_of({1})}, {Array(TN_FLOAT32, {2}, {value, value})});
  };
  expect("ReduceSum", 0);
  expect("ReduceProd", 1);
  expect("ReduceMax", -kInf);
  expect("ReduceMin", kInf);
  expect("ReduceMean", kNaN);
  expect("ReduceLogSumExp", -kInf);
  op("ReduceMax")
      .set("keepdims", 0)
      .expect({none_int, axes_of({1})}, {Array(TN_INT32, {2}, {-2147483648.0, -2147483648.0})});
  op("ReduceSum").expect({none, axes_of({0})}, {Array(TN_FLOAT32, {1, 0})});
  op("ReduceVariance", "tenon")
      .set("keepdims", 0)
      .expect({none, axes_of({1}), Array::scalar(TN_FLOAT32, 0)},
              {Array(TN_FLOAT32, {2}, {kNaN, kNaN}), Array(TN_FLOAT32, {2}, {kNaN, kNaN})});
}

TEST(Reduce, PropagatesNaNAndInfinity) {
  Array x = Array::sequence(TN_FLOAT32, {40});
  x.set(17, kNaN);
  for (const auto& [name, exact] : kReductions)
    op(name).expect({x}, {Array(TN_FLOAT32, {1}, {kNaN})});
  const Array lowest(TN_FLOAT32, {2}, {-kInf, -kInf}), highest(TN_FLOAT32, {3}, {1, kInf, kInf});
  op("ReduceLogSumExp").expect({lowest}, {Array(TN_FLOAT32, {1}, {-kInf})});
  op("ReduceLogSumExp").expect({highest}, {Array(TN_FLOAT32, {1}, {kInf})});
  op("ReduceLogSumExp")
      .expect_near({Array(TN_FLOAT32, {2}, {1000, 1000})},
                   {Array(TN_FLOAT32, {1}, {1000 + std::log(2.)})});
}

TEST(Reduce, WithoutAxes) {
  const Array x = Array::sequence(TN_FLOAT32, {2, 3}, -2);
  op("ReduceSum").expect({x}, {Array(TN_FLOAT32, {1, 1}, {3})});
  op("ReduceSum").expect({x, axes_of({})}, {Array(TN_FLOAT32, {1, 1}, {3})});
  op("ReduceSum").set("noop_with_empty_axes", 1).expect({x}, {x});
  op("ReduceSumSquare")
      .set("noop_with_empty_axes", 1)
      .expect({x}, {Array(TN_FLOAT32, {2, 3}, {4, 1, 0, 1, 4, 9})});
}

TEST(Reduce, IntegersWrap) {
  op("ReduceSum").expect({Array(TN_INT8, {2}, {127, 1})}, {Array(TN_INT8, {1}, {-128})});
  op("ReduceL1").expect({Array(TN_INT8, {2}, {-100, -27})}, {Array(TN_INT8, {1}, {127})});
  op("ReduceL1")
      .expect({Array::of<uint64_t>(TN_UINT64, {1}, {~uint64_t{0}})},
              {Array::of<uint64_t>(TN_UINT64, {1}, {~uint64_t{0}})});
  op("ReduceMean").expect({Array(TN_INT32, {2}, {-3, -4})}, {Array(TN_INT32, {1}, {-3})});
  op("ReduceMax")
      .expect({Array::of<int64_t>(TN_INT64, {2}, {INT64_MAX, INT64_MAX - 1})},
              {Array::of<int64_t>(TN_INT64, {1}, {INT64_MAX})});
}

TEST(Reduce, Truth) {
  const Array x(TN_BOOL, {3, 2}, {0, 0, 0, 1, 1, 1});
  const Array any(TN_BOOL, {3, 1}, {0, 1, 1}), all(TN_BOOL, {3, 1}, {0, 0, 1});
  op("ReduceAny", "tenon").expect({x, axes_of({1})}, {any});
  op("ReduceAll", "tenon").expect({x, axes_of({-1})}, {all});
  op("ReduceMax").expect({x, axes_of({1})}, {any});
  op("ReduceMin").expect({x, axes_of({1})}, {all});
  op("ReduceAll", "tenon").expect({Array(TN_BOOL, {0})}, {Array(TN_BOOL, {1}, {1})});
  op("ReduceAny", "tenon").expect({Array(TN_BOOL, {0})}, {Array(TN_BOOL, {1}, {0})});
}

TEST(Reduce, Variance) {
  for (const Dims& axes : {Dims{0}, Dims{1}, Dims{0, 1}})
    for (double correction : {0.0, 1.0}) {
      // Far from zero: the squares of the elements say nothing about their variance.
      const Array x = Array::random(TN_FLOAT32, {90, 300}, 1000, 1001);
      op("ReduceVariance", "tenon")
          .expect_near(
              {x, axes_of(axes), Array::scalar(TN_FLOAT32, correction)},
              {reduce(x, axes, true, [&](Values& v) { return variance(v, correction); }),
               reduce(x, axes, true, [](Values& v) { return sum(v) / double(v.size()); })});
    }
  const Array one(TN_FLOAT32, {1}, {3});
  op("ReduceVariance", "tenon")
      .expect({one, axes_of({0}), Array::scalar(TN_FLOAT32, 1)},
              {Array(TN_FLOAT32, {1}, {kNaN}), Array()});
}

TEST(Reduce, RefusesWhatDoesNotFit) {
  const Array x(TN_FLOAT32, {2, 3});
  op("ReduceSum")
      .expect_error({x, axes_of({2})}, {Array(TN_FLOAT32, {1, 1})}, TN_INVALID_ARGUMENT, "axis 2");
  op("ReduceSum")
      .expect_error({x, axes_of({0})}, {Array(TN_FLOAT32, {2, 1})}, TN_INVALID_ARGUMENT, "[2, 1]");
  op("ReduceSum")
      .expect_error({x, axes_of({0})}, {Array(TN_FLOAT32, {3})}, TN_INVALID_ARGUMENT, "[3]");
  op("ReduceL2").expect_error({Array(TN_INT32, {2})}, {Array(TN_INT32, {1})}, TN_UNSUPPORTED);
}

TEST(ArgReduce, FindsTheFirstOrLast) {
  for (tn_dtype dtype : {TN_FLOAT32, TN_FLOAT16, TN_INT8, TN_UINT64}) {
    const Array x = Array::sequence(dtype, {4, 6, 5}, 0, 1, 7);
    for (int64_t axis : {0, 1, -1})
      for (int last : {0, 1})
        for (int keepdims : {0, 1}) {
          const auto find = [&](bool largest) {
            return reduce(
                x, {axis < 0 ? axis + 3 : axis}, keepdims,
                [&](Values& v) {
                  size_t best = 0;
                  for (size_t i = 1; i < v.size(); ++i)
                    if ((largest ? v[i] > v[best] : v[i] < v[best]) || (last && v[i] == v[best]))
                      best = i;
                  return double(best);
                },
                TN_INT64);
          };
          op("ArgMax")
              .set("axis", axis)
              .set("select_last_index", last)
              .set("keepdims", keepdims)
              .expect({x}, {find(true)});
          op("ArgMin")
              .set("axis", axis)
              .set("select_last_index", last)
              .set("keepdims", keepdims)
              .expect({x}, {find(false)});
        }
  }
}

TEST(ArgReduce, TakesNaNFirst) {
  const Array x(TN_FLOAT32, {5}, {1, kNaN, kInf, kNaN, -kInf});
  for (const char* name : {"ArgMax", "ArgMin"}) {
    op(name).expect({x}, {Array(TN_INT64, {1}, {1})});
    op(name).set("select_last_index", 1).expect({x}, {Array(TN_INT64, {1}, {3})});
  }
  op("ArgMax").set("keepdims", 0).expect({Array(TN_FLOAT32, {}, {5})}, {Array(TN_INT64, {}, {0})});
  op("ArgMax").expect({Array(TN_FLOAT32, {2, 0})}, {Array(TN_INT64, {1, 0})});
  op("ArgMax").set("axis", 1).expect_error({Array(TN_FLOAT32, {2, 0})}, {Array(TN_INT64, {2, 1})},
                                           TN_INVALID_ARGUMENT, "no extreme");
}

TEST(CumProd, Multiplies) {
  const Array x(TN_INT8, {2, 3}, {2, 3, 100, -1, 5, 2}), axis = Array::scalar(TN_INT64, 1);
  op("CumProd").expect({x, axis}, {Array(TN_INT8, {2, 3}, {2, 6, 88, -1, -5, -10})});
  op("CumProd")
      .set("exclusive", 1)
      .expect({x, axis}, {Array(TN_INT8, {2, 3}, {1, 2, 6, 1, -1, -5})});
  op("CumProd")
      .set("reverse", 1)
      .expect({Array(TN_FLOAT32, {3}, {0.5, 2, 4}), Array::scalar(TN_INT32, 0)},
              {Array(TN_FLOAT32, {3}, {4, 8, 4})});
}

TEST(CumSum, AddsUp) {
  for (tn_dtype dtype : {TN_FLOAT32, TN_FLOAT64, TN_INT32, TN_FLOAT16})
    for (int64_t axis : {0, 1, -1})
      for (int exclusive : {0, 1})
        for (int reverse : {0, 1}) {
          const Array x = Array::sequence(dtype, {3, 4, 5}, -2, 1, 6);
          Array y(dtype, {3, 4, 5});
          const int64_t a = axis < 0 ? 2 : axis, step = Array::row_major(x.dims())[a],
                        n = x.dims()[a];
          for (int64_t i = 0; i < 60; ++i) {
            const int64_t at = i / step % n;
            double s = 0;
            for (int64_t j = 0; j < n; ++j)
              if (j == at ? !exclusive : reverse ? j > at : j < at) s += x.get(i + (j - at) * step);
            y.set(i, s);
          }
          op("CumSum")
              .set("exclusive", exclusive)
              .set("reverse", reverse)
              .expect({x, Array::scalar(TN_INT64, double(axis))}, {y});
        }
  op("CumSum").expect({Array(TN_FLOAT32, {0}), Array::scalar(TN_INT32, 0)},
                      {Array(TN_FLOAT32, {0})});
  op("CumSum").expect_error({Array(TN_FLOAT32, {2}), Array::scalar(TN_INT32, 1)},
                            {Array(TN_FLOAT32, {2})}, TN_INVALID_ARGUMENT, "axis 1");
}

}  // namespace
}  // namespace tenon::cpu
