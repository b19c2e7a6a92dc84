// SPDX-License-Identifier: Apache-2.0
//
// Arguments of the normalizations as their kernels read them, and views that stand for those that
// are not there.
#pragma once

#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/device/operators/norm_checks.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

template <class T>
struct DtypeOf;
template <>
struct DtypeOf<float> {
  static constexpr tn_dtype value = TN_FLOAT32;
};
template <>
struct DtypeOf<double> {
  static constexpr tn_dtype value = TN_FLOAT64;
};
template <>
struct DtypeOf<Float16> {
  static constexpr tn_dtype value = TN_FLOAT16;
};
template <>
struct DtypeOf<BFloat16> {
  static constexpr tn_dtype value = TN_BFLOAT16;
};

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
  switch (dtype) {
    case TN_FLOAT32:
      return *reinterpret_cast<const float*>(at);
    case TN_FLOAT64:
      return *reinterpret_cast<const double*>(at);
    case TN_FLOAT16:
      return to_float(*reinterpret_cast<const Float16*>(at));
    default:
      return to_float(*reinterpret_cast<const BFloat16*>(at));
  }
}

inline void store_real(tn_dtype dtype, std::byte* at, double value) {
  switch (dtype) {
    case TN_FLOAT32:
      *reinterpret_cast<float*>(at) = static_cast<float>(value);
      return;
    case TN_FLOAT64:
      *reinterpret_cast<double*>(at) = value;
      return;
    case TN_FLOAT16:
      *reinterpret_cast<Float16*>(at) = store<Float16>(value);
      return;
    default:
      *reinterpret_cast<BFloat16*>(at) = store<BFloat16>(value);
  }
}

}  // namespace tenon::cpu
