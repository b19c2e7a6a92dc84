// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/output_form.h"

#include "reference_impl/cpu/kernels/simd.h"

namespace tenon::cpu {
namespace {

// The step of `view` through dims [first, last) of the output as if they were one.
std::optional<int64_t> joined_stride(const View& output, const View& view, int32_t first,
                                     int32_t last) {
  int64_t stride = 0, count = 1;
  for (int32_t d = last; d-- > first;) {
    if (output.dims[d] == 1) continue;
    const int32_t own = d - (output.rank - view.rank);
    const int64_t step = own < 0 || view.dims[own] == 1 ? 0 : view.strides[own];
    if (count == 1) stride = step;
    if (step != stride * count) return std::nullopt;
    count *= output.dims[d];
  }
  return stride;
}

struct FinishLine {
  TENON_INLINE static void body(const gemm::Epilogue<float>& e, float* line, int64_t batch,
                                int64_t row, int64_t column, int64_t count) {
    for (const gemm::Operand<float>* addend : {&e.of_row, &e.of_column, &e.of_element}) {
      if (addend->data == nullptr) continue;
      const float* from = addend->at(batch, row, column);
      if (addend->column_stride == 0) {
        for (int64_t i = 0; i < count; ++i) line[i] += *from;
      } else if (addend->column_stride == 1) {
        for (int64_t i = 0; i < count; ++i) line[i] += from[i];
      } else {
        for (int64_t i = 0; i < count; ++i) line[i] += from[i * addend->column_stride];
      }
    }
    if (e.clamps) {
      for (int64_t i = 0; i < count; ++i) {
        const float low = line[i] < e.low ? e.low : line[i];
        line[i] = low > e.high ? e.high : low;
      }
    }
    for (int s = 0; s < e.steps; ++s) {
      const gemm::TileStep<float>& step = e.step[s];
      const bool operand = step.operand.data != nullptr;
      auto* const at = reinterpret_cast<std::byte*>(line);
      std::byte* const pointers[] = {
          at, at,
          const_cast<std::byte*>(
              operand ? reinterpret_cast<const std::byte*>(step.operand.at(batch, row, column))
                      : step.scalars[0]),
          const_cast<std::byte*>(step.scalars[1])};
      const int64_t strides[] = {sizeof(float), sizeof(float),
                                 step.operand.column_stride * int64_t{sizeof(float)}, 0};
      step.loop(step.attributes, pointers, strides, count);
    }
  }
};
using FinishLineLoop = SimdLoop<FinishLine, false, const gemm::Epilogue<float>&, float*, int64_t,
                                int64_t, int64_t, int64_t>;

}  // namespace

std::optional<gemm::Operand<float>> OutputForm::operand(const View& view) const {
  const auto batch = joined_stride(output, view, 0, first_row_dim);
  const auto row = joined_stride(output, view, first_row_dim, first_column_dim);
  const auto column = joined_stride(output, view, first_column_dim, output.rank);
  if (!batch || !row || !column || view.dtype != TN_FLOAT32) return std::nullopt;
  return gemm::Operand<float>{view.as<const float>(), *batch, *row, *column};
}

void finish_line(const gemm::Epilogue<float>& epilogue, float* line, int64_t batch, int64_t row,
                 int64_t column, int64_t count) {
  static const FinishLineLoop::Function function = FinishLineLoop::select();
  function(epilogue, line, batch, row, column, count);
}

}  // namespace tenon::cpu
