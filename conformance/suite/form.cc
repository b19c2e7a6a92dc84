// SPDX-License-Identifier: Apache-2.0
#include "suite/form.h"

#include <algorithm>

#include "tenon/dtype.h"

namespace tenon::conformance {

const char* form_name(Form form) {
  switch (form) {
    case Form::kDense:
      return "dense";
    case Form::kDynamic:
      return "dynamic";
    case Form::kStrided:
      return "strided";
    case Form::kReversed:
      return "reversed";
    case Form::kSliced:
      return "sliced";
  }
  return "";
}

Shape strides_of(tn_dtype dtype, Shape dims, const std::vector<size_t>& repeated, Form form) {
  for (const size_t axis : repeated) dims[axis] = 1;
  if (tn_dtype_bits(dtype) < 8) form = Form::kDense;
  Shape strides;
  if (form == Form::kStrided) {
    int64_t stride = 2;
    for (const int64_t dim : dims) {
      strides.push_back(stride);
      stride *= std::max<int64_t>(dim, 1);
    }
  } else if (form == Form::kSliced) {
    Shape whole = dims;
    for (int64_t& dim : whole) ++dim;
    if (!whole.empty()) whole.back() += 2;
    strides = Argument::dense_strides(whole);
  } else {
    strides = Argument::dense_strides(dims);
    if (form == Form::kReversed) {
      for (int64_t& stride : strides) stride = -stride;
    }
  }
  for (const size_t axis : repeated) strides[axis] = 0;
  return strides;
}

bool is_strided(const Shape& dims, const Shape& strides) {
  if (std::ranges::find(dims, 0) != dims.end()) return false;
  int64_t step = 1;
  for (size_t i = dims.size(); i-- > 0; step *= dims[i]) {
    if (dims[i] != 1 && strides[i] != step) return true;
  }
  return false;
}

}  // namespace tenon::conformance
