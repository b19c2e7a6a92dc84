// SPDX-License-Identifier: Apache-2.0
//
// What optimizer steps share: one loop over the parameter, its gradient and its state. All tensors
// have the parameter's type and dims and may have any strides; outputs may be the inputs
// themselves.
#pragma once

#include <algorithm>
#include <array>

#include "reference_impl/cpu/kernels/number.h"
#include "reference_impl/cpu/kernels/shape.h"
#include "reference_impl/cpu/kernels/simd.h"
#include "reference_impl/cpu/kernels/strided_loop.h"

namespace tenon::cpu {

// Throws unless all present tensors have the parameter's type.
inline void check_state_types(const Description& d, size_t inputs) {
  for (size_t i = 0; i < std::max(inputs, d.output_count()); ++i) {
    const bool wrong = (i < inputs && d.has_input(i) && d.input_dtype(i) != d.input_dtype(0)) ||
                       (d.has_output(i) && d.output_dtype(i) != d.input_dtype(0));
    if (wrong) throw_invalid(d.name(), "gradient and state must have the parameter's type");
  }
}

inline void check_state_dims(std::string_view op, const Arguments& a, size_t inputs) {
  for (size_t i = 1; i < inputs; ++i) {
    if (a.input(i).present()) check_same_dims(op, "gradient or state", a.input(i), a.input(0));
  }
  for (size_t i = 0; i < a.outputs.size(); ++i) {
    check_output(op, "an output", a, i, a.input(0).shape());
  }
}

// Host values have one element each.
inline void check_step_values(std::string_view op, const Arguments& a, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    if (!a.input(i).present()) throw_invalid(op, "a host value is missing");
    if (a.input(i).count() != 1) throw_dims(op, "a host value", a.input(i).shape(), {});
  }
}

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
