// SPDX-License-Identifier: Apache-2.0
//
// Kernels for arguments of which everything is known before the first launch: dims, strides or
// layouts, constants. What a plan of a model is made of; see ManagedDevice::choose_layouts.
#pragma once

#include <vector>

#include "runtime/operation.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime {

struct StaticArgument {
  Argument::Kind kind = Argument::Kind::kAbsent;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  std::vector<int64_t> dims;
  // In elements; of device tensors in TN_LAYOUT_STRIDED alone. Empty: dense row-major.
  std::vector<int64_t> strides;
  tn_layout layout = TN_LAYOUT_STRIDED;
  // With kind kDevice: the input is this constant, not given at launch. Borrowed; the kernel keeps
  // a reference of its own.
  tn_constant* constant = nullptr;
  // Bytes, a power of two, of which its offset is a multiple: promised where the device asks for
  // it.
  uint64_t alignment = 1;
};

// The layouts that a kernel wants, by position. TN_LAYOUT_STRIDED where TN_LAYOUT_ANY was given
// means dense row-major.
struct ChosenLayouts {
  std::vector<tn_layout> inputs;
  std::vector<tn_layout> outputs;
};

}  // namespace tenon::runtime
