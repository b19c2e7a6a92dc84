// SPDX-License-Identifier: Apache-2.0
//
// Operators that normalize the lines along one axis: Softmax, LogSoftmax, their gradients and
// LpNormalization.
//
// A line of up to kRowPiece elements is loaded once, worked on in the cache and stored. Longer ones
// are read again, piece by piece. Lines that lie side by side (the axis is not the densest dim) are
// brought into a tile first, many at a time, so that every cache line is used whole.
#include <array>
#include <cmath>
#include <memory>
#include <string>

#include "reference_impl/cpu/kernels/axis_lines.h"
#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/indexing.h"
#include "reference_impl/cpu/kernels/reduction_parts.h"
#include "reference_impl/cpu/kernels/row_math.h"
#include "reference_impl/cpu/kernels/simd.h"
#include "reference_impl/cpu/kernels/vector_math.h"
#include "tenon/device/operators/reductions.h"

namespace tenon::cpu {
namespace {

// Lines of the output and of one or two inputs; strides in elements.
struct Line {
  std::byte* out;
  const std::byte* in[2];
  int64_t out_stride;
  int64_t in_strides[2];
  int64_t count;
  int64_t option;
};

template <class T, bool kLog>
struct SoftmaxLine {
  using C = Compute<T>;
  static constexpr int kInputs = 1;

  static TENON_INLINE void body(const Line& line) {
    C x[kRowPiece], exponentials[kRowPiece];
    const T* in = reinterpret_cast<const T*>(line.in[0]);
    // The largest element and the sum of exp(x - largest), over all pieces.
    C largest = -std::numeric_limits<C>::infinity();
    double sum = 0;
    for (int64_t begin = 0; begin < line.count; begin += kRowPiece) {
      const int64_t n = std::min(kRowPiece, line.count - begin);
      load_row(in + begin * line.in_strides[0], line.in_strides[0], n, x);
      const C before = largest;
      largest = std::max(largest, max_row(x, n));
      if (begin > 0 && before != largest) sum *= static_cast<double>(vm::exp(before - largest));
      // -inf - -inf must not spoil the sum while the line may still hold something finite.
      const bool wait = line.count > kRowPiece && largest == -std::numeric_limits<C>::infinity();
      const C offset = wait ? C(0) : largest;
      for (int64_t i = 0; i < n; ++i) exponentials[i] = vm::exp(x[i] - offset);
      sum += sum_row(n, [&](int64_t i) __attribute__((always_inline)) { return exponentials[i]; });
    }
    const C factor = static_cast<C>(1 / sum), shift = static_cast<C>(std::log(sum));
    T* out = reinterpret_cast<T*>(line.out);
    for (int64_t begin = 0; begin < line.count; begin += kRowPiece) {
      const int64_t n = std::min(kRowPiece, line.count - begin);
      if (line.count > kRowPiece)
        load_row(in + begin * line.in_strides[0], line.in_strides[0], n, x);
      if (kLog) {
        for (int64_t i = 0; i < n; ++i) x[i] = (x[i] - largest) - shift;
      } else if (line.count > kRowPiece) {
        for (int64_t i = 0; i < n; ++i) x[i] = vm::exp(x[i] - largest) * factor;
      } else {
        for (int64_t i = 0; i < n; ++i) x[i] = exponentials[i] * factor;
      }
      store_row(x, n, out + begin * line.out_stride, line.out_stride);
    }
  }
};

// Softmax: y * (dy - sum(dy * y)). LogSoftmax: dy - exp(y) * sum(dy).
template <class T, bool kLog>
struct SoftmaxGradLine {
  using C = Compute<T>;
  static constexpr int kInputs = 2;

