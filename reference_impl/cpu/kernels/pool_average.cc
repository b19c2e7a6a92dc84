// SPDX-License-Identifier: Apache-2.0
//
// AveragePool and tenon.AveragePoolGrad.
#include "reference_impl/cpu/kernels/pool_lines.h"
#include "reference_impl/cpu/kernels/pooling.h"
#include "reference_impl/cpu/kernels/simd.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/pooling.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

template <class S>
struct SumLine {
  TENON_INLINE static void body(Compute<S>* sums, const S* x, int64_t step, int64_t count) {
    if (step == 1) {
      for (int64_t j = 0; j < count; ++j) sums[j] += load(x[j]);
    } else {
      for (int64_t j = 0; j < count; ++j) sums[j] += load(x[j * step]);
    }
  }
};
template <class S>
using SumLineLoop = SimdLoop<SumLine<S>, false, Compute<S>*, const S*, int64_t, int64_t>;

// What the sum of a window is divided by, along one axis: the taps inside X, or with padding those
// inside the padded X. The part of a window that ceil_mode puts beyond the padding never counts.
int64_t divisor(const PoolWindow& window, bool with_pads, int32_t axis, int64_t position,
                int64_t extent) {
  return with_pads ? window.count_within(axis, position, -window.pads_begin[axis],
                                         extent + window.pads_end[axis])
                   : window.count_within(axis, position, 0, extent);
}

class AveragePool final : public KernelOf<AveragePoolOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const View x = a.input(0), y = a.output(0);
    visit_dtype<kFloatTypes>("AveragePool", x.dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      using C = Compute<S>;
      const auto sum_line = SumLineLoop<S>::select();
      over_pool_lines(operator_.window, x, y, execution, [&](const PoolLine& line) {
        C sums[kPoolLanes] = {};
        over_pool_taps<S>(operator_.window, x, line,
                          [&](int64_t begin, int64_t end, const S* from, int64_t step, int64_t,
                              int64_t) { sum_line(sums + begin, from, step, end - begin); });
        S* to = pool_line_start<S>(operator_.window, y, line);
        const int64_t step = pool_line_step(operator_.window, y, line);
        const int64_t outer = count(x, 0, line.position[0]) * count(x, 1, line.position[1]);
        int64_t taps = outer * count(x, 2, line.position[2]);
        for (int64_t j = 0; j < line.lanes; ++j) {
          if (!line.along_channels && j > 0) taps = outer * count(x, 2, line.position[2] + j);
          to[j * step] = store<S>(sums[j] / static_cast<C>(taps));
        }
      });
    });
  }

 private:
  int64_t count(const View& x, int32_t axis, int64_t position) const {
    return divisor(operator_.window, operator_.count_include_pad, axis, position,
                   operator_.window.dim(x, axis));
  }
};

// Gathers: each element of dX sums its share of the windows that hold it, in ascending order.
class AveragePoolGrad final : public KernelOf<AveragePoolGradOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const View dy = a.input(0), dx = a.output(0);
    if (dx.count() == 0) return;
    visit_dtype<kFloatTypes>("AveragePoolGrad", dx.dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      const int64_t lines = operator_.window.dim(dx, 0) * operator_.window.dim(dx, 1);
      const int64_t items = dx.dims[0] * dx.dims[1] * lines;
      const int64_t grain = std::max<int64_t>((1 << 10) / operator_.window.dim(dx, 2), 1);
      execution.parallel_for(items, grain, [&](int64_t begin, int64_t end) {
        for (int64_t item = begin; item < end; ++item)
          run_line<S>(dy, dx, item / lines, item % lines);
      });
    });
  }

 private:
  struct Range {
    int64_t begin, end;
  };
  // Positions whose window holds index `i`, if dilation is one.
  Range positions(const View& dy, int32_t axis, int64_t i) const {
    const int64_t padded = i + operator_.window.pads_begin[axis],
                  stride = operator_.window.strides[axis];
    const int64_t before = padded - operator_.window.kernel[axis] + 1;
    return {before <= 0 ? 0 : (before + stride - 1) / stride,
            std::min(padded / stride + 1, operator_.window.dim(dy, axis))};
  }

  template <class S>
  void run_line(const View& dy, const View& dx, int64_t plane, int64_t line) const {
    const int64_t batch = plane / dx.dims[1], channel = plane % dx.dims[1];
    const int64_t i0 = line / operator_.window.dim(dx, 1), i1 = line % operator_.window.dim(dx, 1);
    const S* from = dy.as<S>() + batch * dy.strides[0] + channel * dy.strides[1];
    S* to = dx.as<S>() + batch * dx.strides[0] + channel * dx.strides[1] +
            i0 * operator_.window.stride(dx, 0) + i1 * operator_.window.stride(dx, 1);
    const Range r0 = positions(dy, 0, i0), r1 = positions(dy, 1, i1);
    for (int64_t i2 = 0; i2 < operator_.window.dim(dx, 2); ++i2) {
      const Range r2 = positions(dy, 2, i2);
      Compute<S> sum = 0;
      for (int64_t o0 = r0.begin; o0 < r0.end; ++o0) {
        for (int64_t o1 = r1.begin; o1 < r1.end; ++o1) {
          const int64_t outer = count(dx, 0, o0) * count(dx, 1, o1);
          for (int64_t o2 = r2.begin; o2 < r2.end; ++o2) {
            const S value =
                from[o0 * operator_.window.stride(dy, 0) + o1 * operator_.window.stride(dy, 1) +
                     o2 * operator_.window.stride(dy, 2)];
            sum += load(value) / static_cast<Compute<S>>(outer * count(dx, 2, o2));
          }
        }
      }
      to[i2 * operator_.window.stride(dx, 2)] = store<S>(sum);
    }
  }

  int64_t count(const View& dx, int32_t axis, int64_t position) const {
    const int64_t begin =
        position * operator_.window.strides[axis] - operator_.window.pads_begin[axis];
    const int64_t end = begin + operator_.window.kernel[axis],
                  extent = operator_.window.dim(dx, axis);
    return operator_.count_include_pad
               ? std::min(end, extent + operator_.window.pads_end[axis]) - begin
               : std::min(end, extent) - std::max<int64_t>(begin, 0);
  }
};

}  // namespace

std::unique_ptr<Kernel> create_average_pool(const Description& d) {
  return std::make_unique<AveragePool>(d);
}
std::unique_ptr<Kernel> create_average_pool_grad(const Description& d) {
  return std::make_unique<AveragePoolGrad>(d);
}

}  // namespace tenon::cpu
