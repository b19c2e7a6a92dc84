// SPDX-License-Identifier: Apache-2.0
//
// Asks a device for a kernel: writes the description of a call and interprets the answer.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/kernel_cache.h"
#include "runtime/kernel_key.h"

namespace tenon::runtime {

class KernelMaker {
 public:
  // `flags`: of each description.
  KernelMaker(tn_device* device, uint32_t flags);

  uint32_t flags() const { return flags_; }

  // Describes the call as far as the profile says. Throws Error for what is neither made nor
  // unsupported: a description that the operator forbids, memory exhausted, a lost device.
  KernelOutcome make(const Operation& operation, const PreparedCall& call,
                     const Profile& profile) const;

  // The versions to describe a call with, the best first; empty when the device has the operator by
  // another revision of its contract alone. `desc`: by the operator's own version.
  std::vector<int32_t> versions(const Operation& operation, const tn_kernel_desc& desc) const;

 private:
  struct Versions {
    std::vector<int32_t> known;   // That the device's table lists; empty when it lists none.
    int32_t other_revision = -1;  // That it lists instead of the registry's.
  };

  tn_device* const device_;
  const uint32_t flags_;
  std::vector<Versions> versions_;  // By the operator's index.
};

}  // namespace tenon::runtime
