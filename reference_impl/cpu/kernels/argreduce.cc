// SPDX-License-Identifier: Apache-2.0
//
// ArgMax and ArgMin: the index of the extreme along one axis. NaN counts as the extreme.
#include <array>
#include <memory>
#include <string>

#include "reference_impl/cpu/kernels/axis_lines.h"
#include "reference_impl/cpu/kernels/reduction_parts.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/reductions.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

// Whether b takes the place of a, which came before it. Of equals the first stays, unless kLast.
template <bool kLargest, bool kLast, class C>
TENON_INLINE bool replaces(C a, C b) {
  const bool better = kLargest ? b > a : b < a;
  if constexpr (std::is_floating_point_v<C>) {
    const bool a_nan = a != a, b_nan = b != b;
    if (a_nan | b_nan) return b_nan & (kLast | !a_nan);
  }
  return kLast ? better | (b == a) : better;
}

template <class T, bool kLargest, bool kLast>
int64_t extreme(const std::byte* data, int64_t stride, int64_t count) {
  int64_t best = 0;
  auto value = load(*reinterpret_cast<const T*>(data));
  for (int64_t i = 1; i < count; ++i) {
    const auto x = load(*reinterpret_cast<const T*>(data + i * stride));
    if (replaces<kLargest, kLast>(value, x)) {
      value = x;
      best = i;
    }
  }
  return best;
}

template <bool kLargest>
class ArgKernel final : public KernelOf<ArgReductionOperator> {
 public:
  explicit ArgKernel(const Description& desc)
      : KernelOf(desc), scan_(scan_of(desc, operator_.select_last_index)) {}

  void run(const Arguments& arguments, const Execution& execution) const override {
    View data = arguments.inputs[0], output = arguments.outputs[0];
    const int32_t axis = normalize_axis(operator_.name, operator_.axis, data.rank);
    const int64_t length = data.rank ? data.dims[axis] : 1;
    const int64_t stride = data.rank ? data.strides[axis] * (tn_dtype_bits(data.dtype) / 8) : 0;
    // Only the data loses the axis where the output has none.
    CutView cut_data(data, axis, axis + 1);
    CutView cut_output(output, operator_.keepdims ? axis : 0, operator_.keepdims ? axis + 1 : 0);
    const AxisLines<2> lines({cut_output.view(), cut_data.view()}, 0, 0);
    execution.parallel_for(lines.count(),
                           std::max<int64_t>(1, 16384 / std::max<int64_t>(length, 1)),
                           [&](int64_t begin, int64_t end) {
                             lines.each(begin, end, [&](std::byte* const* at) {
                               *reinterpret_cast<int64_t*>(at[0]) = scan_(at[1], stride, length);
                             });
                           });
  }

 private:
  using Scan = int64_t (*)(const std::byte*, int64_t, int64_t);

  static Scan scan_of(const Description& desc, bool last) {
    return visit_dtype<kNumericTypes>(desc.name(), desc.input_dtype(0), [&](auto type) -> Scan {
      using T = typename decltype(type)::type;
      return last ? extreme<T, kLargest, true> : extreme<T, kLargest, false>;
    });
  }

  Scan scan_;
};

template <bool kLargest>
std::unique_ptr<Kernel> create_arg(const Description& desc) {
  return std::make_unique<ArgKernel<kLargest>>(desc);
}

}  // namespace

std::span<const OperatorEntry> arg_reduction_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kArgMax, kNumericTypes, create_arg<true>},
      {op::kArgMin, kNumericTypes, create_arg<false>},
  };
  return kEntries;
}

}  // namespace tenon::cpu