  static TENON_INLINE void body(const Line& line) {
    C dy[kRowPiece], y[kRowPiece];
    const auto read = [&](int64_t begin, int64_t n) __attribute__((always_inline)) {
      const int64_t* strides = line.in_strides;
      load_row(reinterpret_cast<const T*>(line.in[0]) + begin * strides[0], strides[0], n, dy);
      load_row(reinterpret_cast<const T*>(line.in[1]) + begin * strides[1], strides[1], n, y);
    };
    double total = 0;
    for (int64_t begin = 0; begin < line.count; begin += kRowPiece) {
      const int64_t n = std::min(kRowPiece, line.count - begin);
      read(begin, n);
      total += sum_row(n, [&](int64_t i) __attribute__((always_inline)) {
        return kLog ? static_cast<double>(dy[i])
                    : static_cast<double>(dy[i]) * static_cast<double>(y[i]);
      });
    }
    const C sum = static_cast<C>(total);
    for (int64_t begin = 0; begin < line.count; begin += kRowPiece) {
      const int64_t n = std::min(kRowPiece, line.count - begin);
      if (line.count > kRowPiece) read(begin, n);
      for (int64_t i = 0; i < n; ++i)
        y[i] = kLog ? dy[i] - vm::exp(y[i]) * sum : y[i] * (dy[i] - sum);
      store_row(y, n, reinterpret_cast<T*>(line.out) + begin * line.out_stride, line.out_stride);
    }
  }
};

// x / norm, with 0 where the norm is 0. The option is p.
template <class T>
struct LpLine {
  using C = Compute<T>;
  static constexpr int kInputs = 1;

  static TENON_INLINE void body(const Line& line) {
    C x[kRowPiece];
    const T* in = reinterpret_cast<const T*>(line.in[0]);
    double sum = 0;
    for (int64_t begin = 0; begin < line.count; begin += kRowPiece) {
      const int64_t n = std::min(kRowPiece, line.count - begin);
      load_row(in + begin * line.in_strides[0], line.in_strides[0], n, x);
      sum += line.option == 1
                 ? sum_row(
                       n, [&](int64_t i) __attribute__((always_inline)) { return std::fabs(x[i]); })
                 : sum_row(n, [&](int64_t i) __attribute__((always_inline)) {
                     return static_cast<double>(x[i]) * static_cast<double>(x[i]);
                   });
    }
    const double norm = line.option == 1 ? sum : std::sqrt(sum);
    const C factor = static_cast<C>(norm == 0 ? 0 : 1 / norm);
    for (int64_t begin = 0; begin < line.count; begin += kRowPiece) {
      const int64_t n = std::min(kRowPiece, line.count - begin);
      if (line.count > kRowPiece)
        load_row(in + begin * line.in_strides[0], line.in_strides[0], n, x);
      for (int64_t i = 0; i < n; ++i) x[i] *= factor;
      store_row(x, n, reinterpret_cast<T*>(line.out) + begin * line.out_stride, line.out_stride);
    }
  }
};

template <int kInputs, class Operator>
class LineKernel final : public KernelOf<Operator> {
 public:
  using Function = void (*)(const Line&);

  LineKernel(const Description& desc, Function function)
      : KernelOf<Operator>(desc), function_(function) {
    if constexpr (requires { operator_.p; }) option_ = operator_.p;
  }

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View& output = arguments.outputs[0];
    const int32_t axis = normalize_axis(operator_.name, operator_.axis, output.rank);
    const auto stride = [&](const View& view) { return view.rank ? view.strides[axis] : 0; };
    std::array<View, kInputs + 1> views{output};
    Line common{};
    common.out_stride = stride(output);
    for (int k = 0; k < kInputs; ++k) {
      views[k + 1] = arguments.inputs[k];
      common.in_strides[k] = stride(arguments.inputs[k]);
    }
    common.count = output.rank ? output.dims[axis] : 1;
    common.option = option_;
    if (common.count == 0) return;
    const AxisLines<kInputs + 1> lines(views, axis, axis + 1);
    const int64_t size = tn_dtype_bits(output.dtype) / 8;
    const int64_t tile_lines = std::min<int64_t>(kTileLines, kTileBytes / (common.count * size));
    execution.parallel_for(
        lines.count(), std::max<int64_t>(1, 8192 / common.count), [&](int64_t begin, int64_t end) {
          lines.rows(begin, end, [&](std::byte* const* p, const int64_t* s, int64_t n) {
            bool side_by_side = tile_lines > 1 && std::abs(common.out_stride) != 1;
            for (int k = 0; k <= kInputs; ++k) side_by_side = side_by_side && s[k] == size;
            const int64_t step = side_by_side ? tile_lines : 1;
            for (int64_t i = 0; i < n; i += step) {
              Line line = common;
              line.out = p[0] + i * s[0];
              for (int k = 0; k < kInputs; ++k) line.in[k] = p[k + 1] + i * s[k + 1];
              if (side_by_side) {
                through_tile(line, std::min(step, n - i), size);
              } else {
                function_(line);
              }
            }
          });
        });
  }

