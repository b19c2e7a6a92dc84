// SPDX-License-Identifier: Apache-2.0
//
// Reductions.
#include <algorithm>
#include <cmath>
#include <functional>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

using Values = std::vector<double>;
using Reduce = double (*)(const Values&);

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
HostTensor reduce(const HostTensor& x, const Shape& axes, bool keep, tn_dtype dtype,
                  const std::function<double(const Values&)>& function) {
  const Shape kept = reduced_dims(x.dims, axes, true);
  HostTensor position(TN_INT64, kept);
  std::vector<Values> groups(static_cast<size_t>(element_count(kept)));
  for_each_index(x.dims, [&](const Shape& index) {
    Shape group = index;
    for (const int64_t axis : axes) group[static_cast<size_t>(axis)] = 0;
    groups[static_cast<size_t>(position.position(group))].push_back(x.at(index));
  });
  Values values;
  values.reserve(groups.size());
  for (const Values& group : groups) values.push_back(function(group));
  return HostTensor(dtype, reduced_dims(x.dims, axes, keep), values);
}

struct Row {
  const char* domain;
  const char* name;
  int32_t version;
  Reduce function;
  double tolerance;
  tn_dtype dtype;
};

double sum(const Values& v) {
  double result = 0;
  for (const double x : v) result += x;
  return result;
}
double sum_of(const Values& v, double (*f)(double)) {
  double result = 0;
  for (const double x : v) result += f(x);
  return result;
}

const Row kRows[] = {
    {"", "ReduceSum", 13, sum, 1e-6, TN_FLOAT32},
    {"", "ReduceSum", 13, sum, 0, TN_INT64},
    {"", "ReduceMean", 18, [](const Values& v) { return sum(v) / static_cast<double>(v.size()); },
     1e-6, TN_FLOAT32},
    {"", "ReduceMax", 20, [](const Values& v) { return *std::max_element(v.begin(), v.end()); }, 0,
     TN_FLOAT32},
    {"", "ReduceMax", 20, [](const Values& v) { return *std::max_element(v.begin(), v.end()); }, 0,
     TN_INT32},
    {"", "ReduceMin", 20, [](const Values& v) { return *std::min_element(v.begin(), v.end()); }, 0,
     TN_FLOAT32},
    {"", "ReduceProd", 18,
     [](const Values& v) {
       double result = 1;
       for (const double x : v) result *= x;
       return result;
     },
     1e-5, TN_FLOAT32},
    {"", "ReduceSumSquare", 18,
     [](const Values& v) { return sum_of(v, [](double x) { return x * x; }); }, 1e-6, TN_FLOAT32},
    {"", "ReduceL2", 18,
     [](const Values& v) { return std::sqrt(sum_of(v, [](double x) { return x * x; })); }, 1e-6,
     TN_FLOAT32},
    {"", "ReduceL1", 18,
     [](const Values& v) { return sum_of(v, [](double x) { return std::fabs(x); }); }, 1e-6,
     TN_FLOAT32},
    {"", "ReduceLogSumExp", 18,
     [](const Values& v) { return std::log(sum_of(v, [](double x) { return std::exp(x); })); },
     1e-6, TN_FLOAT32},
    {"tenon", "ReduceAll", 1,
     [](const Values& v) {
       return double(std::all_of(v.begin(), v.end(), [](double x) { return x != 0; }));
     },
     0, TN_BOOL},
    {"tenon", "ReduceAny", 1,
     [](const Values& v) {
       return double(std::any_of(v.begin(), v.end(), [](double x) { return x != 0; }));
     },
     0, TN_BOOL},
};

void add(Cases& cases, const Row& row, const char* label, const Shape& dims, const Shape& axes,
         bool keep, std::vector<size_t> expanded = {}) {
  const bool is_truth = row.dtype == TN_BOOL;
  const HostTensor x = HostTensor::random(row.dtype, dims, is_truth ? 0 : -2, is_truth ? 1 : 2, 1)
                           .expanded(std::move(expanded));
  HostTensor given(TN_INT64, {static_cast<int64_t>(axes.size())});
  std::copy(axes.begin(), axes.end(), given.values.begin());
  cases.push_back(OperatorCase{row.domain, row.name, row.version, label, row.dtype, row.tolerance}
                      .in(x)
                      .host(given)
                      .attribute("keepdims", int64_t{keep})
                      .out(reduce(x, axes, keep, row.dtype, row.function)));
}

void add_arg(Cases& cases, const char* name, bool largest, const Shape& dims, int64_t axis,
             bool keep) {
  const HostTensor x = HostTensor::random(TN_FLOAT32, dims, -2, 2, 1);
  const HostTensor y = reduce(x, {axis}, keep, TN_INT64, [&](const Values& v) {
    const auto best =
        largest ? std::max_element(v.begin(), v.end()) : std::min_element(v.begin(), v.end());
    return static_cast<double>(best - v.begin());
  });
  cases.push_back(OperatorCase{"", name, 13, keep ? "keep" : "drop"}
                      .in(x)
                      .attribute("axis", axis)
                      .attribute("keepdims", int64_t{keep})
                      .out(y));
}

