// SPDX-License-Identifier: Apache-2.0
//
// Reductions.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

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
// Of integers: towards zero, from the sum as it is before it wraps.
Number whole_mean(const Values& v) { return std::trunc(mean(v).value); }
Number square(const Number& x) { return x * x; }
Number sum_of_squares(const Values& v) { return sum_of(v, square); }
bool any_nan(const Values& v) {
  return std::ranges::any_of(v, [](Real x) { return std::isnan(x); });
}
Number largest(const Values& v) { return any_nan(v) ? Real(NAN) : *std::ranges::max_element(v); }
Number smallest(const Values& v) { return any_nan(v) ? Real(NAN) : *std::ranges::min_element(v); }
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
    {"tenon", "ReduceAll", all},
    {"tenon", "ReduceAny", any},
};

void add(Cases& cases, const Row& row, const std::string& label, const HostTensor& x,
         const Shape& axes, bool keep) {
  HostTensor given(TN_INT64, {static_cast<int64_t>(axes.size())});
  std::copy(axes.begin(), axes.end(), given.values.begin());
  Shape places;
  for (const int64_t axis : axes) {
    places.push_back(axis < 0 ? axis + static_cast<int64_t>(x.dims.size()) : axis);
  }
  cases.push_back(OperatorCase{row.domain, row.name, label, x.dtype}
                      .in(x)
                      .host(given)
                      .attribute("keepdims", int64_t{keep})
                      .out(reduce(x, places, keep, x.dtype, row.function)));
}

// Products stay where each type has numbers.
bool is_product(const Row& row) { return row.function == product; }

void add_shapes(Cases& cases, const Row& row, tn_dtype type) {
  const Real size = is_product(row) ? 1.5L : 2;
  const auto values = [&](Shape dims) {
    return HostTensor::random(type, std::move(dims), -size, size, 1);
  };
  add(cases, row, "last", values({4, 5, 6}), {2}, true);
  add(cases, row, "first", values({4, 5, 6}), {0}, false);
  add(cases, row, "two", values({3, 4, 5}), {0, -1}, true);
  add(cases, row, "expanded", values({3, 4, 5}).expanded({1, 2}), {0, 2}, true);
  add(cases, row, "all", values({3, 4, 2}), {0, 1, 2}, false);
  add(cases, row, "rows", values({4099, 2}), {1}, false);
  add(cases, row, "tail_17", values({3, 17}), {1}, false);
  add(cases, row, "tail_65", values({65, 3}), {0}, true);
  add(cases, row, "tail_257", values({257}), {0}, false);
  add(cases, row, "empty_rows", values({0, 4}), {1}, false);
  cases.push_back(OperatorCase{row.domain, row.name, "all_by_default", type}
                      .in(values({3, 4}))
                      .absent()
                      .attribute("keepdims", int64_t{0})
                      .out(reduce(values({3, 4}), {0, 1}, false, type, row.function)));
  if (row.domain[0] != '\0') return;
  const HostTensor as_it_is = values({3, 4});
  cases.push_back(OperatorCase{row.domain, row.name, "noop", type}
                      .in(as_it_is)
                      .absent()
                      .attribute("noop_with_empty_axes", int64_t{1})
                      .out(reduce(as_it_is, {}, true, type, row.function)));
}

void add_long(Cases& cases, const Row& row, tn_dtype type) {
  const auto values = [&](Shape dims, Real low = -2) {
    return HostTensor::random(type, std::move(dims), low, 2, 1);
  };
  if (is_product(row)) {
    HostTensor ones(type, {2, 4099}, Values(8198, 1));
    for (size_t i = 0; i < ones.values.size(); i += 1000) ones.values[i] = 2;
    add(cases, row, "long", ones, {1}, false);
    return;
  }
  // Of one sign: term by term in one sum, each is rounded as the sum so far is.
  add(cases, row, "one_sign", values({2, 10007}, 0), {1}, false);
  add(cases, row, "long", values({2, 10007}), {1}, false);
  add(cases, row, "long_first", values({10007, 3}), {0}, false);
  add(cases, row, "long_middle", values({2, 4001, 5}), {1}, false);
  add(cases, row, "around", values({40, 6, 50}), {0, 2}, false);
  add(cases, row, "one_sign_first", values({10007, 3}, 0), {0}, false);
}

// Over nothing: the identity.
void add_nothing(Cases& cases, const Row& row, tn_dtype type, Real identity) {
  cases.push_back(OperatorCase{row.domain, row.name, "nothing", type}
                      .in(HostTensor(type, {2, 0}))
                      .host(HostTensor(TN_INT64, {1}, {1}))
                      .out(HostTensor(type, {2, 1}, {identity, identity})));
}

