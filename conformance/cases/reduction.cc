// SPDX-License-Identifier: Apache-2.0
//
// Reductions.
#include <algorithm>
#include <cmath>
#include <functional>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

using Reduce = std::function<Number(const Values&)>;

Shape reduced_dims(const Shape& dims, const Shape& axes, bool keep) {
  Shape result;
  for (size_t i = 0; i < dims.size(); ++i) {
    const bool gone = std::find(axes.begin(), axes.end(), static_cast<int64_t>(i)) != axes.end();
    if (!gone) result.push_back(dims[i]);
    if (gone && keep) result.push_back(1);
  }
  return result;
}

// The values behind each element of the output, with axes kept as 1.
Expected reduce(const HostTensor& x, const Shape& axes, bool keep, tn_dtype dtype,
                const Reduce& function) {
  const Shape kept = reduced_dims(x.dims, axes, true);
  const HostTensor position(TN_INT64, kept);
  std::vector<Values> groups(static_cast<size_t>(element_count(kept)));
  for_each_index(x.dims, [&](const Shape& index) {
    Shape group = index;
    for (const int64_t axis : axes) group[static_cast<size_t>(axis)] = 0;
    groups[static_cast<size_t>(position.position(group))].push_back(x.at(index));
  });
  std::vector<Number> values;
  values.reserve(groups.size());
  for (const Values& group : groups) values.push_back(function(group));
  return {dtype, reduced_dims(x.dims, axes, keep), values};
}

Real count_of(const Values& v) { return static_cast<Real>(v.size()); }
template <class Function>
Number sum_of(const Values& v, Function&& function) {
  Sum sum;
  for (const Real x : v) sum.add(function(x));
  return sum.total();
}
Number sum(const Values& v) {
  return sum_of(v, [](const Number& x) { return x; });
}
Number mean(const Values& v) { return sum(v) / count_of(v); }
Number square(const Number& x) { return x * x; }
Number sum_of_squares(const Values& v) { return sum_of(v, square); }
Number largest(const Values& v) { return *std::max_element(v.begin(), v.end()); }
Number smallest(const Values& v) { return *std::min_element(v.begin(), v.end()); }
Number product(const Values& v) {
  Number result = 1;
  for (const Real x : v) result = result * x;
  return result;
}
Number sum_of_magnitudes(const Values& v) {
  return sum_of(v, [](const Number& x) { return Number(std::fabs(x.value)); });
}
// The maximum is subtracted first.
Number log_of_sum_of_exponentials(const Values& v) {
  const Number most = largest(v);
  return most + log(sum_of(v, [&](const Number& x) { return exp(x - most); }));
}
bool is_true(Real x) { return x != 0; }
Number all(const Values& v) { return Real(std::all_of(v.begin(), v.end(), is_true)); }
Number any(const Values& v) { return Real(std::any_of(v.begin(), v.end(), is_true)); }

// Squares of distances from the mean. What good ways of computing it cannot avoid grows with the
// values' size relative to their spread; E[x^2] - E[x]^2 errs by that squared, which is too much.
Number variance(const Values& v, Real correction) {
  const Real center = mean(v).value;
  Real spread = 0, size = 0;
  for (const Real x : v) spread += (x - center) * (x - center), size += x * x;
  const Real divisor = count_of(v) - correction;
  return {spread / divisor, std::sqrt(spread * size) / divisor + 2 * spread / divisor};
}

struct Row {
  const char* domain;
  const char* name;
  Number (*function)(const Values&);
};

const Row kRows[] = {
    {"", "ReduceSum", sum},
    {"", "ReduceMean", mean},
    {"", "ReduceMax", largest},
    {"", "ReduceMin", smallest},
    {"", "ReduceProd", product},
    {"", "ReduceSumSquare", sum_of_squares},
    {"", "ReduceL2", [](const Values& v) { return sqrt(sum_of_squares(v)); }},
    {"", "ReduceL1", sum_of_magnitudes},
    {"", "ReduceLogSumExp", log_of_sum_of_exponentials},
};

void add(Cases& cases, const Row& row, const char* label, const HostTensor& x, const Shape& axes,
         bool keep) {
  HostTensor given(TN_INT64, {static_cast<int64_t>(axes.size())});
  std::copy(axes.begin(), axes.end(), given.values.begin());
  cases.push_back(OperatorCase{row.domain, row.name, label, x.dtype}
                      .in(x)
                      .host(given)
                      .attribute("keepdims", int64_t{keep})
                      .out(reduce(x, axes, keep, x.dtype, row.function)));
}

void add_shapes(Cases& cases, const Row& row, tn_dtype type) {
  const Real low = type == TN_BOOL ? 0 : -2, high = type == TN_BOOL ? 1 : 2;
  const auto values = [&](Shape dims) {
    return HostTensor::random(type, std::move(dims), low, high, 1);
  };
  add(cases, row, "last", values({4, 5, 6}), {2}, true);
  add(cases, row, "first", values({4, 5, 6}), {0}, false);
  add(cases, row, "two", values({3, 4, 5}), {0, 2}, true);
  add(cases, row, "all", values({3, 4, 2}), {0, 1, 2}, false);
  add(cases, row, "expanded", values({3, 4, 5}).expanded({1, 2}), {0, 2}, true);
}

