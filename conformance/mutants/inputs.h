// SPDX-License-Identifier: Apache-2.0
//
// For liars about launches: a launch whose inputs may be changed, which the caller's may not.
#pragma once

#include <vector>

#include "tenon/tenon.h"

namespace tenon::liar {

class ChangedInputs {
 public:
  explicit ChangedInputs(const tn_launch& launch) : launch_(launch) {
    tensors.reserve(launch.input_count);
    for (size_t i = 0; i < launch.input_count; ++i) {
      const tn_tensor* given = launch.inputs[i];
      tensors.push_back(given != nullptr ? *given : tn_tensor{});
      pointers_.push_back(given != nullptr ? &tensors.back() : nullptr);
    }
    launch_.inputs = pointers_.data();
  }
  ChangedInputs(const ChangedInputs&) = delete;

  const tn_launch* launch() const { return &launch_; }

  std::vector<tn_tensor> tensors;  // Those that are absent are zero.

 private:
  tn_launch launch_;
  std::vector<const tn_tensor*> pointers_;
};

}  // namespace tenon::liar
