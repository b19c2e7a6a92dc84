// SPDX-License-Identifier: Apache-2.0
//
// Strided views of device memory. Whatever an op only rearranges (transpose, slice, broadcast, NHWC
// as NCHW) is done here with dims and strides; memory is never touched.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "runtime/operation.h"
#include "tenon/tenon.h"

namespace tenon::tensorflow {

// Up to TN_MAX_RANK numbers without an allocation.
class Dims {
 public:
  Dims() = default;
  Dims(std::initializer_list<int64_t> values) : Dims(std::span(values.begin(), values.size())) {}
  explicit Dims(std::span<const int64_t> values) {
    for (int64_t value : values) push_back(value);
  }
  static Dims filled(int32_t size, int64_t value) {
    Dims dims;
    for (int32_t i = 0; i < size; ++i) dims.push_back(value);
    return dims;
  }

  void push_back(int64_t value);
  void insert(int32_t at, int64_t value);
  void erase(int32_t at);

  int32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const int64_t* data() const { return values_; }
  int64_t& operator[](int32_t i) { return values_[i]; }
  int64_t operator[](int32_t i) const { return values_[i]; }
  const int64_t* begin() const { return values_; }
  const int64_t* end() const { return values_ + size_; }

  int64_t product() const;
  std::string text() const;  // "[2,3]"
  friend bool operator==(const Dims& a, const Dims& b);

 private:
  int32_t size_ = 0;
  int64_t values_[TN_MAX_RANK];
};

bool broadcasts(const Dims& a, const Dims& b);
// Dims that both broadcast to; fails with the op's error otherwise.
Dims broadcast_dims(const Dims& a, const Dims& b);
// `axis` counted from the end when negative; fails when out of range.
int32_t normal_axis(int64_t axis, int32_t rank);

struct View {
  const char* data = nullptr;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  bool dense = true;  // Row-major without gaps: `strides` is not set then.
  Dims dims;
  Dims strides;  // In elements.

  View() = default;
  View(const void* address, tn_dtype type, const Dims& shape)
      : data(static_cast<const char*>(address)), dtype(type), dims(shape) {}

  int32_t rank() const { return dims.size(); }
  int64_t count() const { return dims.product(); }
  int64_t stride(int32_t axis) const;
  runtime::Argument argument() const {
    return runtime::Argument::device(data, dtype, dims, dense ? nullptr : strides.data());
  }

  // The same memory seen differently.
  View permuted(std::span<const int64_t> order) const;  // Axis i is axis order[i] of this.
  View broadcast_to(const Dims& shape) const;           // NumPy's rules.
  // Elements start, start + step, ... of an axis, `count` of them.
  View sliced(int32_t axis, int64_t start, int64_t count, int64_t step = 1) const;
  View with_axis(int32_t at, int64_t size = 1) const;  // A new axis; size > 1 repeats (stride 0).
  View without_axis(int32_t at) const;                 // Removes an axis of one element.
  View reshaped(const Dims& shape) const;              // Of a dense view.
  // Axes [first, last) as one; false when memory does not allow it.
  bool merge(int32_t first, int32_t last, View* merged) const;
  View split_axis(int32_t axis, const Dims& sizes) const;

  // Spatial ops: [N, spatial..., C] as [N, C, spatial...], and filters [spatial..., I, O] as
  // [O, I, spatial...].
  View channels_first() const;
  View filter_first() const;

 private:
  View strided() const;  // With strides set.
};

}  // namespace tenon::tensorflow
