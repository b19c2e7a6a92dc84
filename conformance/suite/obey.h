// SPDX-License-Identifier: Apache-2.0
//
// Describing a kernel again as a device asks for it: one of known dims, or dense and aligned
// tensors, answers TN_NEEDS_STATIC to all else, and conforms.
#pragma once

#include <initializer_list>

#include "tenon/tenon.hpp"

namespace tenon::conformance {

using Tensors = std::initializer_list<const tn_tensor*>;

bool is_dense(const tn_tensor& tensor);

// Follows what the device asks, as far as these tensors are what it wants. TN_OK; TN_NEEDS_STATIC
// where they are not, or it asks for what a description cannot give; or its last answer. Throws
// where the operator itself forbids the description.
tn_status obey(const Device& device, KernelDesc& desc, Tensors inputs, Tensors outputs);

// The same for dense tensors of known dims at offset 0: promises the alignment that is asked for.
// Other faults of the description are found when the kernel is made.
KernelDesc aligned(const Device& device, KernelDesc desc);

// Bytes that the device wants an argument to be aligned to, or 0, and whether it must be dense.
uint64_t wanted_alignment(const tn_argument_needs& needs);
bool wants_dense(const tn_argument_needs& needs);

}  // namespace tenon::conformance
