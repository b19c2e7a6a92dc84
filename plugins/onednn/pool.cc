// SPDX-License-Identifier: Apache-2.0
//
// MaxPool, AveragePool and GlobalAveragePool. An input in a token gives an output in the same kind
// of layout.
#include "operators.h"
#include "primitive_kernel.h"
#include "tenon/device/operators/operator_dims.h"
#include "tenon/device/operators/pool_window.h"
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
  PoolBase(const Description& d, algorithm algorithm) : name_(d.name()), algorithm_(algorithm) {
    require_float32(d, 1);
    if (form_of(d.input(0).layout)) layout_ = d.input(0).layout;
  }

  void check_layouts(const Arguments& a) const {
    if (a.outputs[0].layout != a.inputs[0].layout) {
      throw KernelError(TN_UNSUPPORTED, name_ + ": the output must be in the input's layout");
    }
  }

  void add(const Arguments& a, Program& p, const Dims& strides, const Dims& kernel,
           const Dims& dilations, const Dims& begin, const Dims& end) const {
    const auto x = p.input(0, a.inputs[0]);
    const auto y = p.output(0, a.outputs[0]);
    const dnnl::pooling_forward::primitive_desc pd(engine(), dnnl::prop_kind::forward_inference,
                                                   algorithm_, p.md(x), p.md(y), strides, kernel,
                                                   dilations, begin, end, attributes_of());
    p.execute<dnnl::pooling_forward>(pd, {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}});
  }

  const std::string name_;
  const algorithm algorithm_;
  tn_layout layout_ = TN_LAYOUT_STRIDED;
};

class Pool final : public PoolBase {
 public:
  Pool(const Description& d, algorithm algorithm)
      : PoolBase(d, algorithm), window_(d, d.input(0).rank) {}

  void check(const Arguments& a) const override {
    window_.check_output(name_, a);
    check_layouts(a);
  }

 protected:
  void build(const Arguments& a, Program& p) const override {
    Dims strides, kernel, dilations, begin, end;
    for (int32_t axis = window_.first_axis(); axis < 3; ++axis) {
      strides.push_back(window_.strides[axis]);
      kernel.push_back(window_.kernel[axis]);
      dilations.push_back(window_.dilations[axis] - 1);
      begin.push_back(window_.pads_begin[axis]);
      // With ceil_mode the last window reaches beyond the padding that was asked for.
      const int64_t reach = (window_.dim(a.outputs[0], axis) - 1) * window_.strides[axis] +
                            window_.dilations[axis] * (window_.kernel[axis] - 1) + 1;
      end.push_back(std::max(window_.pads_end[axis],
                             reach - window_.dim(a.inputs[0], axis) - window_.pads_begin[axis]));
    }
    add(a, p, strides, kernel, dilations, begin, end);
  }

 private:
  const PoolWindow window_;
};

class GlobalPool final : public PoolBase {
 public:
  explicit GlobalPool(const Description& d) : PoolBase(d, algorithm::pooling_avg_exclude_padding) {
    const int32_t spatial = d.input(0).rank - 2;
    if (spatial < 1 || spatial > 3) {
      throw KernelError(TN_UNSUPPORTED,
                        name_ + ": 1, 2 or 3 spatial dims, not " + std::to_string(spatial));
    }
  }

  void check(const Arguments& a) const override {
    device::check_global_pool(name_, a);
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
    add(a, p, ones, kernel, zeros, zeros, zeros);
  }
};

std::unique_ptr<Kernel> make(const Description& d, algorithm algorithm) {
  auto kernel = std::make_unique<Pool>(d, algorithm);
  kernel->prepare(d);
  return kernel;
}

std::unique_ptr<Kernel> create_max_pool(const Description& d) {
  d.integer("storage_order");  // Of the indices, which are refused.
  return make(d, algorithm::pooling_max);
}

std::unique_ptr<Kernel> create_average_pool(const Description& d) {
  const bool with_pads = d.integer("count_include_pad") != 0;
  if (with_pads && d.integer("ceil_mode") != 0) {
    throw KernelError(TN_UNSUPPORTED,
                      "AveragePool: oneDNN counts what ceil_mode adds behind the padding");
  }
  return make(d, with_pads ? algorithm::pooling_avg_include_padding
                           : algorithm::pooling_avg_exclude_padding);
}

}  // namespace

std::span<const device::OperatorEntry> pool_operators() {
  static const device::OperatorEntry kEntries[] = {
      {op::kMaxPool, kFloat32, create_max_pool},
      {op::kTenonMaxPool, kFloat32, create_max_pool},
      {op::kAveragePool, kFloat32, create_average_pool},
      {op::kGlobalAveragePool, kFloat32, create<GlobalPool>},
  };
  return kEntries;
}

}  // namespace tenon::onednn
