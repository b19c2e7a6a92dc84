// SPDX-License-Identifier: Apache-2.0
//
// What optimizer steps share: one loop over the parameter, its gradient and its state. All tensors
// have the parameter's type and dims and may have any strides; outputs may be the inputs
// themselves.
#pragma once

#include <algorithm>
#include <array>

#include "reference_impl/cpu/kernels/kernel.h"
#include "reference_impl/cpu/kernels/simd.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/optimizers.h"
#include "tenon/device/operators/shape.h"
#include "tenon/device/operators/strided_loop.h"

namespace tenon::cpu {

// Step::row<kDense>(coefficients, pointers, strides in bytes, count) for all rows of the operands;
// the first operand's dims are those of all.
template <class Step, int kOperands>
class StepLoop {
 public:
  using Coefficients = typename Step::Coefficients;

  static void run(const std::array<View, kOperands>& operands, const Coefficients& coefficients,
                  const Execution& execution) {
    const View* views[kOperands];
    for (size_t i = 0; i < kOperands; ++i) views[i] = &operands[i];
    const StridedLoop<kOperands> loop(views, operands[0].dims, operands[0].rank);
    const auto row = SimdLoop<Row, true, const Coefficients&, std::byte* const*, const int64_t*,
                              int64_t>::select();
    execution.parallel_for(loop.count(), 1 << 13, [&](int64_t begin, int64_t end) {
      loop.rows(begin, end, [&](std::byte* const* pointers, const int64_t* strides, int64_t count) {
        row(coefficients, pointers, strides, count);
      });
    });
  }

 private:
  struct Row {
    TENON_INLINE static void body(const Coefficients& coefficients, std::byte* const* pointers,
                                  const int64_t* strides, int64_t count) {
      bool dense = true;
      for (int i = 0; i < kOperands; ++i) dense = dense && strides[i] == Step::kSize;
      if (!dense) {
        Step::row(coefficients, pointers, strides, count);
        return;
      }
      // Constants, which vectors need.
      int64_t steps[kOperands];
      for (int64_t& step : steps) step = Step::kSize;
      Step::row(coefficients, pointers, steps, count);
    }
  };
};

template <class S>
TENON_INLINE Compute<S> read_at(std::byte* const* pointers, const int64_t* strides, int operand,
                                int64_t i) {
  return load(*reinterpret_cast<const S*>(pointers[operand] + i * strides[operand]));
}
template <class S>
TENON_INLINE void write_at(std::byte* const* pointers, const int64_t* strides, int operand,
                           int64_t i, Compute<S> value) {
  *reinterpret_cast<S*>(pointers[operand] + i * strides[operand]) = store<S>(value);
}

}  // namespace tenon::cpu
