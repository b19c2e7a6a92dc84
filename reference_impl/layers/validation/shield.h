// SPDX-License-Identifier: Apache-2.0
//
// Memory of the host that a plugin fills: the plugin is given a copy with a margin behind it, so
// that what it writes beyond the host's size is seen, and does the host no harm.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>

namespace tenon::layers::validation {

class Shield {
 public:
  Shield() = default;
  Shield(const Shield&) = delete;
  Shield& operator=(const Shield&) = delete;

  // The copy, for the plugin.
  void* put_before(void* host, size_t size) {
    host_ = static_cast<std::byte*>(host);
    size_ = size;
    if (size + kMargin > sizeof(small_)) large_ = std::make_unique<std::byte[]>(size + kMargin);
    std::memcpy(copy(), host, size);
    std::fill_n(copy() + size, kMargin, kPattern);
    return copy();
  }
  bool used() const { return host_ != nullptr; }
  size_t size() const { return size_; }
  std::byte* copy() { return large_ ? large_.get() : small_; }
  std::byte* host() const { return host_; }

  // Nothing was written behind the host's bytes.
  bool intact() {
    return std::all_of(copy() + size_, copy() + size_ + kMargin,
                       [](std::byte byte) { return byte == kPattern; });
  }
  // Nothing was written at all.
  bool untouched() { return std::memcmp(copy(), host_, size_) == 0; }
  // What was written, from `first` on, becomes the host's.
  void hand_over(size_t first = 0) {
    if (first < size_) std::memcpy(host_ + first, copy() + first, size_ - first);
  }

 private:
  static constexpr size_t kMargin = 64;
  static constexpr std::byte kPattern{0xa7};

  std::byte* host_ = nullptr;
  size_t size_ = 0;
  std::unique_ptr<std::byte[]> large_;
  alignas(std::max_align_t) std::byte small_[640];  // A tn_error, and the margin.
};

// A struct that the layer itself has a plugin fill.
template <class T>
struct WithMargin {
  WithMargin() { value.struct_size = sizeof(T); }
  T value{};
  std::byte margin[64]{};
};

}  // namespace tenon::layers::validation
