// SPDX-License-Identifier: Apache-2.0
//
// AveragePool and GlobalAveragePool. An input in a token gives an output in the same kind of
// layout. MaxPool is not here: oneDNN's loses NaN in some windows, where the contract says that NaN
// wins.
#include "operators.h"
#include "primitive_kernel.h"
#include "tenon/device/operators/pooling.h"
#include "tenon/device/operators/shape.h"

namespace tenon::onednn {
namespace {

using device::PoolWindow;
using dnnl::algorithm;

class PoolBase : public PrimitiveKernel {
 public:
  // One and the same tag on both sides: blocking of channels fits whatever the spatial dims are.
  tn_layout input_layout(size_t, tn_layout) const override { return layout_; }
  tn_layout output_layout(size_t, tn_layout) const override { return layout_; }

 protected:
  explicit PoolBase(const Description& d) : name_(d.name()) {
    require_float32(d, 1);
    if (form_of(d.input(0).layout)) layout_ = d.input(0).layout;
  }

  void check_layouts(const Arguments& a) const {
    if (a.outputs[0].layout != a.inputs[0].layout) {
      throw KernelError(TN_UNSUPPORTED, name_ + ": the output must be in the input's layout");
    }
  }

  void add(algorithm algorithm, const Arguments& a, Program& p, const Dims& strides,
           const Dims& kernel, const Dims& dilations, const Dims& begin, const Dims& end) const {
    const auto x = p.input(0, a.inputs[0]);
    const auto y = p.output(0, a.outputs[0]);
    const dnnl::pooling_forward::primitive_desc pd(engine(), dnnl::prop_kind::forward_inference,
                                                   algorithm, p.md(x), p.md(y), strides, kernel,
                                                   dilations, begin, end, attributes_of());
    p.execute<dnnl::pooling_forward>(pd, {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}});
  }

  const std::string name_;
  tn_layout layout_ = TN_LAYOUT_STRIDED;
};

class AveragePool final : public device::KernelOf<device::AveragePoolOperator, PoolBase> {
 public:
  explicit AveragePool(const Description& d) : KernelOf(d, d) {
    if (operator_.count_include_pad) algorithm_ = algorithm::pooling_avg_include_padding;
    if (operator_.count_include_pad && operator_.window.ceil_mode) {
      throw KernelError(TN_UNSUPPORTED,
                        "AveragePool: oneDNN counts what ceil_mode adds behind the padding");
    }
  }

  void check(const Arguments& a) const override {
    KernelOf::check(a);
    check_layouts(a);
  }

 protected:
  void build(const Arguments& a, Program& p) const override {
    const PoolWindow& window = operator_.window;
    Dims strides, kernel, dilations, begin, end;
    for (int32_t axis = window.first_axis(); axis < 3; ++axis) {
      strides.push_back(window.strides[axis]);
      kernel.push_back(window.kernel[axis]);
      dilations.push_back(window.dilations[axis] - 1);
      begin.push_back(window.pads_begin[axis]);
      // With ceil_mode the last window reaches beyond the padding that was asked for.
      const int64_t reach = (window.dim(a.outputs[0], axis) - 1) * window.strides[axis] +
                            window.dilations[axis] * (window.kernel[axis] - 1) + 1;
      end.push_back(std::max(window.pads_end[axis],
                             reach - window.dim(a.inputs[0], axis) - window.pads_begin[axis]));
    }
    add(algorithm_, a, p, strides, kernel, dilations, begin, end);
  }

 private:
  algorithm algorithm_ = algorithm::pooling_avg_exclude_padding;
};

class GlobalPool final : public device::KernelOf<device::GlobalPoolOperator, PoolBase> {
 public:
  explicit GlobalPool(const Description& d) : KernelOf(d, d) {
    const int32_t spatial = d.input(0).rank - 2;
    if (spatial < 1 || spatial > 3) {
      throw KernelError(TN_UNSUPPORTED,
                        name_ + ": 1, 2 or 3 spatial dims, not " + std::to_string(spatial));
    }
  }

  void check(const Arguments& a) const override {
    KernelOf::check(a);
    check_layouts(a);
  }

 protected:
  bool worth(const Arguments& a) const override {
    return a.inputs[0].layout != TN_LAYOUT_STRIDED || a.inputs[0].count() >= 1024;
  }
  void build(const Arguments& a, Program& p) const override {
    const View& x = a.inputs[0];
    const Dims kernel(x.dims + 2, x.dims + x.rank);
    const Dims ones(kernel.size(), 1), zeros(kernel.size(), 0);
    add(algorithm::pooling_avg_exclude_padding, a, p, ones, kernel, zeros, zeros, zeros);
  }
};

}  // namespace

std::span<const device::OperatorEntry> pool_operators() {
  static const device::OperatorEntry kEntries[] = {
      {op::kAveragePool, kFloat32, create<AveragePool>},
      {op::kGlobalAveragePool, kFloat32, create<GlobalPool>},
  };
  return kEntries;
}

}  // namespace tenon::onednn
