// SPDX-License-Identifier: Apache-2.0
//
// Reductions over any set of axes. The axes are an input whose values are known to run() alone;
// what check() can say without them is whether the ranks can fit.
#include "reference_impl/cpu/kernels/reduce.h"
#include "tenon/device/operators/operator_dims.h"

#include <memory>
#include <vector>

#include "reference_impl/cpu/kernels/reducers.h"
#include "reference_impl/cpu/kernels/reduction_parts.h"

namespace tenon::cpu {
namespace {

template <class Reducer>
class ReduceKernel final : public Kernel, public NeedsWorkspace {
 public:
  explicit ReduceKernel(const Description& desc)
      : name_(desc.name()),
        keepdims_(desc.integer("keepdims", 1) != 0),
        noop_(desc.integer("noop_with_empty_axes", 0) != 0) {}

  void check(const Arguments& a) const override { check_reduction(name_, a, keepdims_, noop_); }

  uint64_t workspace_size(const Arguments& arguments) const override {
    const int64_t results = arguments.outputs[0].count();
    return results == 0 ? 0
                        : reduce_workspace<Reducer>(results, arguments.inputs[0].count() / results);
  }

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View& data = arguments.inputs[0];
    const uint32_t axes = reduced_axes(name_, arguments.input(1), data.rank, noop_);
    int64_t in[TN_MAX_RANK], out[2][TN_MAX_RANK];
    const int64_t size = tn_dtype_bits(data.dtype) / 8;
    for (int32_t d = 0; d < data.rank; ++d) in[d] = data.strides[d] * size;
    const View second = arguments.output(1);
    result_strides(arguments, 0, axes, out[0]);
    if (second.present()) result_strides(arguments, 1, axes, out[1]);
    const ReducePlan plan(data, axes, in, nullptr, out[0], second.present() ? out[1] : nullptr);
    Reducer reducer;
    if constexpr (requires { reducer.correction; })
      reducer.correction = real_at(arguments.inputs[2]);
    Reduction<Reducer>(reducer, plan, data.data, nullptr, arguments.outputs[0].data, second.data)
        .run(arguments.workspace, execution);
  }

 private:
  // The byte strides of output `index` for each dim of the data; checks its dims.
  void result_strides(const Arguments& arguments, size_t index, uint32_t axes,
                      int64_t* strides) const {
    const View &data = arguments.inputs[0], &output = arguments.outputs[index];
    int64_t expected[TN_MAX_RANK];
    check_output(name_, "the output", arguments, index,
                 reduced_dims(data, axes, keepdims_, expected));
    const int64_t size = tn_dtype_bits(output.dtype) / 8;
    int32_t at = 0;
    for (int32_t d = 0; d < data.rank; ++d) {
      const bool reduced = axes >> d & 1;
      strides[d] = reduced ? 0 : output.strides[at] * size;
      at += !reduced || keepdims_ ? 1 : 0;
    }
  }

  std::string name_;
  bool keepdims_, noop_;
};

void require_reduction(const Description& desc, size_t inputs, size_t outputs) {
  if (!desc.has_input(0) || !desc.has_output(0) || desc.input_count() > inputs ||
      desc.output_count() > outputs)
    throw_invalid(desc.name(), "takes data and axes, and gives the reduced data");
  for (size_t i = 0; i < outputs; ++i)
    if (desc.has_output(i) && desc.output_dtype(i) != desc.input_dtype(0))
      throw KernelError(TN_UNSUPPORTED, std::string(desc.name()) + ": the output is " +
                                            dtype_name(desc.output_dtype(i)) + ", the input " +
                                            dtype_name(desc.input_dtype(0)));
}

// Make<T>::type is the reducer for elements of type T.
template <template <class> class Make, uint64_t Mask>
std::unique_ptr<Kernel> create_reduce(const Description& desc) {
  require_reduction(desc, 2, 1);
  return visit_dtype<Mask>(desc.name(), desc.input_dtype(0),
                           [&](auto type) -> std::unique_ptr<Kernel> {
                             using T = typename decltype(type)::type;
                             return std::make_unique<ReduceKernel<typename Make<T>::type>>(desc);
                           });
}

template <class Rule>
struct SumBy {
  template <class T>
  struct Make {
    using type = SumReducer<T, Rule>;
  };
};
template <class T>
struct MakeL1 {
  using type = SumReducer<T, std::conditional_t<std::is_unsigned_v<T>, Itself, L1>>;
};
template <class T>
struct MakeProduct {
  using type = ProductReducer<T>;
};
template <class T>
struct MakeMax {
  using type = ExtremeReducer<T, true>;
};
template <class T>
struct MakeMin {
  using type = ExtremeReducer<T, false>;
};
template <>
struct MakeMax<bool> {
  using type = TruthReducer<true>;
};
template <>
struct MakeMin<bool> {
  using type = TruthReducer<false>;
};
template <class T>
struct MakeLogSumExp {
  using type = LogSumExpReducer<T>;
};

std::unique_ptr<Kernel> create_variance(const Description& desc) {
  require_reduction(desc, 3, 2);
  if (!desc.has_input(2)) throw_invalid(desc.name(), "needs a correction");
  return visit_dtype<kFloatTypes>(
      desc.name(), desc.input_dtype(0), [&](auto type) -> std::unique_ptr<Kernel> {
        using T = typename decltype(type)::type;
        return std::make_unique<ReduceKernel<VarianceReducer<T, T>>>(desc);
      });
}

template <class Rule>
constexpr CreateKernel kSum = create_reduce<SumBy<Rule>::template Make, kNumericTypes>;

}  // namespace

std::span<const OperatorEntry> axes_reduction_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kReduceSum, kNumericTypes, kSum<Itself>},
      {op::kReduceMean, kNumericTypes, kSum<Mean>},
      {op::kReduceSumSquare, kNumericTypes, kSum<SumSquare>},
      {op::kReduceL1, kNumericTypes, create_reduce<MakeL1, kNumericTypes>},
      {op::kReduceL2, kFloatTypes, create_reduce<SumBy<L2>::Make, kFloatTypes>},
      {op::kReduceProd, kNumericTypes, create_reduce<MakeProduct, kNumericTypes>},
      {op::kReduceMax, kComputedTypes, create_reduce<MakeMax, kComputedTypes>},
      {op::kReduceMin, kComputedTypes, create_reduce<MakeMin, kComputedTypes>},
      {op::kReduceLogSumExp, kFloatTypes, create_reduce<MakeLogSumExp, kFloatTypes>},
      {op::kTenonReduceAll, kBoolType, create_reduce<MakeMin, kBoolType>},
      {op::kTenonReduceAny, kBoolType, create_reduce<MakeMax, kBoolType>},
      {op::kTenonReduceVariance, kFloatTypes, create_variance},
  };
  return kEntries;
}

}  // namespace tenon::cpu
