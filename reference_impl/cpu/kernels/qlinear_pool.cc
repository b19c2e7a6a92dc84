// SPDX-License-Identifier: Apache-2.0
//
// QLinearAveragePool and QLinearGlobalAveragePool: sums of whole numbers, scaled once.
#include "reference_impl/cpu/kernels/integer_product.h"
#include "reference_impl/cpu/kernels/pool_lines.h"
#include "reference_impl/cpu/kernels/quantize.h"
#include "reference_impl/cpu/kernels/quantized.h"
#include "reference_impl/cpu/kernels/strided_copy.h"
#include "tenon/device/operators/qlinear.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

// What both make of a window's sum.
struct MeanScale {
  explicit MeanScale(const Arguments& a)
      : factor(one_number<float>(a.input(1), 1) / one_number<float>(a.input(3), 1)),
        x_zero(one_number<int32_t>(a.input(2))),
        y_zero(one_number<int32_t>(a.input(4))),
        range(range_of(a.outputs[0].dtype)) {}

  // Of `inside` elements that sum up to `sum`, and zeros up to `count`.
  int32_t mean(int64_t sum, int64_t inside, int64_t count) const {
    const auto total = static_cast<float>(sum - inside * x_zero);
    return saturated(total / static_cast<float>(count) * factor, y_zero, range);
  }

  float factor;
  int32_t x_zero, y_zero;
  IntegerRange range;
};

class QLinearAveragePool final : public KernelOf<QLinearAveragePoolOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const ChannelsFirst x_first(a.inputs[0], operator_.channels_last);
    const ChannelsFirst y_first(a.outputs[0], operator_.channels_last);
    const View &x = x_first.view(), &y = y_first.view();
    const PoolWindow& window = operator_.window;
    const MeanScale scale(a);
    visit_bytes(operator_.name, x.dtype, [&](auto type) {
      using T = typename decltype(type)::type;
      over_pool_lines(window, x, y, execution, [&](const PoolLine& line) {
        int64_t sums[kPoolLanes] = {};
        over_pool_taps<T>(
            window, x, line,
            [&](int64_t begin, int64_t end, const T* from, int64_t step, int64_t, int64_t) {
              for (int64_t j = begin; j < end; ++j) sums[j] += from[(j - begin) * step];
            });
        T* to = pool_line_start<T>(window, y, line);
        const int64_t step = pool_line_step(window, y, line);
        for (int64_t j = 0; j < line.lanes; ++j) {
          int64_t inside = 1, padded = 1;
          for (int32_t d = 0; d < 3; ++d) {
            const bool moves = d == 2 && !line.along_channels;
            const int64_t position = line.position[d] + (moves ? j : 0);
            const int64_t extent = window.dim(x, d);
            inside *= window.count_within(d, position, 0, extent);
            padded *= window.count_within(d, position, -window.pads_begin[d],
                                          extent + window.pads_end[d]);
          }
          const int64_t count = operator_.count_include_pad ? padded : inside;
          to[j * step] = static_cast<T>(scale.mean(sums[j], inside, count));
        }
      });
    });
  }
};

class QLinearGlobalAveragePool final : public KernelOf<QLinearGlobalAveragePoolOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const ChannelsFirst x_first(a.inputs[0], operator_.channels_last);
    const ChannelsFirst y_first(a.outputs[0], operator_.channels_last);
    const View &x = x_first.view(), &y = y_first.view();
    if (y.count() == 0) return;
    const MeanScale scale(a);
    const int64_t count = extent(x, 2, x.rank), channels = x.dims[1];
    visit_bytes(operator_.name, x.dtype, [&](auto type) {
      using T = typename decltype(type)::type;
      const int64_t grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(count, 1));
      execution.parallel_for(x.dims[0] * channels, grain, [&](int64_t begin, int64_t end) {
        for (int64_t plane = begin; plane < end; ++plane) {
          const int64_t n = plane / channels, c = plane % channels;
          const T* from = x.as<const T>() + n * x.strides[0] + c * x.strides[1];
          const int64_t sum = count == 0 ? 0 : sum_of(x, from);
          y.as<T>()[n * y.strides[0] + c * y.strides[1]] =
              static_cast<T>(scale.mean(sum, count, count));
        }
      });
    });
  }

 private:
  template <class T>
  static int64_t sum_of(const View& x, const T* from) {
    const auto rank = static_cast<size_t>(x.rank - 2);
    const PairLoop loop(x.shape().subspan(2, rank), x.strides + 2, nullptr);
    const PairLoop::Dim inner = loop.inner();
    int64_t sum = 0;
    loop.walk(loop.rank == 0 ? 0 : loop.rank - 1, 0, loop.count() / inner.size,
              [&](int64_t at, int64_t) {
                for (int64_t i = 0; i < inner.size; ++i) sum += from[at + i * inner.dst];
              });
    return sum;
  }
};

}  // namespace

std::unique_ptr<Kernel> create_qlinear_average_pool(const Description& d) {
  return std::make_unique<QLinearAveragePool>(d);
}
std::unique_ptr<Kernel> create_qlinear_global_average_pool(const Description& d) {
  return std::make_unique<QLinearGlobalAveragePool>(d);
}

}  // namespace tenon::cpu
