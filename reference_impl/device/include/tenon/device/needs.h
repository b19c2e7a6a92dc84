// SPDX-License-Identifier: Apache-2.0
//
// What a kernel must know before it is made.
#pragma once

#include <string>
#include <vector>

#include "tenon/device/kernel.h"

namespace tenon::device {

// Thrown when a description would be taken if it said more: TN_NEEDS_STATIC. For each input and
// output what it should say, as in tn_argument_needs.requirements, and the alignment for those that
// should be aligned.
class NeedsStatic : public KernelError {
 public:
  NeedsStatic(const std::string& message, std::vector<uint32_t> inputs,
              std::vector<uint32_t> outputs, uint32_t alignment = 0)
      : KernelError(TN_NEEDS_STATIC, message),
        inputs(std::move(inputs)),
        outputs(std::move(outputs)),
        alignment(alignment) {}
  std::vector<uint32_t> inputs, outputs;
  uint32_t alignment;
};

}  // namespace tenon::device
