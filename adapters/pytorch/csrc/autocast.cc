// SPDX-License-Identifier: Apache-2.0
//
// Automatic mixed precision by torch's own op lists; ops outside of them keep their types.
#include <ATen/Operators.h>
#include <ATen/autocast_mode.h>
#include <torch/library.h>

namespace {

// The lists name them so.
using at::IntArrayRef;
using at::Scalar;
using at::ScalarType;
using at::Tensor;

TORCH_LIBRARY_IMPL(_, AutocastPrivateUse1, m) { m.fallback(torch::CppFunction::makeFallthrough()); }

// All four lists: with fewer, softmax and losses would run in the narrow type.
TORCH_LIBRARY_IMPL(aten, AutocastPrivateUse1, m) {
#define TENON_LOWER(...) KERNEL_PRIVATEUSEONE(__VA_ARGS__, lower_precision_fp)
  AT_FORALL_LOWER_PRECISION_FP(TENON_LOWER)
#undef TENON_LOWER
#define TENON_FP32(...) KERNEL_PRIVATEUSEONE(__VA_ARGS__, fp32)
  AT_FORALL_FP32(TENON_FP32)
#undef TENON_FP32
#define TENON_FP32_DTYPE(...) KERNEL_PRIVATEUSEONE(__VA_ARGS__, fp32_set_opt_dtype)
  AT_FORALL_FP32_SET_OPT_DTYPE(TENON_FP32_DTYPE)
#undef TENON_FP32_DTYPE
  AT_FORALL_DIFFERENT_REDISPATCH_SIGNATURE(KERNEL_DIFFERENT_REDISPATCH_SIGNATURE_PRIVATEUSEONE)
#define TENON_PROMOTE(...) KERNEL_PRIVATEUSEONE(__VA_ARGS__, promote)
  AT_FORALL_PROMOTE(TENON_PROMOTE)
#undef TENON_PROMOTE
}

}  // namespace