Real identity_of(const Row& row, tn_dtype type) {
  constexpr Real kInfinity = std::numeric_limits<Real>::infinity();
  const std::string name = row.name;
  if (name == "ReduceMax") return is_float(type) ? -kInfinity : least_of(type);
  if (name == "ReduceMin") return is_float(type) ? kInfinity : most_of(type);
  if (name == "ReduceMean") return NAN;
  if (name == "ReduceLogSumExp") return -kInfinity;
  return name == "ReduceProd" || name == "ReduceAll";
}

void add_row(Cases& cases, Row row, tn_dtype type) {
  if (!takes(row.domain, row.name, type)) return;
  if (row.function == mean && is_integer(type)) row.function = whole_mean;
  add_shapes(cases, row, type);
  add_long(cases, row, type);
  if (row.function != whole_mean) add_nothing(cases, row, type, identity_of(row, type));
  if (!is_float(type)) return;
  add(cases, row, "nan", HostTensor(type, {2, 3}, {1, NAN, 2, 1, 2, 3}), {1}, true);
  // Exponentials of such numbers are infinite, and squares of a float16.
  if (std::string(row.name) == "ReduceLogSumExp") {
    add(cases, row, "large", HostTensor::random(type, {3, 40}, 900, 1100, 4), {1}, true);
    add(cases, row, "below", HostTensor::random(type, {3, 40}, -1100, -900, 4), {1}, true);
  }
}

void add_variance(Cases& cases, const std::string& label, const HostTensor& x, const Shape& axes,
                  Real correction, bool keep, bool with_mean) {
  OperatorCase c{"tenon", "ReduceVariance", label, x.dtype};
  c.in(x);
  Shape all = axes;
  if (axes.empty()) {
    c.absent();
    for (size_t i = 0; i < x.dims.size(); ++i) all.push_back(static_cast<int64_t>(i));
  } else {
    c.host(HostTensor(TN_INT64, {static_cast<int64_t>(axes.size())},
                      Values(axes.begin(), axes.end())));
  }
  c.host(HostTensor::scalar(TN_FLOAT32, correction)).attribute("keepdims", int64_t{keep});
  c.out(reduce(x, all, keep, x.dtype, [&](const Values& v) { return variance(v, correction); }));
  if (with_mean) c.out(reduce(x, all, keep, x.dtype, mean));
  cases.push_back(c);
}

void add_variance_cases(Cases& cases, tn_dtype type) {
  const auto values = [&](Shape dims, Real low = -2, Real high = 2) {
    return HostTensor::random(type, std::move(dims), low, high, 5);
  };
  add_variance(cases, "unbiased", values({4, 9}), {1}, 1, true, true);
  add_variance(cases, "far_from_zero", values({4, 200}, 100, 110), {1}, 1, true, true);
  add_variance(cases, "middle", values({3, 17, 4}), {1}, varied(0, 1), false, true);
  add_variance(cases, "long", values({2, 4099}), {1}, 0, true, true);
  add_variance(cases, "all", values({3, 4, 5}), {}, 1, false, true);
  add_variance(cases, "alone", values({5, 9}), {0}, varied(1, 2), true, false);
  add_variance(cases, "very_far", values({3, 257}, 1000, 1002), {1}, 1, true, true);
  add_variance(cases, "expanded", values({3, 4, 5}).expanded({1}), {0, 2}, 0, true, true);
}

// ---- ArgMax, ArgMin ----

struct ArgOptions {
  bool keep = true, last = false;
};

void add_arg(Cases& cases, const char* name, const std::string& label, const HostTensor& x,
             int64_t axis, const ArgOptions& options) {
  const bool wants_largest = std::string(name) == "ArgMax";
  const int64_t place = axis < 0 ? axis + static_cast<int64_t>(x.dims.size()) : axis;
  // NaN beats everything.
  const auto beats = [&](Real a, Real b) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && !std::isnan(b);
    return wants_largest ? a > b : a < b;
  };
  const Expected y = reduce(x, {place}, options.keep, TN_INT64, [&](const Values& v) {
    size_t best = 0;
    for (size_t i = 1; i < v.size(); ++i) {
      if (beats(v[i], v[best]) || (options.last && !beats(v[best], v[i]))) best = i;
    }
    return Number(static_cast<Real>(best));
  });
  cases.push_back(OperatorCase{"", name, label, x.dtype}
                      .in(x)
                      .attribute("axis", axis)
                      .attribute("keepdims", int64_t{options.keep})
                      .attribute("select_last_index", int64_t{options.last})
                      .out(y));
}

