// SPDX-License-Identifier: Apache-2.0
//
// Which families make the kernel of a description.
//
// An operator may have rows in several families, those of Platform::families before those of
// Platform::behind. The first whose kernel takes the description has it. Some of what a kernel does
// not take shows with a launch alone: strides, dims that were left open. For that the kernel of the
// next row is made, too, and launches ask Kernel::takes(). What is valid is for the last row to
// say: launches are checked by its kernel.
#pragma once

#include <memory>
#include <vector>

#include "reference_impl/device/check_description.h"

namespace tenon::device {

struct ChosenKernel {
  std::unique_ptr<Kernel> kernel;
  std::unique_ptr<Kernel> next;  // Of launches that `kernel` does not take. Null: it takes all.
  bool behind = false;           // `kernel` is of Platform::behind.
  // What it takes, where TN_LAYOUT_ANY was described. In a token there is no next kernel.
  std::vector<tn_layout> input_layouts;
  std::vector<tn_layout> output_layouts;
};

// Throws KernelError: TN_UNSUPPORTED, TN_NEEDS_STATIC, TN_INVALID_ARGUMENT.
ChosenKernel choose_kernel(OpenDevice& device, const CheckedDescription& description);

}  // namespace tenon::device
