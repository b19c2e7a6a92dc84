// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/simd.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace tenon::cpu {
namespace {

// What TENON_CPU_ISA allows.
[[maybe_unused]] Simd most_allowed() {
  const char* given = std::getenv("TENON_CPU_ISA");
  const std::string_view name = given != nullptr ? given : "";
  if (name.empty() || name == "avx512") return Simd::kAvx512;
  if (name == "avx2") return Simd::kAvx2;
  if (name == "baseline") return Simd::kBaseline;
  throw KernelError(TN_INVALID_ARGUMENT, "TENON_CPU_ISA is '" + std::string(name) +
                                             "'; set it to baseline, avx2 or avx512");
}

#if defined(__x86_64__)
Simd best_supported() {
  __builtin_cpu_init();
  // These answers include whether the operating system saves the registers.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return Simd::kAvx512;
  return __builtin_cpu_supports("avx2") ? Simd::kAvx2 : Simd::kBaseline;
}
#endif

}  // namespace

Simd simd_level() {
#if defined(__x86_64__)
  static const Simd level = std::min(best_supported(), most_allowed());
  return level;
#else
  return Simd::kBaseline;
#endif
}

}  // namespace tenon::cpu
