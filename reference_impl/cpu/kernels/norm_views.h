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
