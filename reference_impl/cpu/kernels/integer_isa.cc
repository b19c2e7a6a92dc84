// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/integer_block.h"
#include "reference_impl/cpu/kernels/simd.h"

namespace tenon::cpu::integer {

namespace baseline {
extern void multiply(const Block&);
}
#if defined(__x86_64__)
namespace avx2 {
extern void multiply(const Block&);
}
namespace avx512 {
extern void multiply(const Block&);
}
#endif

Multiply multiply() {
#if defined(__x86_64__)
  if (simd_level() == Simd::kAvx512) return avx512::multiply;
  if (simd_level() == Simd::kAvx2) return avx2::multiply;
#endif
  return baseline::multiply;
}

}  // namespace tenon::cpu::integer
