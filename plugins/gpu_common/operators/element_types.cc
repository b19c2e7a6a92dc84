// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpu_common/operators/element_types.h"

namespace tenon::gpu {

const char* type_name(tn_dtype dtype) {
  switch (dtype) {
    case TN_FLOAT32:
      return "f32";
    case TN_FLOAT64:
      return "f64";
    case TN_FLOAT16:
      return "f16";
    case TN_BFLOAT16:
      return "bf16";
    case TN_INT8:
      return "i8";
    case TN_INT16:
      return "i16";
    case TN_INT32:
      return "i32";
    case TN_INT64:
      return "i64";
    case TN_UINT8:
      return "u8";
    case TN_UINT16:
      return "u16";
    case TN_UINT32:
      return "u32";
    case TN_UINT64:
      return "u64";
    case TN_BOOL:
      return "b8";
    default:
      throw device::KernelError(
          TN_UNSUPPORTED, std::string("kernels do not compute with ") + device::dtype_name(dtype));
  }
}

const char* moved_type_name(tn_dtype dtype) {
  switch (tn_dtype_bits(dtype)) {
    case 8:
      return "u8";
    case 16:
      return "u16";
    case 32:
      return "u32";
    case 64:
      return "u64";
    default:
      throw device::KernelError(TN_UNSUPPORTED, std::string("kernels do not move elements of ") +
                                                    device::dtype_name(dtype));
  }
}

std::string machine_definitions(const Limits& limits) {
  std::string text;
  if (limits.is_cpu) text += "-DROWS ";
  if (limits.float64) text += "-DHAS_DOUBLE ";
  return text;
}

}  // namespace tenon::gpu
