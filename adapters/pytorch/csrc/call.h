// SPDX-License-Identifier: Apache-2.0
//
// One call of a Tenon operator on the current stream of a tensor's device:
//
//   Call(kGemm, out).input(a).input(b).absent().scalar(alpha, TN_FLOAT32).output(out).run();
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

class Call {
 public:
  Call(const runtime::Operation& operation, const Tensor& where)
      : Call(operation, where.device().index()) {}
  Call(const runtime::Operation& operation, c10::DeviceIndex device)
      : operation_(operation), index_(device) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // A tensor of the device.
  Call& input(const Tensor& tensor) {
    inputs_.push_back(argument(tensor));
    return *this;
  }
  // The same, its bits read as those of another type.
  Call& input_as(const Tensor& tensor, tn_dtype type);
  // For elementwise ops, where one on the host without dims is a number: it becomes a
  // launch value of `type`.
  Call& operand(const Tensor& tensor, ScalarType type);
  Call& input(const std::optional<Tensor>& tensor) {
    return tensor && tensor->defined() ? input(*tensor) : absent();
  }
  Call& absent() {
    inputs_.push_back(runtime::Argument::absent());
    return *this;
  }
  // Launch values: 0-d, and 1-d int64 (axes).
  Call& scalar(const at::Scalar& value, ScalarType type);
  Call& number(const Number& value, ScalarType type);
  template <class T>
  Call& value(T value, tn_dtype type) {
    void* slot = &values_[value_count_++];
    *static_cast<T*>(slot) = value;
    inputs_.push_back(runtime::Argument::host(slot, type));
    return *this;
  }
  Call& float64(double v) { return value(v, TN_FLOAT64); }
  Call& float32(double v) { return value(static_cast<float>(v), TN_FLOAT32); }
  Call& int64(int64_t v) { return value(v, TN_INT64); }
  Call& integers(at::IntArrayRef values) {
    lengths_[length_count_] = static_cast<int64_t>(values.size());
    inputs_.push_back(
        runtime::Argument::host(values.data(), TN_INT64, {&lengths_[length_count_++], 1}));
    return *this;
  }

  Call& output(const Tensor& tensor) {
    outputs_.push_back(argument(tensor));
    return *this;
  }
  Call& output_as(const Tensor& tensor, tn_dtype type);
  Call& absent_output() {
    outputs_.push_back(runtime::Argument::absent());
    return *this;
  }
  Call& output_if(bool wanted, const Tensor& tensor) {
    return wanted ? output(tensor) : absent_output();
  }

  void run() {
    runtime::Device& target = device(index_);
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

inline Call& Call::input_as(const Tensor& tensor, tn_dtype type) {
  inputs_.push_back(device_argument(tensor.unsafeGetTensorImpl(), type));
  return *this;
}
inline Call& Call::output_as(const Tensor& tensor, tn_dtype type) {
  outputs_.push_back(device_argument(tensor.unsafeGetTensorImpl(), type));
  return *this;
}

}  // namespace tenon::pytorch
