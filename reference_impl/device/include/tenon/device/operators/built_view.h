// SPDX-License-Identifier: Apache-2.0
//
// Views that are put together from others.
#pragma once

#include "tenon/device/kernel.h"

namespace tenon::device {

inline int64_t element_size(const View& view) { return tn_dtype_bits(view.dtype) / 8; }

// A view whose dims and strides are put together one by one.
class BuiltView {
 public:
  explicit BuiltView(const View& like) : view_(like) { view_.rank = 0; }
  void add(int64_t dim, int64_t stride) {
    dims_[view_.rank] = dim;
    strides_[view_.rank++] = stride;
  }
  void add(const View& from, int32_t begin, int32_t end) {
    for (int32_t d = begin; d < end; ++d) add(from.dims[d], from.strides[d]);
  }
  void move(int64_t elements) {
    if (view_.data) view_.data += elements * element_size(view_);
  }
  // Of this object, which must stay where it is.
  const View& view() {
    view_.dims = dims_;
    view_.strides = strides_;
    return view_;
  }

 private:
  View view_;
  int64_t dims_[2 * TN_MAX_RANK];
  int64_t strides_[2 * TN_MAX_RANK];
};

// A view without some of its dims: [begin, end) are cut out.
class CutView {
 public:
  CutView() = default;
  CutView(const View& view, int32_t begin, int32_t end) : view_(view) {
    int32_t rank = 0;
    for (int32_t d = 0; d < view.rank; ++d) {
      if (d >= begin && d < end) continue;
      dims_[rank] = view.dims[d];
      strides_[rank++] = view.strides[d];
    }
    view_.rank = rank;
  }
  // Of this object, which must stay where it is.
  const View& view() {
    view_.dims = dims_;
    view_.strides = strides_;
    return view_;
  }

 private:
  View view_;
  int64_t dims_[TN_MAX_RANK];
  int64_t strides_[TN_MAX_RANK];
};

}  // namespace tenon::device
