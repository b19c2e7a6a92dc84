// SPDX-License-Identifier: Apache-2.0
//
// A call as the named shape rules see it (reference_impl/shapes/general_rules.h), and what its
// outputs are held against: so the halves of operators say dims of outputs by their rule alone.
#pragma once

#include <string>

#include "reference_impl/shapes/general_rules.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

// With dims and values as numbers. Values in memory of the device are refused, where a host asks.
class PointCall {
 public:
  using Dim = int64_t;
  PointCall(std::string_view op, const Arguments& a) : op_(op), a_(a) {}

  size_t inputs() const { return a_.inputs.size(); }
  size_t outputs() const { return a_.outputs.size(); }
  bool has(size_t i) const { return i < inputs() && a_.inputs[i].present(); }
  std::span<const int64_t> dims(size_t i) const { return a_.input(i).shape(); }
  size_t value_count(size_t i, const char*) const {
    return static_cast<size_t>(a_.input(i).count());
  }
  int64_t value(size_t i, size_t j, const char* argument) const {
    return integer_at(known_value(op_, argument, a_.input(i)), static_cast<int64_t>(j));
  }
  bool is_float(size_t i) const { return in_set(a_.input(i).dtype, kFloatTypes); }
  template <class Length>
  int64_t real_range(Length&& length, const char* argument) const {
    double values[3];
    for (size_t i = 0; i < 3; ++i) values[i] = real_at(known_value(op_, argument, a_.input(i)));
    return length(values[0], values[1], values[2]);
  }
  std::optional<double> real(size_t i, size_t j, const char* argument) const {
    return real_at(known_value(op_, argument, a_.input(i)), static_cast<int64_t>(j));
  }
  [[noreturn]] void fail(const std::string& message) const { throw_invalid(op_, message); }

 private:
  std::string_view op_;
  const Arguments& a_;
};

// A launch before its values are there: a dim that one decides may be any.
class LaunchCall {
 public:
  using Dim = shapes::Interval;
  LaunchCall(std::string_view op, const Arguments& a) : known_(op, a) {}

  size_t inputs() const { return known_.inputs(); }
  size_t outputs() const { return known_.outputs(); }
  bool has(size_t i) const { return known_.has(i); }
  shapes::Shape<Dim> dims(size_t i) const {
    shapes::Shape<Dim> dims;
    for (const int64_t dim : known_.dims(i)) dims.add({dim, dim});
    return dims;
  }
  size_t value_count(size_t i, const char* argument) const {
    return known_.value_count(i, argument);
  }
  Dim value(size_t, size_t, const char*) const { return {INT64_MIN, INT64_MAX}; }
  bool is_float(size_t i) const { return known_.is_float(i); }
  template <class Length>
  Dim real_range(Length&&, const char*) const {
    return {0, INT64_MAX};
  }
  std::optional<double> real(size_t, size_t, const char*) const { return std::nullopt; }
  [[noreturn]] void fail(const std::string& message) const { known_.fail(message); }

 private:
  PointCall known_;
};

// Throws unless the output has dims that it may have.
void check_within(std::string_view op, const char* argument, const Arguments& a, size_t output,
                  const shapes::Shape<shapes::Interval>& expected);

// An output of a rule that values decide: rule(call). Where a host asks they are known; run()
// compares them once they are there, with another check_output().
template <class Rule>
void check_valued(std::string_view op, const char* argument, const Arguments& a, size_t output,
                  Rule&& rule) {
  if (a.asked != nullptr) {
    check_output(op, argument, a, output, rule(PointCall(op, a)));
  } else {
    check_within(op, argument, a, output, rule(LaunchCall(op, a)));
  }
}

}  // namespace tenon::device
