// SPDX-License-Identifier: Apache-2.0
#include "call.h"

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

namespace tenon::pytorch {
namespace {

// Converts as a tensor's cast does: integers wrap, nothing is checked for range.
template <class T>
T converted(const at::Scalar& value) {
  if (value.isBoolean()) return static_cast<T>(value.toBool() ? 1 : 0);
  if (value.isIntegral(/*includeBool=*/false)) return static_cast<T>(value.toLong());
  return static_cast<T>(value.toDouble());
}

at::Scalar host_value(const Tensor& tensor) {
  const void* data = tensor.const_data_ptr();
  switch (tensor.scalar_type()) {
    case ScalarType::Byte:
      return *static_cast<const uint8_t*>(data);
    case ScalarType::Char:
      return *static_cast<const int8_t*>(data);
    case ScalarType::Short:
      return *static_cast<const int16_t*>(data);
    case ScalarType::Int:
      return *static_cast<const int32_t*>(data);
    case ScalarType::Long:
      return *static_cast<const int64_t*>(data);
    case ScalarType::Half:
      return *static_cast<const c10::Half*>(data);
    case ScalarType::Float:
      return *static_cast<const float*>(data);
    case ScalarType::Double:
      return *static_cast<const double*>(data);
    case ScalarType::Bool:
      return *static_cast<const bool*>(data);
    case ScalarType::BFloat16:
      return *static_cast<const c10::BFloat16*>(data);
    default:
      return tensor.item();
  }
}

}  // namespace

runtime::Argument Call::argument(const Tensor& tensor) const {
  const c10::Device here(kTenon, index_);
  if (tensor.device() != here) [[unlikely]]
    throw_mixed_devices(here, tensor.device());
  const tn_dtype type = to_tenon(tensor.scalar_type());
  TORCH_CHECK_NOT_IMPLEMENTED(type != TN_DTYPE_UNDEFINED, "tenon: ", operation_.name(),
                              " has no elements of type ", tensor.scalar_type());
  return device_argument(tensor.unsafeGetTensorImpl(), type);
}

Call& Call::operand(const Tensor& tensor, ScalarType type) {
  if (tensor.device().is_cpu() && tensor.dim() == 0) return scalar(host_value(tensor), type);
  return input(tensor);
}

Call& Call::scalar(const at::Scalar& v, ScalarType type) {
  switch (type) {
    case ScalarType::Byte:
      return value(converted<uint8_t>(v), TN_UINT8);
    case ScalarType::Char:
      return value(converted<int8_t>(v), TN_INT8);
    case ScalarType::Short:
      return value(converted<int16_t>(v), TN_INT16);
    case ScalarType::Int:
      return value(converted<int32_t>(v), TN_INT32);
    case ScalarType::Long:
      return value(converted<int64_t>(v), TN_INT64);
    case ScalarType::UInt16:
      return value(converted<uint16_t>(v), TN_UINT16);
    case ScalarType::UInt32:
      return value(converted<uint32_t>(v), TN_UINT32);
    case ScalarType::UInt64:
      return value(v.toUInt64(), TN_UINT64);
    case ScalarType::Half:
      return value(c10::Half(converted<float>(v)), TN_FLOAT16);
    case ScalarType::BFloat16:
      return value(c10::BFloat16(converted<float>(v)), TN_BFLOAT16);
    case ScalarType::Float:
      return value(converted<float>(v), TN_FLOAT32);
    case ScalarType::Double:
      return value(converted<double>(v), TN_FLOAT64);
    case ScalarType::Bool:
      return value<uint8_t>(v.toDouble() != 0, TN_BOOL);
    default:
      break;
  }
  C10_THROW_ERROR(NotImplementedError,
                  std::string("tenon: no launch value of type ") + toString(type));
}

}  // namespace tenon::pytorch
