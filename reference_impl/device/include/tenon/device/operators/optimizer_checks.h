// SPDX-License-Identifier: Apache-2.0
//
// What optimizer steps are checked for.
#pragma once

#include <algorithm>

#include "tenon/device/operators/shape.h"

namespace tenon::device {

// Throws unless all present tensors have the parameter's type.
inline void check_state_types(const Description& d, size_t inputs) {
  for (size_t i = 0; i < std::max(inputs, d.output_count()); ++i) {
    const bool wrong = (i < inputs && d.has_input(i) && d.input_dtype(i) != d.input_dtype(0)) ||
                       (d.has_output(i) && d.output_dtype(i) != d.input_dtype(0));
    if (wrong) throw_invalid(d.name(), "gradient and state must have the parameter's type");
  }
}

inline void check_state_dims(std::string_view op, const Arguments& a, size_t inputs) {
  for (size_t i = 1; i < inputs; ++i) {
    if (a.input(i).present()) check_same_dims(op, "gradient or state", a.input(i), a.input(0));
  }
  for (size_t i = 0; i < a.outputs.size(); ++i) {
    check_output(op, "an output", a, i, a.input(0).shape());
  }
}

// Host values have one element each.
inline void check_step_values(std::string_view op, const Arguments& a, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    if (!a.input(i).present()) throw_invalid(op, "a host value is missing");
    if (a.input(i).count() != 1) throw_dims(op, "a host value", a.input(i).shape(), {});
  }
}

}  // namespace tenon::device
