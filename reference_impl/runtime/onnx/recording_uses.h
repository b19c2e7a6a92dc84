// SPDX-License-Identifier: Apache-2.0
//
// Who computes and who takes the values of a recording: for passes that put calls together.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/onnx/recording.h"

namespace tenon::runtime::onnx_import {

constexpr size_t kModelEnd = SIZE_MAX;
constexpr size_t kNoCall = SIZE_MAX;

class RecordingUses {
 public:
  explicit RecordingUses(Recording& recording);

  // The calls that take the value, once for each time; kModelEnd for the model's end. The argument
  // has a value.
  std::vector<size_t>& users_of(const RecordedArgument& argument) {
    return users_[static_cast<size_t>(argument.value)];
  }
  const std::vector<size_t>& users_of(const RecordedArgument& argument) const {
    return users_[static_cast<size_t>(argument.value)];
  }
  // kNoCall for inputs and constants.
  size_t maker_of(const RecordedArgument& argument) const {
    return argument.value == kNotRecorded ? kNoCall : makers_[static_cast<size_t>(argument.value)];
  }

 private:
  std::vector<std::vector<size_t>> users_;  // By value.
  std::vector<size_t> makers_;
};

// Drops the calls that are marked.
void drop_calls(Recording& recording, const std::vector<bool>& gone);

}  // namespace tenon::runtime::onnx_import
