// SPDX-License-Identifier: Apache-2.0
//
// Sizes that a caller wrote, checked before anything is computed from them or made of them.
// TensorFlow's own constructor of a shape ends the process on a negative dimension and on more
// elements than an int64 counts, so every shape passes here on its way to TensorFlow.
#pragma once

#include "ops/view.h"

namespace tenon::tensorflow {

// Throws InvalidArgument, naming the value, unless a tensor can have these dims.
void check_shape(const Dims& dims);

// Sums and products of sizes; InvalidArgument when an int64 cannot hold them.
int64_t checked_sum(int64_t a, int64_t b);
int64_t checked_product(int64_t a, int64_t b);

// Throw InvalidArgument unless `value` is 0-d, or both have the same dims.
void require_scalar(const char* name, const View& value);
void require_same_shape(const View& a, const View& b);

}  // namespace tenon::tensorflow
