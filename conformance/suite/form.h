// SPDX-License-Identifier: Apache-2.0
//
// How the tensors of a case lie in memory.
#pragma once

#include "suite/host_tensor.h"

namespace tenon::conformance {

// Axes along which an input repeats have stride 0 in all of them. Types of less than a byte are
// dense in all of them.
enum class Form {
  kDense,     // Row-major.
  kDynamic,   // The same memory, dims and strides given at launch.
  kStrided,   // Column-major with gaps.
  kReversed,  // Row-major, every stride negative.
  kSliced     // Rows of a larger tensor: dense inside, with gaps between.
};

const char* form_name(Form form);

// Of a tensor that repeats along some axes.
Shape strides_of(tn_dtype dtype, Shape dims, const std::vector<size_t>& repeated, Form form);

// Whether elements lie otherwise than in row-major order without gaps.
bool is_strided(const Shape& dims, const Shape& strides);

}  // namespace tenon::conformance
