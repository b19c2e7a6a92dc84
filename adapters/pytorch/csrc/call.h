// SPDX-License-Identifier: Apache-2.0
//
// One call of a Tenon operator on the current stream of a tensor's device:
//
//   OperatorCall(kGemm, out).input(a).input(b).absent().scalar(alpha,
//   TN_FLOAT32).output(out).run();
//
// Borrows the tensors until run(); holds the launch values itself.
#pragma once

#include <array>
#include <optional>

#include <ATen/core/Tensor.h>
#include <c10/util/SmallVector.h>

#include "devices.h"
#include "errors.h"
#include "runtime/device.h"
#include "tensors.h"

namespace tenon::pytorch {

// Operator of the static tables: operation<"Add">() is made once.
template <size_t N>
struct FixedString {
  char text[N];
  constexpr FixedString(const char (&literal)[N]) {  // NOLINT: implicit, for template arguments
    for (size_t i = 0; i < N; ++i) text[i] = literal[i];
  }
  constexpr std::string_view view() const { return {text, N - 1}; }
};

template <FixedString Name>
const runtime::Operation& operation() {
  static const runtime::Operation made(Name.view());
  return made;
}

class OperatorCall {
 public:
  OperatorCall(const runtime::Operation& operation, const Tensor& where)
      : OperatorCall(operation, where.device().index()) {}
  OperatorCall(const runtime::Operation& operation, c10::DeviceIndex device)
      : operation_(operation), index_(device) {}
  OperatorCall(const OperatorCall&) = delete;
  OperatorCall& operator=(const OperatorCall&) = delete;

  // A tensor of the device.
  OperatorCall& input(const Tensor& tensor) {
    inputs_.push_back(argument(tensor));
    return *this;
  }
  // The same, its bits read as those of another type.
  OperatorCall& input_as(const Tensor& tensor, tn_dtype type);
  // For elementwise ops, where one on the host without dims is a number: it becomes a
  // launch value of `type`.
  OperatorCall& operand(const Tensor& tensor, ScalarType type);
  OperatorCall& input(const std::optional<Tensor>& tensor) {
    return tensor && tensor->defined() ? input(*tensor) : absent();
  }
  OperatorCall& absent() {
    inputs_.push_back(runtime::Argument::absent());
    return *this;
  }
  // Launch values: 0-d, and 1-d int64 (axes).
  OperatorCall& scalar(const at::Scalar& value, ScalarType type);
  OperatorCall& number(const Number& value, ScalarType type);
  template <class T>
  OperatorCall& value(T value, tn_dtype type) {
    void* slot = &values_[value_count_++];
    *static_cast<T*>(slot) = value;
    inputs_.push_back(runtime::Argument::host(slot, type));
    return *this;
  }
  OperatorCall& float64(double v) { return value(v, TN_FLOAT64); }
  OperatorCall& float32(double v) { return value(static_cast<float>(v), TN_FLOAT32); }
  OperatorCall& int64(int64_t v) { return value(v, TN_INT64); }
  OperatorCall& integers(at::IntArrayRef values) {
    lengths_[length_count_] = static_cast<int64_t>(values.size());
    inputs_.push_back(
        runtime::Argument::host(values.data(), TN_INT64, {&lengths_[length_count_++], 1}));
    return *this;
  }

  OperatorCall& floats(c10::ArrayRef<float> values) {
    lengths_[length_count_] = static_cast<int64_t>(values.size());
    inputs_.push_back(
        runtime::Argument::host(values.data(), TN_FLOAT32, {&lengths_[length_count_++], 1}));
    return *this;
  }

  OperatorCall& output(const Tensor& tensor) {
    outputs_.push_back(argument(tensor));
    return *this;
  }
  OperatorCall& output_as(const Tensor& tensor, tn_dtype type);
  OperatorCall& absent_output() {
    outputs_.push_back(runtime::Argument::absent());
    return *this;
  }
  OperatorCall& output_if(bool wanted, const Tensor& tensor) {
    return wanted ? output(tensor) : absent_output();
  }

  void run() {
    runtime::ManagedDevice& target = device(index_);
    translated([&] {
      target.run(operation_, {inputs_.data(), inputs_.size()}, {outputs_.data(), outputs_.size()},
                 current_stream(index_));
    });
  }

 private:
  static constexpr size_t kMaxValues = 12;

  runtime::Argument argument(const Tensor& tensor) const;

  const runtime::Operation& operation_;
  c10::DeviceIndex index_;
  c10::SmallVector<runtime::Argument, 6> inputs_;
  c10::SmallVector<runtime::Argument, 3> outputs_;
  std::array<uint64_t, kMaxValues> values_;
  size_t value_count_ = 0;
  std::array<int64_t, 4> lengths_;
  size_t length_count_ = 0;
};

// The argument of a tensor, without checks.
inline runtime::Argument device_argument(const c10::TensorImpl* impl, tn_dtype type) {
  const auto sizes = impl->sizes();
  return runtime::Argument::device(
      static_cast<const char*>(impl->unsafe_storage().data()) +
          static_cast<size_t>(impl->storage_offset()) * impl->itemsize(),
      type, {sizes.data(), sizes.size()}, impl->is_contiguous() ? nullptr : impl->strides().data());
}

inline OperatorCall& OperatorCall::input_as(const Tensor& tensor, tn_dtype type) {
  inputs_.push_back(device_argument(tensor.unsafeGetTensorImpl(), type));
  return *this;
}
inline OperatorCall& OperatorCall::output_as(const Tensor& tensor, tn_dtype type) {
  outputs_.push_back(device_argument(tensor.unsafeGetTensorImpl(), type));
  return *this;
}

}  // namespace tenon::pytorch
