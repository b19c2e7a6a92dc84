// SPDX-License-Identifier: Apache-2.0
//
// How an update meets the element that is there: the `reduction` of the scattering operators.
//
// Sums and products of 16-bit floats are kept in float until all updates are in: in a copy of the
// output in the workspace (WideOutput).
#pragma once

#include <type_traits>

#include "reference_impl/cpu/kernels/indexing.h"
#include "reference_impl/cpu/kernels/kernel.h"
#include "reference_impl/cpu/kernels/strided_copy.h"
#include "tenon/device/operators/attributes.h"

namespace tenon::cpu {

template <ScatterReduction kUpdate, class A>
TENON_INLINE A updated(A old, A update) {
  using W = std::conditional_t<std::is_integral_v<A>,
                               std::conditional_t<sizeof(A) == 8, uint64_t, uint32_t>, A>;
  if constexpr (kUpdate == ScatterReduction::kAdd) {
    return static_cast<A>(static_cast<W>(old) + static_cast<W>(update));
  } else if constexpr (kUpdate == ScatterReduction::kMul) {
    return static_cast<A>(static_cast<W>(old) * static_cast<W>(update));
  } else if constexpr (kUpdate == ScatterReduction::kMax) {
    return old != old || old > update ? old : update;
  } else if constexpr (kUpdate == ScatterReduction::kMin) {
    return old != old || old < update ? old : update;
  } else {
    return update;
  }
}

// Whether this type's updates gather in float.
constexpr bool is_wide(tn_dtype dtype, ScatterReduction update) {
  return in_set(dtype, kHalfTypes) &&
         (update == ScatterReduction::kAdd || update == ScatterReduction::kMul);
}

// The tensor that updates go to: the output itself, or a dense float copy of it.
class WideOutput {
 public:
  WideOutput(const View& output, std::byte* workspace, bool wide);
  // Where updates go. Of this object, which must stay where it is.
  const View& target() { return wide_ ? copy_.view() : output_; }
  // Before the updates: the output's values, from `data` (null: zeros).
  void begin(const View* data, const Execution& execution);
  // After them.
  void end(const Execution& execution);

 private:
  const View& output_;
  BuiltView copy_;
  bool wide_;
};

inline uint64_t wide_output_size(const View& output, bool wide) {
  return wide ? static_cast<uint64_t>(output.count()) * sizeof(float) : 0;
}

}  // namespace tenon::cpu
