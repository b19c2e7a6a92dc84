// SPDX-License-Identifier: Apache-2.0
//
// Floats of 8 bits and fewer. float16 and bfloat16 are in number.h.
#pragma once

#include <cstdint>

#include "tenon/tenon.h"

namespace tenon::cpu {

// Whether the two functions below know a type.
bool is_small_float(tn_dtype dtype);

// The bits of a small float's element as a number.
float decode_small(tn_dtype dtype, uint8_t bits);

// To nearest, ties to even. Beyond the largest finite value: with `saturate` that value (infinities
// too), else infinity where the type has one and NaN where not, as ONNX's Cast says. float4 always
// saturates, and has no NaN: its largest value stands for it.
uint8_t encode_small(tn_dtype dtype, float value, bool saturate);

}  // namespace tenon::cpu
