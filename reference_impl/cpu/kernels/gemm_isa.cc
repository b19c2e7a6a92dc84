// SPDX-License-Identifier: Apache-2.0
//
// Which instruction sets this processor has.
#include <array>
#include <cstddef>

#include "reference_impl/cpu/kernels/gemm_block.h"
#include "reference_impl/cpu/kernels/simd.h"

namespace tenon::cpu::gemm {

namespace baseline {
extern const Isa kIsa;
}
#if defined(__x86_64__)
namespace avx2 {
extern const Isa kIsa;
}
namespace avx512 {
extern const Isa kIsa;
}
#endif

namespace {

struct Found {
  std::array<const Isa*, kMaxIsas> isas{};
  int32_t count = 0;

  Found() {
#if defined(__x86_64__)
    const Simd level = simd_level();
    if (level == Simd::kAvx512) isas[count++] = &avx512::kIsa;
    if (level >= Simd::kAvx2 && __builtin_cpu_supports("fma")) isas[count++] = &avx2::kIsa;
#endif
    isas[count++] = &baseline::kIsa;
  }
};

const Found& found() {
  static const Found found;
  return found;
}

}  // namespace

int32_t isa_count() { return found().count; }
const Isa& isa(int32_t index) { return *found().isas[static_cast<size_t>(index)]; }

}  // namespace tenon::cpu::gemm
