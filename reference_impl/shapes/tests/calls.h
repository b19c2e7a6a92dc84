// SPDX-License-Identifier: Apache-2.0
//
// Calls for tests of rules: by an operator's name, on points and on intervals around them.
#pragma once

#include <gtest/gtest.h>

#include <random>

#include "reference_impl/shapes/table.h"
#include "tenon/tenon.hpp"

namespace tenon::shapes {

inline std::vector<Shape<int64_t>> outputs_of(const KernelDesc& desc, const Query<int64_t>& query) {
  const KernelDescView view(desc);
  return find_shape(desc.domain, desc.name)->rule.points(device::Description(*view.get()), query);
}
inline std::vector<Shape<Interval>> outputs_of(const KernelDesc& desc,
                                               const Query<Interval>& query) {
  const KernelDescView view(desc);
  return find_shape(desc.domain, desc.name)
      ->rule.intervals(device::Description(*view.get()), query);
}

// Dims of device tensors may be more or less, and some values are not known.
inline Query<Interval> around(const Query<int64_t>& query, std::mt19937* random) {
  const auto upto = [&](int64_t most) { return static_cast<int64_t>((*random)() % (most + 1)); };
  Query<Interval> wide;
  wide.output_count = query.output_count;
  const bool forget = upto(2) == 0;
  for (const Input<int64_t>& input : query.given) {
    Input<Interval>& to = wide.given.emplace_back();
    to.present = input.present;
    if (!forget) to.reals = input.reals;
    for (const int64_t dim : input.dims) {
      const bool exact = input.values || input.reals || upto(2) == 0;
      to.dims.push_back(exact ? Interval{dim, dim}
                              : Interval{std::max<int64_t>(dim - upto(3), 0), dim + upto(5)});
    }
    if (!input.values || forget) continue;
    to.values.emplace();
    for (const int64_t value : *input.values) to.values->push_back({value, value});
  }
  return wide;
}

// The same call with other dims that the intervals have.
inline Query<int64_t> within(const Query<Interval>& wide, const Query<int64_t>& query,
                             std::mt19937* random) {
  Query<int64_t> one = query;
  for (size_t i = 0; i < one.given.size(); ++i) {
    for (size_t d = 0; d < one.given[i].dims.size(); ++d) {
      const auto [least, most] = wide.given[i].dims[d];
      one.given[i].dims[d] = least + static_cast<int64_t>((*random)() % (most - least + 1));
    }
  }
  return one;
}

// Whatever the rule says of a call within the intervals lies in what it says of the intervals.
// Returns how many such calls there were that it takes.
inline int expect_contains(const KernelDesc& desc, const Query<int64_t>& query, int tries,
                           std::mt19937* random) {
  int taken = 0;
  for (int i = 0; i < tries; ++i) {
    const Query<Interval> wide = around(query, random);
    const Query<int64_t> one = i == 0 ? query : within(wide, query, random);
    std::vector<Shape<int64_t>> points;
    try {
      points = outputs_of(desc, one);
    } catch (const ShapeError&) {
      continue;  // The operator forbids it.
    }
    std::vector<Shape<Interval>> intervals;
    try {
      intervals = outputs_of(desc, wide);
    } catch (const ShapeError& error) {
      // Fewer dims are known than the rank takes; never that the call is wrong.
      EXPECT_NE(std::string(error.what()).find("follows from"), std::string::npos)
          << desc.name << ": " << error.what();
      continue;
    }
    ++taken;
    for (size_t output = 0; output < points.size(); ++output) {
      const auto& actual = points[output];
      const auto& expected = intervals[output];
      bool inside = actual.size() == expected.size();
      for (size_t d = 0; inside && d < actual.size(); ++d) inside = may_be(expected[d], actual[d]);
      EXPECT_TRUE(inside) << desc.name << ", output " << output << ": " << dims_text(actual)
                          << " is not within " << dims_text(expected);
    }
  }
  return taken;
}

}  // namespace tenon::shapes
