// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpu_common/operators/element_types.h"

namespace tenon::gpu {

const char* type_name(tn_dtype dtype) {
  if (in_set(dtype, type_set::kComputed)) return element_type(dtype).short_name;
  throw device::KernelError(TN_UNSUPPORTED,
                            std::string("kernels do not compute with ") + dtype_name(dtype));
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
