// SPDX-License-Identifier: Apache-2.0
//
// Element types in kernels: which C type stands for one, and the sets that tables of operators use.
#pragma once

#include <string>

#include "tenon/device/kernel.h"

namespace tenon::gpu {

// The type that holds an element in a kernel: float, double, schar, uchar (bool, too), short,
// ushort (16-bit floats, too: as bits), int, uint, long, ulong; Bits128 for complex128. Throws
// TN_UNSUPPORTED for types below a byte.
const char* c_type(tn_dtype dtype);

// An unsigned type of as many bits, for kernels that only move elements: uchar, ushort, uint, ulong
// or Bits128.
const char* bits_type(tn_dtype dtype);

inline constexpr uint64_t kFloat32 = device::dtype_bit(TN_FLOAT32);
inline constexpr uint64_t kInt32And64 = device::dtype_bit(TN_INT32) | device::dtype_bit(TN_INT64);
inline constexpr uint64_t kBool = device::dtype_bit(TN_BOOL);
inline constexpr uint64_t kUint8 = device::dtype_bit(TN_UINT8);
// Of eight bits or more.
inline constexpr uint64_t kByteTypes = type_set::kMoved;

// Throws TN_UNSUPPORTED when the device has no float64 and the type is that.
void require_arithmetic(const device::Description& description, tn_dtype dtype);

}  // namespace tenon::gpu
