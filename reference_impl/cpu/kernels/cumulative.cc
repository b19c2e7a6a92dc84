// SPDX-License-Identifier: Apache-2.0
//
// CumSum and CumProd, and the list of the family.
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "reference_impl/cpu/kernels/axis_lines.h"
#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/kernels/reducers.h"
#include "reference_impl/cpu/kernels/reduction_parts.h"
#include "tenon/device/operators/reductions.h"

namespace tenon::cpu {
namespace {

struct Adding {
  static constexpr int kStart = 0;
  template <class S>
  static TENON_INLINE S join(S a, S b) {
    return a + b;
  }
};
struct Multiplying {
  static constexpr int kStart = 1;
  template <class S>
  static TENON_INLINE S join(S a, S b) {
    return a * b;
  }
};

template <class T, class Join>
class CumulativeKernel final : public KernelOf<CumulativeOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View &x = arguments.inputs[0], &y = arguments.outputs[0];
    const int32_t axis = normalize_axis(operator_.name, integer_at(arguments.inputs[1]), x.rank);
    const int64_t length = x.rank ? x.dims[axis] : 1;
    int64_t from = x.rank ? x.strides[axis] : 0, to = x.rank ? y.strides[axis] : 0;
    const int64_t last = operator_.reverse ? length - 1 : 0;
    const AxisLines<2> lines({y, x}, axis, axis + 1);
    const int64_t start_from = from * last, start_to = to * last;
    if (operator_.reverse) from = -from, to = -to;
    execution.parallel_for(
        lines.count(), std::max<int64_t>(1, 16384 / std::max<int64_t>(length, 1)),
        [&](int64_t begin, int64_t end) {
          lines.each(begin, end, [&](std::byte* const* at) {
            T* out = reinterpret_cast<T*>(at[0]) + start_to;
            const T* in = reinterpret_cast<const T*>(at[1]) + start_from;
            SumState<T> sum = Join::kStart;
            for (int64_t i = 0; i < length; ++i) {
              const auto next = Join::join(sum, static_cast<SumState<T>>(load(in[i * from])));
              out[i * to] = store<T>(operator_.exclusive ? sum : next);
              sum = next;
            }
          });
        });
  }
};

template <class Join>
std::unique_ptr<Kernel> create_cumulative(const Description& desc) {
  return visit_dtype<kNumericTypes>(desc.name(), desc.input_dtype(0),
                                    [&](auto type) -> std::unique_ptr<Kernel> {
                                      using T = typename decltype(type)::type;
                                      return std::make_unique<CumulativeKernel<T, Join>>(desc);
                                    });
}

}  // namespace

std::span<const OperatorEntry> cumulative_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kCumSum, kNumericTypes, create_cumulative<Adding>},
      {op::kCumProd, kNumericTypes, create_cumulative<Multiplying>},
  };
  return kEntries;
}

std::span<const OperatorEntry> reduction_operators() {
  static const std::vector<OperatorEntry> all = [] {
    std::vector<OperatorEntry> entries;
    for (std::span<const OperatorEntry> part :
         {sum_reduction_operators(), extreme_reduction_operators(), axes_reduction_operators(),
          arg_reduction_operators(), cumulative_operators()})
      entries.insert(entries.end(), part.begin(), part.end());
    return entries;
  }();
  return all;
}

}  // namespace tenon::cpu
