// SPDX-License-Identifier: Apache-2.0
// Matrix products for processors with AVX-512 (F, VL, DQ, BW).
#define TENON_GEMM_ISA avx512
#define TENON_GEMM_ISA_NAME "avx512"
#include "reference_impl/cpu/kernels/gemm_block.inc"