void add_long(Cases& cases, const Row& row, tn_dtype type) {
  const auto values = [&](Shape dims, Real low = -2) {
    return HostTensor::random(type, std::move(dims), low, 2, 1);
  };
  add(cases, row, "long", values({2, 10007}), {1}, false);
  add(cases, row, "long_first", values({10007, 3}), {0}, false);
  add(cases, row, "long_middle", values({2, 4001, 5}), {1}, false);
  add(cases, row, "around", values({40, 6, 50}), {0, 2}, false);
  // Of one sign: term by term in one sum, each is rounded as the sum so far is.
  add(cases, row, "one_sign", values({2, 10007}, 0), {1}, false);
  add(cases, row, "one_sign_first", values({10007, 3}, 0), {0}, false);
}

void add_variance(Cases& cases, const char* label, const HostTensor& x) {
  cases.push_back(
      OperatorCase{"tenon", "ReduceVariance", label, x.dtype}
          .in(x)
          .host(HostTensor(TN_INT64, {1}, {1}))
          .host(HostTensor::scalar(TN_FLOAT32, 1))
          .out(reduce(x, {1}, true, x.dtype, [](const Values& v) { return variance(v, 1); }))
          .out(reduce(x, {1}, true, x.dtype, mean)));
}

void add_arg(Cases& cases, const char* name, tn_dtype type, bool wants_largest, const Shape& dims,
             int64_t axis, bool keep) {
  const HostTensor x = HostTensor::random(type, dims, -2, 2, 1);
  const Expected y = reduce(x, {axis}, keep, TN_INT64, [&](const Values& v) {
    const auto best =
        wants_largest ? std::max_element(v.begin(), v.end()) : std::min_element(v.begin(), v.end());
    return Number(static_cast<Real>(best - v.begin()));
  });
  cases.push_back(OperatorCase{"", name, keep ? "keep" : "drop", type}
                      .in(x)
                      .attribute("axis", axis)
                      .attribute("keepdims", int64_t{keep})
                      .out(y));
}

void add_cumsum(Cases& cases, tn_dtype type, int64_t length, bool exclusive, bool reverse) {
  const HostTensor x = HostTensor::random(type, {3, length}, -2, 2, 1);
  Expected y(type, x.dims);
  for (int64_t row = 0; row < 3; ++row) {
    Sum sum;
    for (int64_t i = 0; i < length; ++i) {
      const int64_t at = reverse ? length - 1 - i : i;
      const Number before = sum.total_in_sequence();
      sum.add(x.at({row, at}));
      y.at({row, at}) = exclusive ? before : sum.total_in_sequence();
    }
  }
  const std::string label = std::string(exclusive ? "exclusive" : "inclusive") +
                            (reverse ? "_reverse" : "_forward") + (length > 100 ? "_long" : "");
  cases.push_back(OperatorCase{"", "CumSum", label, type}
                      .in(x)
                      .host(HostTensor::scalar(TN_INT64, 1))
                      .attribute("exclusive", int64_t{exclusive})
                      .attribute("reverse", int64_t{reverse})
                      .out(y));
}

}  // namespace

void add_reduction_cases(Cases& cases, tn_dtype type) {
  for (const Row& row : kRows) {
    add_shapes(cases, row, type);
    if (row.function == sum || row.function == mean) add_long(cases, row, type);
  }
  // Over nothing: the identity.
  const HostTensor nothing(type, {2, 0}), axis(TN_INT64, {1}, {1});
  cases.push_back(OperatorCase{"", "ReduceSum", "nothing", type}.in(nothing).host(axis).out(
      HostTensor(type, {2, 1}, {0, 0})));
  cases.push_back(OperatorCase{"", "ReduceMax", "nothing", type}.in(nothing).host(axis).out(
      HostTensor(type, {2, 1}, {-INFINITY, -INFINITY})));
  cases.push_back(OperatorCase{"", "ReduceSum", "all_by_default", type}
                      .in(HostTensor(type, {2, 2}, {1, 2, 3, 4}))
                      .absent()
                      .attribute("keepdims", int64_t{0})
                      .out(HostTensor::scalar(type, 10)));
  cases.push_back(OperatorCase{"", "ReduceMax", "nan", type}
                      .in(HostTensor(type, {3}, {1, NAN, 2}))
                      .absent()
                      .out(HostTensor(type, {1}, {NAN})));
  add_variance(cases, "unbiased", HostTensor::random(type, {4, 9}, -2, 2, 5));
  add_variance(cases, "far_from_zero", HostTensor::random(type, {4, 200}, 100, 110, 5));
  for (const bool keep : {false, true}) {
    add_arg(cases, "ArgMax", type, true, {4, 9}, 1, keep);
    add_arg(cases, "ArgMin", type, false, {4, 3, 5}, 0, keep);
  }
  for (const bool exclusive : {false, true}) {
    for (const bool reverse : {false, true}) add_cumsum(cases, type, 7, exclusive, reverse);
  }
  add_cumsum(cases, type, 1000, false, false);
}

void add_reduction_cases_of_other_types(Cases& cases) {
  const Row integer_sum{"", "ReduceSum", sum};
  add_shapes(cases, integer_sum, TN_INT64);
  add_long(cases, integer_sum, TN_INT64);
  add_shapes(cases, {"", "ReduceMax", largest}, TN_INT32);
  add_shapes(cases, {"tenon", "ReduceAll", all}, TN_BOOL);
  add_shapes(cases, {"tenon", "ReduceAny", any}, TN_BOOL);
}

}  // namespace tenon::conformance