void add_cumsum(Cases& cases, bool exclusive, bool reverse) {
  const HostTensor x = HostTensor::random(TN_FLOAT32, {3, 7}, -2, 2, 1);
  HostTensor y = x;
  for (int64_t row = 0; row < 3; ++row) {
    double total = 0;
    for (int64_t i = 0; i < 7; ++i) {
      const int64_t at = reverse ? 6 - i : i;
      const double before = total;
      total += x.at({row, at});
      y.at({row, at}) = exclusive ? before : total;
    }
  }
  const std::string label =
      std::string(exclusive ? "exclusive" : "inclusive") + (reverse ? "_reverse" : "_forward");
  cases.push_back(OperatorCase{"", "CumSum", 14, label, TN_FLOAT32, 1e-6}
                      .in(x)
                      .host(HostTensor::scalar(TN_INT64, 1))
                      .attribute("exclusive", int64_t{exclusive})
                      .attribute("reverse", int64_t{reverse})
                      .out(y));
}

}  // namespace

void add_reduction_cases(Cases& cases) {
  for (const Row& row : kRows) {
    add(cases, row, "last", {4, 5, 6}, {2}, true);
    add(cases, row, "first", {4, 5, 6}, {0}, false);
    add(cases, row, "two", {3, 4, 5}, {0, 2}, true);
    add(cases, row, "all", {3, 4, 2}, {0, 1, 2}, false);
    add(cases, row, "expanded", {3, 4, 5}, {0, 2}, true, {1, 2});
    if (row.function == sum || row.name == std::string("ReduceMean")) {
      add(cases, row, "long", {2, 10007}, {1}, false);
      add(cases, row, "long_first", {10007, 3}, {0}, false);
      add(cases, row, "long_middle", {2, 4001, 5}, {1}, false);
      add(cases, row, "around", {40, 6, 50}, {0, 2}, false);
    }
  }
  // Over nothing: the identity.
  cases.push_back(OperatorCase{"", "ReduceSum", 13, "nothing"}
                      .in(HostTensor(TN_FLOAT32, {2, 0}))
                      .host(HostTensor(TN_INT64, {1}, {1}))
                      .out(HostTensor(TN_FLOAT32, {2, 1}, {0, 0})));
  cases.push_back(OperatorCase{"", "ReduceMax", 20, "nothing"}
                      .in(HostTensor(TN_FLOAT32, {2, 0}))
                      .host(HostTensor(TN_INT64, {1}, {1}))
                      .out(HostTensor(TN_FLOAT32, {2, 1}, {-INFINITY, -INFINITY})));
  cases.push_back(OperatorCase{"", "ReduceSum", 13, "all_by_default", TN_FLOAT32, 1e-6}
                      .in(HostTensor(TN_FLOAT32, {2, 2}, {1, 2, 3, 4}))
                      .absent()
                      .attribute("keepdims", int64_t{0})
                      .out(HostTensor::scalar(TN_FLOAT32, 10)));
  cases.push_back(OperatorCase{"", "ReduceMax", 20, "nan"}
                      .in(HostTensor(TN_FLOAT32, {3}, {1, NAN, 2}))
                      .absent()
                      .out(HostTensor(TN_FLOAT32, {1}, {NAN})));
  const HostTensor x = HostTensor::random(TN_FLOAT32, {4, 9}, -2, 2, 5);
  const auto mean = [](const Values& v) { return sum(v) / static_cast<double>(v.size()); };
  cases.push_back(OperatorCase{"tenon", "ReduceVariance", 1, "unbiased", TN_FLOAT32, 2e-6}
                      .in(x)
                      .host(HostTensor(TN_INT64, {1}, {1}))
                      .host(HostTensor::scalar(TN_FLOAT32, 1))
                      .out(reduce(x, {1}, true, TN_FLOAT32,
                                  [&](const Values& v) {
                                    double total = 0;
                                    for (const double e : v) total += std::pow(e - mean(v), 2);
                                    return total / static_cast<double>(v.size() - 1);
                                  }))
                      .out(reduce(x, {1}, true, TN_FLOAT32, mean)));
  for (const bool keep : {false, true}) {
    add_arg(cases, "ArgMax", true, {4, 9}, 1, keep);
    add_arg(cases, "ArgMin", false, {4, 3, 5}, 0, keep);
  }
  for (const bool exclusive : {false, true}) {
    for (const bool reverse : {false, true}) add_cumsum(cases, exclusive, reverse);
  }
}

}  // namespace tenon::conformance
