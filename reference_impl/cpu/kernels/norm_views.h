// SPDX-License-Identifier: Apache-2.0
//
// Arguments of the normalizations: which must be there, what dims they have, and views that stand
// for those that are not there.
#pragma once

#include <initializer_list>
#include <utility>

#include "reference_impl/cpu/kernels/number.h"
#include "reference_impl/cpu/kernels/shape.h"

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

// Scale or B: broadcasts to the normalized dims of `x`.
void check_affine(std::string_view op, const char* argument, const View& view, const View& x,
                  int32_t axis);
// Mean or InvStdDev: the dims of `x` with 1 for the normalized ones.
void check_row_statistic(std::string_view op, const char* argument, const View& view, const View& x,
                         int32_t axis);
// Its dims, in `dims` of TN_MAX_RANK.
std::span<const int64_t> row_statistic_dims(const View& x, int32_t axis, int64_t* dims);
// One value for each channel (dim 1 of `x`).
void check_channels(std::string_view op, const char* argument, const View& view, const View& x);

// Throws unless the `required` inputs are there, every float argument is of a float type, and the
// inputs `same` and the outputs but `statistics` have the type of input 0. `required_output`:
// SIZE_MAX for none.
void require_norm(const Description& desc,
                  std::initializer_list<std::pair<size_t, const char*>> required,
                  std::initializer_list<size_t> same, size_t required_output,
                  std::initializer_list<size_t> statistics);

}  // namespace tenon::cpu
