// SPDX-License-Identifier: Apache-2.0
//
// Range and OneHot.
#include <algorithm>
#include <memory>

#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/indexing.h"
#include "reference_impl/cpu/kernels/strided_copy.h"
#include "tenon/device/operators/movement.h"

namespace tenon::cpu {
namespace {

constexpr uint64_t kRangeTypes = op::kRange.allowed;

template <class T>
class RangeKernel final : public KernelOf<RangeOperator> {
  using C = std::conditional_t<std::is_integral_v<T>, int64_t, double>;

 public:
  using KernelOf::KernelOf;

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View& output = arguments.outputs[0];
    const C start = *arguments.inputs[0].as<const T>(), delta = *arguments.inputs[2].as<const T>();
    const int64_t count = operator_.count(arguments);
    execution.parallel_for(count, 32768, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        output.as<T>()[i * output.strides[0]] = element(start, i, delta);
    });
  }

 private:
  static T element(C start, int64_t i, C delta) {
    if constexpr (std::is_integral_v<T>) {
      // Steps may pass what int64 holds, on the way to what it does hold.
      return static_cast<T>(uint64_t(start) + uint64_t(i) * uint64_t(delta));
    } else {
      return static_cast<T>(start + static_cast<C>(i) * delta);
    }
  }
};

std::unique_ptr<Kernel> create_range(const Description& desc) {
  return visit_dtype<kRangeTypes>(desc.name(), desc.input_dtype(0),
                                  [&](auto type) -> std::unique_ptr<Kernel> {
                                    using T = typename decltype(type)::type;
                                    return std::make_unique<RangeKernel<T>>(desc);
                                  });
}

class OneHotKernel final : public KernelOf<OneHotOperator> {
 public:
  using KernelOf::KernelOf;

  // All off, then one on for each index. Indices out of range leave their line off, as in ONNX.
  void run(const Arguments& arguments, const Execution& execution) const override {
    const View &indices = arguments.inputs[0], &values = arguments.inputs[2];
    const View& output = arguments.outputs[0];
    const int32_t axis = normalize_axis(operator_.name, operator_.axis, output.rank);
    const int64_t depth = operator_.depth(arguments, axis);
    static constexpr int64_t kStrides[TN_MAX_RANK] = {};
    View off = output;
    off.data = values.data;
    off.strides = kStrides;
    strided_copy(output, off, execution);
    if (output.count() == 0) return;

    BuiltView lines(output);
    lines.add(output, 0, axis);
    lines.add(output, axis + 1, output.rank);
    const View* operands[] = {&lines.view(), &indices};
    const StridedLoop<2> loop(operands, indices.dims, indices.rank);
    const int64_t size = element_size(output), step = output.strides[axis] * size;
    const std::byte* on = values.data + values.strides[0] * size;
    execution.parallel_for(loop.count(), 8192, [&](int64_t begin, int64_t end) {
      loop.rows(begin, end, [&](std::byte* const* p, const int64_t* s, int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
          View index = indices;
          index.data = p[1] + i * s[1];
          index.rank = 0;
          int64_t at = integer_at(index);
          at += at < 0 ? depth : 0;
          if (at >= 0 && at < depth)
            std::memcpy(p[0] + i * s[0] + at * step, on, static_cast<size_t>(size));
        }
      });
    });
  }
};

std::unique_ptr<Kernel> create_one_hot(const Description& desc) {
  return std::make_unique<OneHotKernel>(desc);
}

}  // namespace

std::span<const OperatorEntry> sequence_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kRange, kRangeTypes, create_range},
      {op::kOneHot, kMovedTypes, create_one_hot},
  };
  return kEntries;
}

}  // namespace tenon::cpu
