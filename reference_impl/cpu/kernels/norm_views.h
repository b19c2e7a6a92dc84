// SPDX-License-Identifier: Apache-2.0
//
// Arguments of the normalizations as their kernels read them, and views that stand for those that
// are not there.
#pragma once

#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/device/operators/norm_checks.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

// A number that an absent scale or shift is taken to be.
template <class T>
class Scalar {
 public:
  explicit Scalar(float value) : value_(store<T>(value)) {}
  View view() const {
    View view;
    view.data = reinterpret_cast<std::byte*>(const_cast<T*>(&value_));
    view.dtype = DtypeOf<T>::value;
    return view;
  }

 private:
  T value_;
};

// The first element alone, as a view that broadcasts over all rows.
inline View scale_rows(const View& view) {
  View first = view;
  first.rank = 0;
  return first;
}

// The dims of `view` from `axis` on: its first row.
inline View row_of(const View& view, int32_t axis) {
  View row = view;
  row.dims += axis;
  row.strides += axis;
  row.rank -= axis;
  return row;
}

// Statistics may have another float type than the data.
inline double load_real(tn_dtype dtype, const std::byte* at) {
  return visit_dtype<kFloatTypes>("statistics", dtype, [&](auto type) {
    return static_cast<double>(load(*reinterpret_cast<const typename decltype(type)::type*>(at)));
  });
}

inline void store_real(tn_dtype dtype, std::byte* at, double value) {
  visit_dtype<kFloatTypes>("statistics", dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    *reinterpret_cast<T*>(at) = store<T>(value);
  });
}

}  // namespace tenon::cpu
