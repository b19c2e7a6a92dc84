// SPDX-License-Identifier: Apache-2.0
//
// The products behind a MatmulPlan.
#pragma once

#include "reference_impl/cpu/kernels/gemm_block.h"
#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/device/operators/matmul_plan.h"

namespace tenon::cpu {

// Depends on dims and types alone.
uint64_t matmul_workspace_size(const MatmulPlan& plan);

// For the float types. An epilogue, of float32, counts the rows of all matrices of the batch.
void run_matmul(const MatmulPlan& plan, double alpha, double beta, std::byte* workspace,
                const Execution& execution, const gemm::Epilogue<float>* epilogue = nullptr);

// For the integer types, without alpha and beta; sums wrap.
void run_integer_matmul(const MatmulPlan& plan, const Execution& execution);

}  // namespace tenon::cpu
