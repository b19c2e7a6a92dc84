// SPDX-License-Identifier: Apache-2.0
//
// The part of cuBLASLt that the plugin uses, declared here: NVIDIA's header comes in a package of
// 421 MB with the library, which is opened at run time, if at all. Names and numbers are those of
// its documentation; matrices there lie column by column.
#pragma once

#include <cuda.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "plugins/cuda/library.h"

namespace tenon::cuda::cublaslt {

// Handles are opaque pointers.
using Handle = void*;
using Operation = void*;   // cublasLtMatmulDesc_t
using Layout = void*;      // cublasLtMatrixLayout_t
using Preference = void*;  // cublasLtMatmulPreference_t

inline constexpr int kSuccess = 0;           // CUBLAS_STATUS_SUCCESS
inline constexpr int kCompute32F = 68;       // CUBLAS_COMPUTE_32F: float32 without TF32
inline constexpr int kCompute64F = 70;       // CUBLAS_COMPUTE_64F
inline constexpr int kFloat32 = 0;           // CUDA_R_32F
inline constexpr int kFloat64 = 1;           // CUDA_R_64F
inline constexpr int32_t kTransposed = 1;    // CUBLAS_OP_T
inline constexpr int kTransposeA = 3;        // CUBLASLT_MATMUL_DESC_TRANSA
inline constexpr int kTransposeB = 4;        // CUBLASLT_MATMUL_DESC_TRANSB
inline constexpr int kBatchCount = 5;        // CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT
inline constexpr int kBatchOffset = 6;       // CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET
inline constexpr int kMaxWorkspace = 1;      // CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES
inline constexpr int kFirstAlignment = 5;    // CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES; B, C, D
inline constexpr uint32_t kAlignment = 256;  // What is assumed of addresses unless told.

struct Algorithm {
  uint64_t data[8];
};

struct HeuristicResult {
  Algorithm algorithm;
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};

// clang-format off
#define TENON_CUBLASLT_FUNCTIONS(X)                                                               \
  X(size_t, cublasLtGetVersion, (void))                                                           \
  X(int, cublasLtCreate, (Handle*))                                                               \
  X(int, cublasLtDestroy, (Handle))                                                               \
  X(int, cublasLtMatmulDescCreate, (Operation*, int compute, int scale))                          \
  X(int, cublasLtMatmulDescDestroy, (Operation))                                                  \
  X(int, cublasLtMatmulDescSetAttribute, (Operation, int what, const void*, size_t))              \
  X(int, cublasLtMatrixLayoutCreate, (Layout*, int type, uint64_t rows, uint64_t columns,         \
                                      int64_t leading))                                           \
  X(int, cublasLtMatrixLayoutDestroy, (Layout))                                                   \
  X(int, cublasLtMatrixLayoutSetAttribute, (Layout, int what, const void*, size_t))               \
  X(int, cublasLtMatmulPreferenceCreate, (Preference*))                                           \
  X(int, cublasLtMatmulPreferenceDestroy, (Preference))                                           \
  X(int, cublasLtMatmulPreferenceSetAttribute, (Preference, int what, const void*, size_t))       \
  X(int, cublasLtMatmulAlgoGetHeuristic, (Handle, Operation, Layout a, Layout b, Layout c,        \
                                          Layout d, Preference, int wanted, HeuristicResult*,     \
                                          int* found))                                            \
  X(int, cublasLtMatmul, (Handle, Operation, const void* alpha, const void* a, Layout,            \
                          const void* b, Layout, const void* beta, const void* c, Layout,         \
                          void* d, Layout, const Algorithm*, void* workspace, size_t, CUstream))
// clang-format on

struct Table {
// NOLINTNEXTLINE(bugprone-macro-parentheses): a member's name and type.
#define TENON_CUBLASLT_FIELD(result, name, parameters) result(*name) parameters = nullptr;
  TENON_CUBLASLT_FUNCTIONS(TENON_CUBLASLT_FIELD)
#undef TENON_CUBLASLT_FIELD
};

// Null where there is no libcublasLt.so.13; `reason` then says why. Opened once.
const Table* table(std::string* reason = nullptr);

}  // namespace tenon::cuda::cublaslt
