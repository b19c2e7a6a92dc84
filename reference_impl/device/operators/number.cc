// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/number.h"

namespace tenon::device {

const char* dtype_name(tn_dtype dtype) {
  static constexpr const char* kNames[] = {
      "undefined",      "float32",    "uint8",          "int8",       "uint16",   "int16",
      "int32",          "int64",      "string",         "bool",       "float16",  "float64",
      "uint32",         "uint64",     "complex64",      "complex128", "bfloat16", "float8e4m3fn",
      "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4",      "int4",     "float4e2m1"};
  const bool known = dtype >= 0 && dtype < static_cast<tn_dtype>(std::size(kNames));
  return known ? kNames[dtype] : "unknown";
}

void throw_unsupported_dtype(std::string_view op, tn_dtype dtype) {
  throw KernelError(TN_UNSUPPORTED,
                    std::string(op) + ": not available for element type " + dtype_name(dtype));
}

}  // namespace tenon::device
