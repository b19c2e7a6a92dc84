// SPDX-License-Identifier: Apache-2.0
//
// Whether a kernel's description is well formed, whatever the operator. What it lets through, the
// authors of kernels may take for granted.
#pragma once

#include <string>
#include <vector>

#include "reference_impl/device/device.h"

namespace tenon::device {

// A description in structs of the size known here. The arrays of `desc` point into it.
struct CheckedDescription {
  tn_kernel_desc desc{};
  std::string operator_name;  // "Add", "tenon.Fill"

  std::vector<tn_argument> inputs;
  std::vector<tn_argument> outputs;
  std::vector<tn_attribute> attributes;
  std::vector<const tn_argument*> input_pointers;
  std::vector<const tn_argument*> output_pointers;
  std::vector<const tn_attribute*> attribute_pointers;
};

// Whether all dims of it are given.
bool is_static(const tn_argument& argument);

// Throws plugin::Failure (TN_INVALID_ARGUMENT, or TN_UNSUPPORTED for what is not known here).
void check_description(const OpenDevice& device, const tn_kernel_desc* given,
                       CheckedDescription* out);

}  // namespace tenon::device
