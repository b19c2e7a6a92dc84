// SPDX-License-Identifier: Apache-2.0
//
// An array on the stack for as many elements as calls usually have, on the heap for more.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

namespace tenon::runtime {

// Elements are not initialised.
template <class T, size_t inline_size>
class SmallArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  SmallArray() {}
  explicit SmallArray(size_t size) { resize(size); }
  SmallArray(const SmallArray&) = delete;
  SmallArray& operator=(const SmallArray&) = delete;

  // Forgets what it held.
  void resize(size_t size) {
    size_ = size;
    if (size > inline_size) [[unlikely]] {
      heap_ = std::make_unique<T[]>(size);
      heap_size_ = size;
      data_ = heap_.get();
    }
  }
  size_t size() const { return size_; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

  // Only the words of keys grow; the rest know their size.
  void push_back(const T& value) {
    if (size_ == (heap_ ? heap_size_ : inline_size)) [[unlikely]]
      grow();
    data_[size_++] = value;
  }

 private:
  void grow() {
    heap_size_ = 2 * size_;
    auto larger = std::make_unique<T[]>(heap_size_);
    for (size_t i = 0; i < size_; ++i) larger[i] = data_[i];
    heap_ = std::move(larger);
    data_ = heap_.get();
  }

  size_t size_ = 0;
  size_t heap_size_ = 0;
  T* data_ = inline_;
  std::unique_ptr<T[]> heap_;
  union {
    T inline_[inline_size];
  };
};

}  // namespace tenon::runtime
