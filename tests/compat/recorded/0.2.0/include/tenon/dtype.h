/* SPDX-License-Identifier: Apache-2.0
 *
 * dtype.h: sizes of element types. Beside the ABI, not a part of it: a binary knows the types of
 * the header that it was built with, and answers TN_UNSUPPORTED to others.
 */
#ifndef TENON_DTYPE_H_
#define TENON_DTYPE_H_

#include "tenon/tenon.h"

/* Bits of one element; 0 for an unknown type. */
static inline uint32_t tn_dtype_bits(tn_dtype dtype) {
  /* clang-format off */
  switch (dtype) {
    case TN_UINT2: case TN_INT2: return 2;
    case TN_UINT4: case TN_INT4: case TN_FLOAT4E2M1: return 4;
    case TN_FLOAT6E2M3: case TN_FLOAT6E3M2: return 6;
    case TN_UINT8: case TN_INT8: case TN_BOOL: case TN_FLOAT8E4M3FN: case TN_FLOAT8E4M3FNUZ:
    case TN_FLOAT8E5M2: case TN_FLOAT8E5M2FNUZ: case TN_FLOAT8E8M0: return 8;
    case TN_UINT16: case TN_INT16: case TN_FLOAT16: case TN_BFLOAT16: return 16;
    case TN_FLOAT32: case TN_INT32: case TN_UINT32: return 32;
    case TN_INT64: case TN_UINT64: case TN_FLOAT64: case TN_COMPLEX64: return 64;
    case TN_COMPLEX128: return 128;
    default: return 0;
  }
  /* clang-format on */
}

#endif /* TENON_DTYPE_H_ */
