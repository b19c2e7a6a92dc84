// SPDX-License-Identifier: Apache-2.0
//
// GlobalAveragePool and GlobalMaxPool: one value for each channel of each image, over any number of
// spatial dims. Averages are summed in double.
#include <limits>
#include <type_traits>

#include "reference_impl/cpu/kernels/pooling.h"
#include "reference_impl/cpu/kernels/row_math.h"
#include "reference_impl/cpu/kernels/simd.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/pooling.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

// A line of neighbours. Sums run in lanes: see row_math.h.
template <class S>
struct SumLine {
  TENON_INLINE static void body(const S* line, int64_t count, double* sum) {
    *sum += sum_row(count, [&](int64_t i) __attribute__((always_inline)) { return load(line[i]); });
  }
};
template <class S>
using SumLineLoop = SimdLoop<SumLine<S>, true, const S*, int64_t, double*>;

struct Average {
  using Sum = double;
  static constexpr const char* kName = "GlobalAveragePool";
  static constexpr Sum start() { return 0; }
  static void add(Sum& sum, double x) { sum += x; }
  static double finish(Sum sum, int64_t count) { return sum / static_cast<double>(count); }
};

struct Maximum {
  using Sum = double;
  static constexpr const char* kName = "GlobalMaxPool";
  static constexpr Sum start() { return -std::numeric_limits<double>::infinity(); }
  static void add(Sum& best, double x) { best = x > best || x != x ? x : best; }
  static double finish(Sum best, int64_t) { return best; }
};

template <class Operation>
class GlobalPool final : public KernelOf<GlobalPoolOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const View x = a.input(0), y = a.output(0);
    visit_dtype<kFloatTypes>(Operation::kName, x.dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      const int64_t places = extent(x, 2, x.rank), channels = x.dims[1];
      // Blocks of channels: neighbours in memory are then read together, whatever the strides.
      const int64_t blocks = (channels + kLanes - 1) / kLanes;
      const int64_t grain = std::max<int64_t>((1 << 13) / (places * kLanes + 1), 1);
      execution.parallel_for(x.dims[0] * blocks, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t first = i % blocks * kLanes;
          run_channels<S>(x, y, i / blocks, first, std::min(kLanes, channels - first));
        }
      });
    });
  }

 private:
  static constexpr int64_t kLanes = 16;

  template <class S>
  static void run_channels(const View& x, const View& y, int64_t batch, int64_t channel,
                           int64_t lanes) {
    using Sum = typename Operation::Sum;
    const S* from = x.as<S>() + batch * x.strides[0] + channel * x.strides[1];
    const int64_t places = extent(x, 2, x.rank);
    // Places that one step leads through.
    int64_t last = 1, step = 1;
    for (int32_t d = x.rank - 1; d >= 2; --d) {
      if (x.dims[d] == 1) continue;
      if (last == 1) step = x.strides[d];
      if (x.strides[d] != step * last) break;
      last *= x.dims[d];
    }
    Sum sums[kLanes];
    std::fill(sums, sums + lanes, Operation::start());
    for (int64_t place = 0; place < places; place += last) {
      int64_t rest = place, offset = 0;
      for (int32_t d = x.rank; d-- > 2; rest /= x.dims[d]) {
        offset += rest % x.dims[d] * x.strides[d];
      }
      if (x.strides[1] == 1) {
        for (int64_t i = 0; i < last; ++i) {
          const S* line = from + offset + i * step;
          for (int64_t c = 0; c < lanes; ++c)
            Operation::add(sums[c], static_cast<double>(load(line[c])));
        }
      } else if (std::is_same_v<Operation, Average> && step == 1) {
        static const typename SumLineLoop<S>::Function sum = SumLineLoop<S>::select();
        for (int64_t c = 0; c < lanes; ++c) sum(from + offset + c * x.strides[1], last, &sums[c]);
      } else {
        for (int64_t c = 0; c < lanes; ++c) {
          // Four sums, so that each addition need not wait for the one before.
          const S* line = from + offset + c * x.strides[1];
          Sum parts[4] = {sums[c], Operation::start(), Operation::start(), Operation::start()};
          for (int64_t i = 0; i < last; ++i) {
            Operation::add(parts[i % 4], static_cast<double>(load(line[i * step])));
          }
          for (int i = 1; i < 4; ++i) Operation::add(parts[0], parts[i]);
          sums[c] = parts[0];
        }
      }
    }
    S* to = y.as<S>() + batch * y.strides[0] + channel * y.strides[1];
    for (int64_t c = 0; c < lanes; ++c) {
      to[c * y.strides[1]] = store<S>(static_cast<Compute<S>>(Operation::finish(sums[c], places)));
    }
  }
};

}  // namespace

std::unique_ptr<Kernel> create_global_average_pool(const Description& d) {
  return std::make_unique<GlobalPool<Average>>(d);
}
std::unique_ptr<Kernel> create_global_max_pool(const Description& d) {
  return std::make_unique<GlobalPool<Maximum>>(d);
}

}  // namespace tenon::cpu
