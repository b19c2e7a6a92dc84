// SPDX-License-Identifier: Apache-2.0
// Matrix products for any processor of the architecture.
#define TENON_GEMM_ISA baseline
#define TENON_GEMM_ISA_NAME "baseline"
#include "reference_impl/cpu/kernels/gemm_block.inc"