void add_arg_cases(Cases& cases, tn_dtype type) {
  for (const char* name : {"ArgMax", "ArgMin"}) {
    const auto values = [&](Shape dims, Real size = 90) {
      return HostTensor::random(type, std::move(dims), -size, size, 1);
    };
    add_arg(cases, name, "keep", values({4, 9}), 1, {});
    add_arg(cases, name, "first", values({4, 3, 5}), 0, {.keep = false});
    // Of equal ones the first, or the last.
    HostTensor ties = values({3, 20});
    for (Real& value : ties.values) value = std::fmod(std::floor(std::fabs(value)), 3);
    add_arg(cases, name, "ties", ties, 1, {.keep = false});
    add_arg(cases, name, "last_index", ties, -1, {.keep = true, .last = true});
    add_arg(cases, name, "long", values({2, 4099}), 1, {});
    add_arg(cases, name, "rows", values({4099, 3}), 1, {.keep = false});
    add_arg(cases, name, "middle", values({3, 65, 2}), 1, {});
    add_arg(cases, name, "expanded", values({4, 9}).expanded({0}), 1, {});
    add_arg(cases, name, "empty", values({0, 3}), 1, {});
    if (!is_float(type)) continue;
    add_arg(cases, name, "special",
            HostTensor(type, {3, 4}, {1, NAN, 2, NAN, INFINITY, 1, -INFINITY, 0, -1, -2, 5, 5}), 1,
            {});
  }
}

// ---- CumSum and CumProd ----

struct CumOptions {
  bool exclusive = false, reverse = false;
  tn_dtype axis_type = TN_INT64;
};

// A product that is taken one by one.
class Product {
 public:
  void add(const Number& factor) { product_ = product_ * factor; }
  Number total_in_sequence() const { return product_; }

 private:
  Number product_{1};
};

template <class Total>
void add_cumulative(Cases& cases, const std::string& label, const HostTensor& x, int64_t axis,
                    const CumOptions& options) {
  const size_t a =
      static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(x.dims.size()) : axis);
  Expected y(x.dtype, x.dims);
  Shape outer = x.dims;
  outer[a] = std::min<int64_t>(outer[a], 1);
  for_each_index(outer, [&](Shape at) {
    Total sum;
    for (int64_t i = 0; i < x.dims[a]; ++i) {
      at[a] = options.reverse ? x.dims[a] - 1 - i : i;
      const Number before = sum.total_in_sequence();
      sum.add(x.at(at));
      y.at(at) = options.exclusive ? before : sum.total_in_sequence();
    }
  });
  const char* name = std::is_same_v<Total, Sum> ? "CumSum" : "CumProd";
  cases.push_back(OperatorCase{"", name, label, x.dtype}
                      .in(x)
                      .host(HostTensor::scalar(options.axis_type, static_cast<Real>(axis)))
                      .attribute("exclusive", int64_t{options.exclusive})
                      .attribute("reverse", int64_t{options.reverse})
                      .out(y));
}

template <class Total>
void add_cumulative_cases(Cases& cases, tn_dtype type) {
  const auto values = [&](Shape dims, Real low = -2, Real high = 2) {
    return HostTensor::random(type, std::move(dims), low, high, 1);
  };
  const auto add = [&](const char* label, const HostTensor& x, int64_t axis,
                       const CumOptions& options) {
    add_cumulative<Total>(cases, label, x, axis, options);
  };
  // Products of many are near 1, or whole.
  const bool product = std::is_same_v<Total, Product>;
  const Real low = !product ? -2 : is_float(type) ? 0.99L : -1;
  const Real high = !product ? 2 : is_float(type) ? 1.01L : 1;
  add("inclusive_forward", values({3, 7}), 1, {});
  add("exclusive_reverse", values({3, 7, 2}), 1, {true, true});
  add("exclusive_forward", values({3, 7}), 0, {true, false});
  add("inclusive_reverse", values({3, 7}), -1, {false, true});
  add("long", values({2, 4099}, low, high), 1, {});
  add("one_sign", values({2, 1000}, product ? low : 0, high), 1, {});
  add("rows", values({4099, 2}), 1, {});
  add("axis_int32", values({3, 7}), 1, {false, false, TN_INT32});
  add("expanded", values({3, 7}).expanded({0}), 1, {});
  add("empty", values({3, 0}), 1, {});
}

}  // namespace

void add_reduction_cases(Cases& cases, tn_dtype type) {
  for (const Row& row : kRows) add_row(cases, row, type);
  if (takes("tenon", "ReduceVariance", type)) add_variance_cases(cases, type);
  if (takes("", "ArgMax", type)) add_arg_cases(cases, type);
  if (takes("", "CumSum", type)) add_cumulative_cases<Sum>(cases, type);
  if (takes("", "CumProd", type)) add_cumulative_cases<Product>(cases, type);
}

}  // namespace tenon::conformance
