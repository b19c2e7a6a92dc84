// SPDX-License-Identifier: Apache-2.0
// Products of whole numbers for processors of no instruction set in particular.
#define TENON_INTEGER_ISA baseline
#include "reference_impl/cpu/kernels/integer_block.inc"
