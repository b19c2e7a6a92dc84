// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/simd.h"

namespace tenon::cpu {

Simd simd_level() {
#if defined(__x86_64__)
  static const Simd level = [] {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
      return Simd::kAvx512;
    return __builtin_cpu_supports("avx2") ? Simd::kAvx2 : Simd::kBaseline;
  }();
  return level;
#else
  return Simd::kBaseline;
#endif
}

}  // namespace tenon::cpu
