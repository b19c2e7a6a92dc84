// SPDX-License-Identifier: Apache-2.0
//
// DynamicQuantizeMatMul: A is quantized into the workspace, then multiplied.
#include "reference_impl/cpu/kernels/integer_matmul.h"
#include "reference_impl/cpu/kernels/quantized.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

class DynamicQuantizeMatMul final : public KernelOf<DynamicQuantizeMatMulOperator>,
                                    public NeedsWorkspace {
 public:
  using KernelOf::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override {
    WorkspaceParts parts;
    parts.take(static_cast<uint64_t>(a.input(0).count()));
    return parts.used() + product_of(operator_.plan(a)).workspace_size();
  }

  void run(const Arguments& a, const Execution& execution) const override {
    const View x = a.input(0);
    if (x.count() == 0 && a.output(0).count() == 0) return;
    const DynamicScale found = dynamic_scale(x, execution);
    const auto zero = static_cast<uint8_t>(found.zero);
    View scale_view = kAbsentView, zero_view = kAbsentView, quantized = x;
    scale_view.dtype = TN_FLOAT32;
    scale_view.data = const_cast<std::byte*>(reinterpret_cast<const std::byte*>(&found.scale));
    zero_view.dtype = TN_UINT8;
    zero_view.data = const_cast<std::byte*>(reinterpret_cast<const std::byte*>(&zero));

    WorkspaceParts parts(a.workspace);
    int64_t strides[TN_MAX_RANK];
    int64_t step = 1;
    for (int32_t d = x.rank; d-- > 0; step *= x.dims[d]) strides[d] = step;
    quantized.data = parts.take(static_cast<uint64_t>(x.count()));
    quantized.strides = strides;
    quantized.dtype = TN_UINT8;
    if (x.count() != 0) {
      over_scales(x, quantized, scale_view, zero_view, {}, execution, false,
                  [&](const ScaleRun& run) {
                    quantize({TN_FLOAT32, true}, x, quantized, scale_view, zero_view, run);
                  });
    }

    const View inputs[] = {quantized, a.input(1), a.input(2), a.input(3), a.input(4)};
    QuantizedMatmulPlan plan = operator_.plan({inputs, a.outputs});
    plan.a_zero.view = zero_view;
    run_integer_matmul(operator_.name, plan, a.workspace + parts.used(), execution,
                       [&](const BatchIndex& batch, int64_t row, int64_t column, int64_t count,
                           const int32_t* sums) {
                         store_floats(plan, found.scale, batch, row, column, count, sums);
                       });
  }
};

}  // namespace

std::unique_ptr<Kernel> create_dynamic_quantize_matmul(const Description& d) {
  return std::make_unique<DynamicQuantizeMatMul>(d);
}

}  // namespace tenon::cpu
