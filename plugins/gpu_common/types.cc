// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpu_common/types.h"

#include "plugins/gpu_common/machine.h"

namespace tenon::gpu {
namespace {

[[noreturn]] void no_type(tn_dtype dtype) {
  throw device::KernelError(TN_UNSUPPORTED,
                            "kernels have no element type " + std::to_string(dtype) + " here");
}

}  // namespace

const char* bits_type(tn_dtype dtype) {
  switch (tn_dtype_bits(dtype)) {
    case 8:
      return "uchar";
    case 16:
      return "ushort";
    case 32:
      return "uint";
    case 64:
      return "ulong";
    case 128:
      return "Bits128";
    default:
      no_type(dtype);
  }
}

const char* c_type(tn_dtype dtype) {
  const ElementType& type = element_type(dtype);
  if (type.kind == ElementKind::kFloat && type.bits == 32) return "float";
  if (type.kind == ElementKind::kFloat && type.bits == 64) return "double";
  if (type.kind != ElementKind::kSigned) return bits_type(dtype);
  switch (type.bits) {
    case 8:
      return "schar";
    case 16:
      return "short";
    case 32:
      return "int";
    case 64:
      return "long";
    default:
      no_type(dtype);
  }
}

void require_arithmetic(const device::Description& description, tn_dtype dtype) {
  if (dtype == TN_FLOAT64 && !machine_of(description).limits().float64) {
    throw device::KernelError(TN_UNSUPPORTED, "the device has no float64");
  }
}

}  // namespace tenon::gpu
