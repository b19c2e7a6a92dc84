// SPDX-License-Identifier: Apache-2.0
//
// What a kernel must know before it is made.
#pragma once

#include <string>
#include <vector>

#include "tenon/device/kernel.h"

namespace tenon::device {

// Thrown when a description would be taken if it said more: TN_NEEDS_STATIC. For each input and
// output what it should say, as in tn_argument_needs.requirements.
class NeedsStatic : public KernelError {
 public:
  NeedsStatic(const std::string& message, std::vector<uint32_t> inputs,
              std::vector<uint32_t> outputs)
      : KernelError(TN_NEEDS_STATIC, message),
        inputs(std::move(inputs)),
        outputs(std::move(outputs)) {}
  std::vector<uint32_t> inputs, outputs;
};

}  // namespace tenon::device
