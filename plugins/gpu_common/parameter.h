// SPDX-License-Identifier: Apache-2.0
//
// The parameters of a launch, in the order of the kernel function's own.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "tenon/device/kernel.h"

namespace tenon::gpu {

using device::Arguments;
using device::View;

// Dims, strides or other lists of at most TN_MAX_RANK, by value: `Longs` of kernels/portable.h.
struct Longs {
  int64_t v[TN_MAX_RANK] = {};

  Longs() = default;
  Longs(const int64_t* values, int32_t count) {
    if (count > 0) std::memcpy(v, values, static_cast<size_t>(count) * sizeof(int64_t));
  }
};

class Parameter {
 public:
  enum class Kind : uint8_t { kMemory, kValue, kFault };

  // IN(T, x) or OUT(T, x): a tensor on the device. An absent or empty one is null; so is an absent
  // argument.
  static Parameter memory(const View& view) { return Parameter(view.data); }

  // The same for a part of the launch's workspace.
  static Parameter workspace(const Arguments& arguments, uint64_t byte_offset) {
    return Parameter(arguments.workspace + byte_offset);
  }

  // By value: a number, or a struct laid out as in the kernel. Small ones are copied; of others
  // the address is kept until launch() returns, hence no temporaries.
  template <class T>
    requires(sizeof(T) <= 16)
  static Parameter value(const T& value) {
    static_assert(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>);
    static_assert(!std::is_same_v<T, bool>, "kernels have no bool parameters: give an int32_t");
    Parameter made(Kind::kValue, sizeof(T));
    std::memcpy(made.small_, &value, sizeof(T));
    return made;
  }
  template <class T>
    requires(sizeof(T) > 16)
  static Parameter value(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    Parameter made(Kind::kValue, sizeof(T));
    made.large_ = &value;
    return made;
  }
  template <class T>
    requires(sizeof(T) > 16)
  static Parameter value(const T&&) = delete;

  // Raw bytes of at most 16: a HOST input's element of any type.
  static Parameter bytes(const void* value, uint64_t size) {
    Parameter made(Kind::kValue, size);
    std::memcpy(made.small_, value, size);
    return made;
  }

  // FAULT(f): the stream's fault word; the launch may fail on its data, where it is described to
  // (Queue::check_data). `operator_name` begins the message, and is copied.
  static Parameter fault(std::string_view operator_name) {
    Parameter made(Kind::kFault, operator_name.size());
    made.large_ = operator_name.data();
    return made;
  }

  Kind kind() const { return kind_; }
  // kMemory: an address of the device.
  std::byte* address() const { return address_; }
  // kValue.
  const void* data() const { return large_ != nullptr ? large_ : small_; }
  uint64_t size() const { return size_; }
  // kFault.
  std::string_view text() const { return {static_cast<const char*>(large_), size_}; }

 private:
  explicit Parameter(std::byte* address) : kind_(Kind::kMemory), address_(address) {}
  Parameter(Kind kind, uint64_t size) : kind_(kind), size_(size) {}

  Kind kind_;
  uint64_t size_ = 0;
  std::byte* address_ = nullptr;
  const void* large_ = nullptr;
  alignas(16) std::byte small_[16];
};

}  // namespace tenon::gpu
