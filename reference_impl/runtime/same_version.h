// SPDX-License-Identifier: Apache-2.0
//
// Describing a call by another since-version of its operator, for a device that was written for it.
#pragma once

#include <vector>

#include "runtime/registry.h"

namespace tenon::runtime {

// Whether `version`, one of the operator's `same`, means this call: it has its element types,
// arguments and attributes. `desc` is the call by the operator's own version.
bool expresses(const OperatorInfo& info, const SameVersion& version, const tn_kernel_desc& desc);

// The call by one version after another. Borrows all that the description points to.
class VersionedDescription {
 public:
  VersionedDescription(const OperatorInfo& info, const tn_kernel_desc& desc)
      : info_(info), whole_(desc) {}

  const tn_kernel_desc& whole() const { return whole_; }
  // `version` is the operator's own, or one that expresses the call. Valid until the next get().
  const tn_kernel_desc* get(int32_t version);

 private:
  const OperatorInfo& info_;
  const tn_kernel_desc whole_;
  tn_kernel_desc desc_{};
  std::vector<const tn_attribute*> attributes_;
};

}  // namespace tenon::runtime
