// SPDX-License-Identifier: Apache-2.0
//
// LpPool and GlobalLpPool: norms, summed in double.
#include <cmath>

#include "reference_impl/cpu/kernels/axis_lines.h"
#include "reference_impl/cpu/kernels/pool_lines.h"
#include "reference_impl/cpu/kernels/vision.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/pooling.h"

namespace tenon::cpu {
namespace {

// |x|^p, and its inverse.
class Power {
 public:
  explicit Power(int64_t p) : p_(p) {}
  double of(double x) const {
    const double magnitude = std::fabs(x);
    if (p_ == 1) return magnitude;
    if (p_ == 2) return magnitude * magnitude;
    return std::pow(magnitude, static_cast<double>(p_));
  }
  double root(double sum) const {
    if (p_ == 1) return sum;
    if (p_ == 2) return std::sqrt(sum);
    return std::pow(sum, 1 / static_cast<double>(p_));
  }

 private:
  int64_t p_;
};

class LpPool final : public KernelOf<LpPoolOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const View x = a.input(0), y = a.output(0);
    const Power power(operator_.p);
    visit_dtype<kFloatTypes>(operator_.name, x.dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      const PoolWindow& window = operator_.window;
      over_pool_lines(window, x, y, execution, [&](const PoolLine& line) {
        double sums[kPoolLanes] = {};
        over_pool_taps<S>(
            window, x, line,
            [&](int64_t begin, int64_t end, const S* from, int64_t step, int64_t, int64_t) {
              for (int64_t j = begin; j < end; ++j)
                sums[j] += power.of(static_cast<double>(load(from[(j - begin) * step])));
            });
        S* to = pool_line_start<S>(window, y, line);
        const int64_t step = pool_line_step(window, y, line);
        for (int64_t j = 0; j < line.lanes; ++j)
          to[j * step] = store<S>(static_cast<Compute<S>>(power.root(sums[j])));
      });
    });
  }
};

class GlobalLpPool final : public KernelOf<GlobalLpPoolOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const View x = a.input(0), y = a.output(0);
    if (y.count() == 0) return;
    const Power power(operator_.p);
    visit_dtype<kFloatTypes>(operator_.name, x.dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      View plane = x;
      plane.dims += 2, plane.strides += 2, plane.rank -= 2;
      const View* operands[] = {&plane};
      const StridedLoop<1> loop(operands, plane.dims, plane.rank);
      const int64_t count = plane.count(), channels = x.dims[1];
      const int64_t grain = std::max<int64_t>(1, 8192 / (count + 1));
      execution.parallel_for(x.dims[0] * channels, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const auto start = [&](const View& view) {
            return i / channels * view.strides[0] + i % channels * view.strides[1];
          };
          const int64_t from = start(x) * static_cast<int64_t>(sizeof(S));
          double sum = 0;
          loop.rows(0, count, [&](std::byte* const* p, const int64_t* s, int64_t n) {
            for (int64_t j = 0; j < n; ++j) {
              const S value = *reinterpret_cast<const S*>(p[0] + from + j * s[0]);
              sum += power.of(static_cast<double>(load(value)));
            }
          });
          y.as<S>()[start(y)] = store<S>(static_cast<Compute<S>>(power.root(sum)));
        }
      });
    });
  }
};

}  // namespace

std::unique_ptr<Kernel> create_lp_pool(const Description& d) { return std::make_unique<LpPool>(d); }
std::unique_ptr<Kernel> create_global_lp_pool(const Description& d) {
  return std::make_unique<GlobalLpPool>(d);
}

}  // namespace tenon::cpu
