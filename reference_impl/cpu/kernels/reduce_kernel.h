// SPDX-License-Identifier: Apache-2.0
//
// The kernel around a reducer. The axes are an input whose values are known to run() alone; what
// check() can say without them is whether the ranks can fit.
//
// Each reducer and type is a loop of its own for each instruction set, so the operators are spread
// over several files: reduce_sum.cc, reduce_extreme.cc, reduce.cc.
#pragma once

#include <memory>
#include <string>

#include "reference_impl/cpu/kernels/reducers.h"
#include "reference_impl/cpu/kernels/reduction_parts.h"
#include "tenon/device/operators/reductions.h"

namespace tenon::cpu {

template <class Reducer, class Operator = ReductionOperator>
class ReduceKernel final : public KernelOf<Operator>, public NeedsWorkspace {
 public:
  explicit ReduceKernel(const Description& desc, const Reducer& reducer = {})
      : KernelOf<Operator>(desc), reducer_(reducer) {}

  uint64_t workspace_size(const Arguments& arguments) const override {
    const int64_t results = arguments.outputs[0].count();
    return results == 0 ? 0
                        : reduce_workspace<Reducer>(results, arguments.inputs[0].count() / results);
  }

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View& data = arguments.inputs[0];
    const uint32_t axes = operator_.axes_of(arguments);
    int64_t in[TN_MAX_RANK], out[2][TN_MAX_RANK];
    const int64_t size = tn_dtype_bits(data.dtype) / 8;
    for (int32_t d = 0; d < data.rank; ++d) in[d] = data.strides[d] * size;
    const View second = arguments.output(1);
    result_strides(arguments, 0, axes, out[0]);
    if (second.present()) result_strides(arguments, 1, axes, out[1]);
    const ReducePlan plan(data, axes, in, nullptr, out[0], second.present() ? out[1] : nullptr);
    Reducer reducer = reducer_;
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
    operator_.check_dims(arguments, index, axes);
    const int64_t size = tn_dtype_bits(output.dtype) / 8;
    int32_t at = 0;
    for (int32_t d = 0; d < data.rank; ++d) {
      const bool reduced = axes >> d & 1;
      strides[d] = reduced ? 0 : output.strides[at] * size;
      at += !reduced || operator_.keepdims ? 1 : 0;
    }
  }

  using KernelOf<Operator>::operator_;

  const Reducer reducer_;
};

// Make<T>::type is the reducer for elements of type T.
template <template <class> class Make, uint64_t Mask>
std::unique_ptr<Kernel> create_reduce(const Description& desc) {
  return visit_dtype<Mask>(desc.name(), desc.input_dtype(0),
                           [&](auto type) -> std::unique_ptr<Kernel> {
                             using T = typename decltype(type)::type;
                             return std::make_unique<ReduceKernel<typename Make<T>::type>>(desc);
                           });
}

}  // namespace tenon::cpu
