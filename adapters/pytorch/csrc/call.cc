// SPDX-License-Identifier: Apache-2.0
#include "call.h"

namespace tenon::pytorch {
namespace {

[[noreturn]] void throw_no_launch_value(ScalarType type) {
  C10_THROW_ERROR(NotImplementedError,
                  std::string("tenon: no launch value of type ") + toString(type));
}

}  // namespace

runtime::Argument OperatorCall::argument(const Tensor& tensor) const {
  const c10::Device here(kTenon, index_);
  if (tensor.device() != here) [[unlikely]]
    throw_mixed_devices(here, tensor.device());
  const tn_dtype type = to_tenon(tensor.scalar_type());
  TORCH_CHECK_NOT_IMPLEMENTED(type != TN_DTYPE_UNDEFINED, "tenon: ", operation_.name(),
                              " has no elements of type ", tensor.scalar_type());
  return device_argument(tensor.unsafeGetTensorImpl(), type);
}

OperatorCall& OperatorCall::operand(const Tensor& tensor, ScalarType type) {
  if (!tensor.device().is_cpu() || tensor.dim() != 0) return input(tensor);
  const auto value = read_element(to_tenon(tensor.scalar_type()), tensor.const_data_ptr());
  return value ? number(*value, type) : scalar(tensor.item(), type);
}

OperatorCall& OperatorCall::scalar(const at::Scalar& v, ScalarType type) {
  // No device computes with complex numbers: the fallback takes them whole.
  if (isComplexType(type)) throw_no_launch_value(type);
  // Elsewhere PyTorch takes no real part without being asked: it throws here.
  return number(v.isComplex() ? Number(v.toDouble()) : number_of(v), type);
}

OperatorCall& OperatorCall::number(const Number& exact, ScalarType type) {
  const tn_dtype dtype = to_tenon(type);
  void* slot = &values_[value_count_];
  // PyTorch makes 16-bit floats of float32, and so rounds twice.
  const bool half = in_set(dtype, type_set::kHalf);
  if (!in_set(dtype, type_set::kComputed) ||
      !write_element(dtype, half ? Number(exact.to_float()) : exact, slot)) {
    throw_no_launch_value(type);
  }
  ++value_count_;
  inputs_.push_back(runtime::Argument::host(slot, dtype));
  return *this;
}

}  // namespace tenon::pytorch
