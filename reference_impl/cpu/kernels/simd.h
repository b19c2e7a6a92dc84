// SPDX-License-Identifier: Apache-2.0
//
// One loop, compiled for several instruction sets and picked once, when a kernel is created.
//
// A loop is a class with an always-inlined static `body`; SimdLoop<L>::select() gives the variant
// for this machine. The variants differ in speed alone: nothing here contracts or reassociates (see
// CMakeLists.txt: -ffp-contract=off), so results have the same bits on every machine.
#pragma once

#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {

enum class Simd { kBaseline, kAvx2, kAvx512 };

// What this machine has; no more than TENON_CPU_ISA says: baseline, avx2 or avx512.
Simd simd_level();

#if defined(__x86_64__)
#define TENON_TARGET_AVX2 __attribute__((target("avx2")))
#define TENON_TARGET_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")))
#else
#define TENON_TARGET_AVX2
#define TENON_TARGET_AVX512
#endif

// L::body(args...) for one instruction set. `Wide` says that the loop computes enough for AVX-512
// to matter; loops bound by memory do without the third copy.
template <class L, bool Wide, class... Args>
struct SimdLoop {
  using Function = void (*)(Args...);

  static Function select() {
    switch (simd_level()) {
      case Simd::kAvx512:
        if constexpr (Wide) return avx512;
        [[fallthrough]];
      case Simd::kAvx2:
        return avx2;
      default:
        return baseline;
    }
  }

 private:
  static void baseline(Args... args) { L::body(args...); }
  TENON_TARGET_AVX2 static void avx2(Args... args) { L::body(args...); }
  TENON_TARGET_AVX512 static void avx512(Args... args) { L::body(args...); }
};

}  // namespace tenon::cpu
