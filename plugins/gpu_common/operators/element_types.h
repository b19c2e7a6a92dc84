// SPDX-License-Identifier: Apache-2.0
//
// The names of element types in kernels/element_types.h.
#pragma once

#include <string>

#include "plugins/gpu_common/machine.h"
#include "plugins/gpu_common/types.h"
#include "tenon/device/operators/number.h"

namespace tenon::gpu {

// "f32", "i64", "b8", ... Throws TN_UNSUPPORTED for types that kernels do not compute with.
const char* type_name(tn_dtype dtype);

// "u8" to "u64": for kernels that only move elements of at most 64 bits. Throws TN_UNSUPPORTED.
const char* moved_type_name(tn_dtype dtype);

// "-D<macro>=<name> "
inline std::string define(const char* macro, const std::string& value) {
  return std::string("-D") + macro + "=" + value + " ";
}
inline std::string define_type(const char* macro, tn_dtype dtype) {
  return define(macro, type_name(dtype));
}
inline std::string define_moved(const char* macro, tn_dtype dtype) {
  return define(macro, moved_type_name(dtype));
}

// What the machine has, for every kernel here: -DROWS on processors (kernels/loop.h) and
// -DHAS_DOUBLE.
std::string machine_definitions(const Limits& limits);

// Types whose elements are moved.
inline constexpr uint64_t kMovedTypes = kByteTypes & ~device::dtype_bit(TN_COMPLEX128);

}  // namespace tenon::gpu
