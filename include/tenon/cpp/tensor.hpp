// SPDX-License-Identifier: Apache-2.0
//
// Tensor: a tn_tensor that holds its own dims and strides. Lives on the stack, never allocates.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>

#include "tenon/cpp/dtype.hpp"
#include "tenon/cpp/error.hpp"

namespace tenon {

using Dims = std::span<const int64_t>;

// Number of elements; 1 for rank 0.
inline int64_t element_count(Dims dims) {
  int64_t count = 1;
  for (int64_t dim : dims) count *= dim;
  return count;
}

// The same for dims that have not been checked yet: nothing when one is negative, or when the dims
// that are not 0 multiply to more than fits (then their strides do not fit either, even where
// another dim is 0).
inline std::optional<int64_t> checked_element_count(Dims dims) {
  int64_t count = 1;
  bool empty = false;
  for (int64_t dim : dims) {
    if (dim < 0) return std::nullopt;
    if (dim == 0)
      empty = true;
    else if (count > INT64_MAX / dim)
      return std::nullopt;
    else
      count *= dim;
  }
  return empty ? 0 : count;
}

// A view for launches. Copies are independent; the buffer or host memory behind it is borrowed.
//
//   Tensor a = Tensor::device(buffer.get(), TN_FLOAT32, {2, 3}).with_offset(64);
class Tensor {
 public:
  Tensor() = default;
  Tensor(const Tensor& other) { *this = other; }
  Tensor& operator=(const Tensor& other) {
    if (this == &other) return *this;
    view_ = other.view_;
    std::copy_n(other.dims_, TN_MAX_RANK, dims_);
    std::copy_n(other.strides_, TN_MAX_RANK, strides_);
    view_.dims = dims_;  // Point into this object, not into the other.
    if (view_.strides != nullptr) view_.strides = strides_;
    return *this;
  }

  // Dense row-major memory of a device. `buffer` may be NULL when there are no elements.
  static Tensor device(tn_buffer* buffer, tn_dtype dtype, Dims dims) {
    Tensor tensor(dtype, dims);
    tensor.view_.buffer = buffer;
    return tensor;
  }
  static Tensor device(tn_buffer* buffer, tn_dtype dtype, std::initializer_list<int64_t> dims) {
    return device(buffer, dtype, Dims(dims.begin(), dims.size()));
  }

  // Dense row-major host values, borrowed.
  static Tensor host(const void* data, tn_dtype dtype, Dims dims) {
    Tensor tensor(dtype, dims);
    tensor.view_.host_data = data;
    return tensor;
  }
  static Tensor host(const void* data, tn_dtype dtype, std::initializer_list<int64_t> dims) {
    return host(data, dtype, Dims(dims.begin(), dims.size()));
  }
  // One host value (rank 0), borrowed.
  template <class T>
  static Tensor scalar(const T& value) {
    static_assert(kDtypeOf<T> != TN_DTYPE_UNDEFINED);
    return host(&value, kDtypeOf<T>, Dims());
  }
  template <class T>
  static Tensor scalar(const T&& value) = delete;  // Would dangle.

  Tensor& with_offset(uint64_t bytes) {
    view_.offset = bytes;
    return *this;
  }
  // In elements, as many as there are dims.
  Tensor& with_strides(Dims strides) {
    if (strides.size() != static_cast<size_t>(view_.rank)) {
      throw Error(TN_INVALID_ARGUMENT, "", "strides and dims differ in number");
    }
    // The limit holds anyway; GCC 12 warns where it cannot see that.
    std::copy_n(strides.data(), std::min<size_t>(strides.size(), TN_MAX_RANK), strides_);
    view_.strides = strides_;
    return *this;
  }
  Tensor& with_layout(tn_layout layout) {
    view_.layout = layout;
    return *this;
  }

  // Valid while this object lives and is not changed.
  const tn_tensor* get() const { return &view_; }
  tn_dtype dtype() const { return view_.dtype; }
  Dims dims() const { return Dims(dims_, static_cast<size_t>(view_.rank)); }
  int64_t element_count() const { return tenon::element_count(dims()); }

 private:
  Tensor(tn_dtype dtype, Dims dims) {
    if (dims.size() > TN_MAX_RANK) throw Error(TN_INVALID_ARGUMENT, "", "more than 16 dims");
    std::copy_n(dims.data(), dims.size(), dims_);
    view_.dims = dims_;
    view_.dtype = dtype;
    view_.rank = static_cast<int32_t>(dims.size());
  }

  tn_tensor view_{};
  int64_t dims_[TN_MAX_RANK] = {};
  int64_t strides_[TN_MAX_RANK] = {};
};

}  // namespace tenon
