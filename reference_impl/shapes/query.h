// SPDX-License-Identifier: Apache-2.0
//
// A call of an operator as numbers alone: what rules are asked with where there are no tensors.
#pragma once

#include <stdexcept>
#include <vector>

#include "reference_impl/shapes/shape.h"

namespace tenon::shapes {

// What a rule forbids: says which, with the dims.
class ShapeError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

template <class D>
struct Input {
  bool present = false;
  std::vector<D> dims = {};
  // Of a host value; floats are in `reals`. Absent: not known.
  std::optional<std::vector<D>> values = {};
  std::optional<std::vector<double>> reals = {};
};

// See general_rules.h.
template <class D>
struct Query {
  using Dim = D;
  std::vector<Input<D>> given;
  size_t output_count = 1;

  size_t inputs() const { return given.size(); }
  size_t outputs() const { return output_count; }
  bool has(size_t i) const { return i < given.size() && given[i].present; }
  const std::vector<D>& dims(size_t i) const {
    if (!has(i)) fail("input " + std::to_string(i) + " is absent");
    return given[i].dims;
  }
  size_t value_count(size_t i, const char* argument) const {
    const D count = count_of<D>(dims(i), 0, dims(i).size());
    if (!is_exact(count)) fail(std::string("how many there are is not known: ") + argument);
    return static_cast<size_t>(low(count));
  }
  D value(size_t i, size_t j, const char* argument) const {
    if (has(i) && given[i].values) return given[i].values->at(j);
    if constexpr (std::is_same_v<D, Interval>) return {INT64_MIN, INT64_MAX};
    fail(std::string("the values are not known: ") + argument);
  }
  bool is_float(size_t i) const { return has(i) && given[i].reals.has_value(); }
  template <class Length>
  D real_range(Length&& length, const char*) const {
    return exactly<D>(length(given[0].reals->at(0), given[1].reals->at(0), given[2].reals->at(0)));
  }
  std::optional<double> real(size_t i, size_t j, const char* argument) const {
    if (has(i) && given[i].reals) return given[i].reals->at(j);
    if constexpr (std::is_same_v<D, Interval>) return std::nullopt;
    fail(std::string("the values are not known: ") + argument);
  }
  [[noreturn]] static void fail(const std::string& message) { throw ShapeError(message); }
};

}  // namespace tenon::shapes
