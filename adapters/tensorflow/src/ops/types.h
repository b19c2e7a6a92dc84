// SPDX-License-Identifier: Apache-2.0
//
// Element types: TensorFlow's numbers and Tenon's, and the sets that table rows name.
#pragma once

#include <vector>

#include "tenon/cpp/dtype.hpp"
#include "tensorflow/c/tf_datatype.h"

namespace tenon::tensorflow {

tn_dtype to_tenon(TF_DataType type);  // TN_DTYPE_UNDEFINED where Tenon has none.
TF_DataType to_tf(tn_dtype type);

inline bool is_float(tn_dtype type) { return in_set(type, type_set::kFloat); }

using Types = std::vector<TF_DataType>;

// float32, float64, float16, bfloat16.
const Types& floats();
// floats() and the integers but int32: TensorFlow computes int32 (shapes, indices) on the host.
const Types& numbers();
// numbers() and int32: for ops whose int32 data is likely to be on the device.
const Types& numbers_and_int32();
// The integers: masks and hashes are data, int32 too.
const Types& integers();
// numbers() and bool.
const Types& plain();
// All that may be moved around: plain() and int32.
const Types& movable();

}  // namespace tenon::tensorflow
