// SPDX-License-Identifier: Apache-2.0
// Products of whole numbers for processors with AVX-512.
#define TENON_INTEGER_ISA avx512
#include "reference_impl/cpu/kernels/integer_block.inc"
