// SPDX-License-Identifier: Apache-2.0
//
// Unique: by comparing each slice with all before it.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

struct UniqueOptions {
  std::optional<int64_t> axis = {};
  bool sorted = true;
  bool alone = false;  // Y without the other outputs.
};

// NaN is the largest, and equal to NaN.
bool before(Real a, Real b) { return std::isnan(b) ? !std::isnan(a) : a < b; }
bool before_slice(const Values& a, const Values& b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), before);
}
bool equal(const Values& a, const Values& b) { return !before_slice(a, b) && !before_slice(b, a); }

// The slices along an axis, or the elements one by one.
std::vector<Values> slices_of(const HostTensor& x, const std::optional<size_t>& axis) {
  std::vector<Values> slices;
  if (!axis) {
    for (const Real value : x.values) slices.push_back({value});
    return slices;
  }
  slices.resize(static_cast<size_t>(x.dims[*axis]));
  for_each_index(x.dims, [&](const Shape& index) {
    slices[static_cast<size_t>(index[*axis])].push_back(x.at(index));
  });
  return slices;
}

void add(Cases& cases, const std::string& label, const HostTensor& x,
         const UniqueOptions& options = {}) {
  std::optional<size_t> axis;
  if (options.axis)
    axis = static_cast<size_t>(
        *options.axis < 0 ? *options.axis + static_cast<int64_t>(x.dims.size()) : *options.axis);
  const std::vector<Values> slices = slices_of(x, axis);
  const auto all = static_cast<int64_t>(slices.size());
  std::vector<size_t> firsts;
  for (size_t i = 0; i < slices.size(); ++i) {
    if (std::ranges::none_of(firsts, [&](size_t f) { return equal(slices[f], slices[i]); }))
      firsts.push_back(i);
  }
  if (options.sorted)
    std::ranges::sort(firsts,
                      [&](size_t a, size_t b) { return before_slice(slices[a], slices[b]); });
  const auto found = static_cast<int64_t>(firsts.size());

  HostTensor indices(TN_INT64, {found}), inverse(TN_INT64, {all}), counts(TN_INT64, {found});
  for (size_t k = 0; k < firsts.size(); ++k) indices.values[k] = static_cast<Real>(firsts[k]);
  for (size_t i = 0; i < slices.size(); ++i) {
    for (size_t k = 0; k < firsts.size(); ++k) {
      if (!equal(slices[firsts[k]], slices[i])) continue;
      inverse.values[i] = static_cast<Real>(k);
      counts.values[k] += 1;
    }
  }
  Shape dims = axis ? x.dims : Shape{found};
  const Shape most = axis ? x.dims : Shape{all};
  if (axis) dims[*axis] = found;
  HostTensor y(x.dtype, dims);
  for_each_index(dims, [&](const Shape& index) {
    Shape from = index;
    if (axis) from[*axis] = static_cast<int64_t>(firsts[static_cast<size_t>(index[*axis])]);
    y.at(index) = axis ? x.at(from) : x.values[firsts[static_cast<size_t>(index[0])]];
  });

  OperatorCase c{"", "Unique", label, x.dtype};
  if (options.axis) c.attribute("axis", *options.axis);
  c.attribute("sorted", int64_t{options.sorted}).in(x).out(y);
  c.bounds = {most};
  if (!options.alone) {
    c.out(indices).out(inverse).out(counts);
    c.bounds.insert(c.bounds.end(), {Shape{all}, Shape{all}, Shape{all}});
  }
  cases.push_back(c);
}

}  // namespace

void add_unique_cases(Cases& cases, tn_dtype type) {
  if (!takes("", "Unique", type)) return;
  const auto values = [&](Shape dims, Real most = 3) {
    return HostTensor::random(type, std::move(dims), is_float(type) ? 0 : -most, most, 1);
  };
  // Floats that repeat.
  const auto whole = [&](Shape dims) {
    HostTensor x = values(std::move(dims));
    for (Real& value : x.values) value = std::trunc(value);
    return x;
  };
  add(cases, "sorted", whole({3, 4, 5}));
  add(cases, "unsorted", whole({3, 4, 5}), {{}, false});
  add(cases, "alone", whole({7, 5}), {.alone = true});
  add(cases, "rows", whole({12, 2}), {0});
  add(cases, "rows_unsorted", whole({12, 2}), {0, false});
  add(cases, "columns", whole({1, 12, 2}), {1});
  add(cases, "last", whole({2, 17}), {-1, false});
  add(cases, "long", values({4099}, 90));
  add(cases, "one", whole({1}));
  add(cases, "scalar", whole({}));
  add(cases, "empty", whole({0, 3}));
  add(cases, "no_rows", whole({0, 3}), {0});
  add(cases, "expanded", whole({3, 5}).expanded({0}));
  if (!is_float(type)) return;
  add(cases, "special", HostTensor(type, {8}, {NAN, INFINITY, 1, -0.0L, NAN, -INFINITY, 0, 1}));
}

}  // namespace tenon::conformance
