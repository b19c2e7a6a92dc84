// SPDX-License-Identifier: Apache-2.0
//
// Which calls of a recording are a step of tenon.FusedConv and tenon.FusedMatMul.
#pragma once

#include <optional>
#include <vector>

#include "runtime/onnx/recording.h"
#include "tenon/cpp/step_words.hpp"

namespace tenon::runtime::onnx_import {

// A word with its numbers.
struct MatchedWord {
  const StepWord* word = nullptr;
  std::vector<float> parameters;
};

// The value of a constant of one element, where float32 has it.
std::optional<float> constant_of(ManagedDevice& device, const Recording& recording,
                                 const RecordedArgument& argument);

// Whether the device has a kernel of its own for the call, values in whatever layout.
bool supported(ManagedDevice& device, const Recording& recording, const RecordedCall& call);

// The step that this call is on its first input; of words with an operand, on either. Bounds of
// Clip must be constants, and such that float32 has them.
std::optional<MatchedWord> match_word(ManagedDevice& device, const Recording& recording,
                                      const RecordedCall& call);

// The step that x * gate(x) is: Silu of Sigmoid, HardSwish of HardSigmoid as ONNX defines it by.
// Nothing where it is none, or where rounding between the two calls could show.
std::optional<MatchedWord> match_gate(const RecordedCall& gate);

}  // namespace tenon::runtime::onnx_import
