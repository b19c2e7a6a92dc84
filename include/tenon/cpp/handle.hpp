// SPDX-License-Identifier: Apache-2.0
//
// The move-only owner that the handle classes share.
#pragma once

#include <utility>

#include "tenon/tenon.h"

namespace tenon {

// Owns one handle and destroys it with `destroy`. Empty after a move.
template <class Handle, auto destroy>
class UniqueHandle {
 public:
  UniqueHandle() = default;
  explicit UniqueHandle(Handle* handle) : handle_(handle) {}
  UniqueHandle(UniqueHandle&& other) noexcept : handle_(other.release()) {}
  UniqueHandle& operator=(UniqueHandle&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~UniqueHandle() { reset(); }

  Handle* get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }

  // Gives up ownership.
  Handle* release() { return std::exchange(handle_, nullptr); }
  void reset(Handle* handle = nullptr) {
    if (Handle* old = std::exchange(handle_, handle)) destroy(old);
  }

 protected:
  Handle* handle_ = nullptr;
};

}  // namespace tenon
