// SPDX-License-Identifier: Apache-2.0
// Products of whole numbers for processors with AVX2.
#define TENON_INTEGER_ISA avx2
#include "reference_impl/cpu/kernels/integer_block.inc"
