// SPDX-License-Identifier: Apache-2.0
//
// Constant: a value that kernels share. Copies share one reference count.
#pragma once

#include <utility>

#include "tenon/cpp/device.hpp"
#include "tenon/cpp/error.hpp"
#include "tenon/cpp/tensor.hpp"

namespace tenon {

class Constant {
 public:
  Constant() = default;
  // Takes over one reference.
  explicit Constant(tn_constant* constant) : constant_(constant) {}
  // `value` is host data, or a device tensor read in order behind `stream` (NULL: waits).
  Constant(const Device& device, const Tensor& value, tn_layout layout = TN_LAYOUT_STRIDED,
           tn_stream* stream = nullptr) {
    const tn_constant_desc desc{sizeof(desc), value.get(), layout, stream};
    call(tn_constant_create, device.get(), &desc, &constant_);
  }
  Constant(const Constant& other) noexcept : constant_(other.constant_) {
    if (constant_ != nullptr) tn_constant_retain(constant_);
  }
  Constant(Constant&& other) noexcept : constant_(std::exchange(other.constant_, nullptr)) {}
  Constant& operator=(Constant other) noexcept {
    std::swap(constant_, other.constant_);
    return *this;
  }
  ~Constant() {
    if (constant_ != nullptr) tn_constant_release(constant_);
  }

  tn_constant* get() const { return constant_; }
  explicit operator bool() const { return constant_ != nullptr; }

  tn_constant_info info() const {
    tn_constant_info info{};
    info.struct_size = sizeof(info);
    call(tn_constant_get_info, constant_, &info);
    return info;
  }

 private:
  tn_constant* constant_ = nullptr;
};

}  // namespace tenon
