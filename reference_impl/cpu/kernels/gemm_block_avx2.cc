// SPDX-License-Identifier: Apache-2.0
// Matrix products for processors with AVX2 and FMA.
#define TENON_GEMM_ISA avx2
#define TENON_GEMM_ISA_NAME "avx2"
#include "reference_impl/cpu/kernels/gemm_block.inc"
