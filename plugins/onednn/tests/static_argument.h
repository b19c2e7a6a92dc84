// SPDX-License-Identifier: Apache-2.0
//
// Arguments with all dims given.
#pragma once

#include <deque>
#include <numeric>
#include <vector>

#include "reference_impl/cpu/tests/device_harness.h"

namespace tenon::cpu::testing {

// Keeps the dims that its arguments point to.
class Arguments {
 public:
  tn_argument of(std::vector<int64_t> dims, tn_layout layout = TN_LAYOUT_STRIDED) {
    dims_.push_back(std::move(dims));
    tn_argument argument = describe(TN_FLOAT32, static_cast<int32_t>(dims_.back().size()));
    argument.dims = dims_.back().data();
    argument.layout = layout;
    return argument;
  }
  tn_argument constant(std::vector<int64_t> dims, const std::vector<float>& values,
                       tn_layout layout = TN_LAYOUT_STRIDED) {
    tn_argument argument = of(std::move(dims), layout);
    argument.kind = TN_ARGUMENT_CONSTANT;
    argument.host_data = values.data();
    return argument;
  }

 private:
  std::deque<std::vector<int64_t>> dims_;
};

// Small, of both signs, and exact in sums.
inline std::vector<float> pattern(size_t count, int seed = 1) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] =
        static_cast<float>(static_cast<int>((i * 7 + static_cast<size_t>(seed) * 3) % 11) - 5) / 4;
  }
  return values;
}

}  // namespace tenon::cpu::testing