 private:
  static constexpr int64_t kTileLines = 16;
  static constexpr int64_t kTileBytes = 32768;

  void through_tile(const Line& first, int64_t lines, int64_t size) const {
    alignas(64) std::byte tile[kInputs][kTileBytes];
    const int64_t length = first.count * size;
    for (int k = 0; k < kInputs; ++k)
      transpose(tile[k], length, size, first.in[k], size, first.in_strides[k] * size, lines,
                first.count, size);
    Line line = first;
    line.out_stride = 1;
    for (int64_t i = 0; i < lines; ++i) {
      line.out = tile[0] + i * length;  // A line is read before it is written.
      for (int k = 0; k < kInputs; ++k) {
        line.in[k] = tile[k] + i * length;
        line.in_strides[k] = 1;
      }
      function_(line);
    }
    transpose(first.out, size, first.out_stride * size, tile[0], length, size, lines, first.count,
              size);
  }

  // Copies element (line, i) from one arrangement to another; steps in bytes.
  static void transpose(std::byte* to, int64_t to_line, int64_t to_step, const std::byte* from,
                        int64_t from_line, int64_t from_step, int64_t lines, int64_t count,
                        int64_t size) {
    visit_size(size, [&](auto type) {
      using T = typename decltype(type)::type;
      for (int64_t i = 0; i < count; ++i)
        for (int64_t line = 0; line < lines; ++line)
          *reinterpret_cast<T*>(to + line * to_line + i * to_step) =
              *reinterpret_cast<const T*>(from + line * from_line + i * from_step);
    });
  }

  using KernelOf<Operator>::operator_;

  Function function_;
  int64_t option_ = 0;
};

template <class T>
using Softmax = SoftmaxLine<T, false>;
template <class T>
using LogSoftmax = SoftmaxLine<T, true>;
template <class T>
using SoftmaxGrad = SoftmaxGradLine<T, false>;
template <class T>
using LogSoftmaxGrad = SoftmaxGradLine<T, true>;

template <template <class> class L, class Operator>
std::unique_ptr<Kernel> create_lines(const Description& desc) {
  return visit_dtype<kFloatTypes>(desc.name(), desc.input_dtype(0),
                                  [&](auto type) -> std::unique_ptr<Kernel> {
                                    using T = typename decltype(type)::type;
                                    return std::make_unique<LineKernel<L<T>::kInputs, Operator>>(
                                        desc, SimdLoop<L<T>, true, const Line&>::select());
                                  });
}

}  // namespace

std::span<const OperatorEntry> softmax_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kSoftmax, kFloatTypes, create_lines<Softmax, SoftmaxOperator>},
      {op::kLogSoftmax, kFloatTypes, create_lines<LogSoftmax, SoftmaxOperator>},
      {op::kTenonSoftmaxGrad, kFloatTypes, create_lines<SoftmaxGrad, SoftmaxGradOperator>},
      {op::kTenonLogSoftmaxGrad, kFloatTypes, create_lines<LogSoftmaxGrad, SoftmaxGradOperator>},
      {op::kLpNormalization, kFloatTypes, create_lines<LpLine, LpNormalizationOperator>},
  };
  return kEntries;
}

}  // namespace tenon::cpu
