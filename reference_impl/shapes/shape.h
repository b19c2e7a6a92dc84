// SPDX-License-Identifier: Apache-2.0
//
// Dims of a tensor as rules give them, without memory of their own.
#pragma once

#include <span>
#include <string>

#include "reference_impl/shapes/dim.h"
#include "tenon/tenon.h"

namespace tenon::shapes {

template <class D>
class Shape {
 public:
  // What a rule may put together: more than a tensor has, so that the caller sees that it is.
  static constexpr size_t kMost = 3 * TN_MAX_RANK;

  Shape() = default;
  Shape(const Shape& other) { append(other); }
  Shape& operator=(const Shape& other) {
    size_ = 0;
    return append(other), *this;
  }
  template <class Dims>
  static Shape of(const Dims& dims) {
    Shape shape;
    shape.append(dims);
    return shape;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const D& operator[](size_t i) const { return dims_[i]; }
  D& operator[](size_t i) { return dims_[i]; }
  const D* begin() const { return dims_; }
  const D* end() const { return dims_ + size_; }
  const D& back() const { return dims_[size_ - 1]; }
  operator std::span<const D>() const { return {dims_, size_}; }

  void add(const D& dim) {
    if (size_ < kMost) dims_[size_++] = dim;
  }
  // Those of another, from `begin` to `end`.
  template <class Dims>
  void append(const Dims& from, size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) add(from[i]);
  }
  template <class Dims>
  void append(const Dims& from) {
    append(from, 0, from.size());
  }

 private:
  size_t size_ = 0;
  D dims_[kMost];
};

template <class Dims>
std::string dims_text(const Dims& dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); ++i) text += (i > 0 ? ", " : "") + text_of(dims[i]);
  return text + "]";
}

// The product of dims.
template <class D, class Dims>
D count_of(const Dims& dims, size_t begin, size_t end) {
  D count = exactly<D>(1);
  for (size_t i = begin; i < end; ++i) count = times(count, dims[i]);
  return count;
}

}  // namespace tenon::shapes
