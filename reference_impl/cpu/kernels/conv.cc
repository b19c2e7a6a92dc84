// SPDX-License-Identifier: Apache-2.0
//
// Conv, tenon.FusedConv, tenon.ConvGradInput and ConvTranspose, as products of filters and windowed
// images.
#include <algorithm>

#include "reference_impl/cpu/kernels/contraction.h"
#include "reference_impl/cpu/kernels/conv_product.h"
#include "reference_impl/cpu/kernels/with_steps.h"
#include "reference_impl/cpu/layouts.h"

namespace tenon::cpu {
namespace {

// Whether filters are taken packed, if the host leaves it to us.
bool packs_filters(const tn_argument& x, const tn_argument& w, const ConvWindow& window) {
  // A single position reads them as they lie.
  const auto ones = [](const tn_argument& a) {
    return a.dims != nullptr &&
           std::all_of(a.dims + 2, a.dims + a.rank, [](int64_t d) { return d == 1; });
  };
  if (ones(x) && ones(w)) return false;
  return x.dtype == TN_FLOAT32 && w.dtype == TN_FLOAT32 && window.groups == 1 && w.rank >= 3 &&
         w.dims != nullptr && w.dims[1] > 1;
}

// Of Conv, and of FusedConv without its steps.
template <class Operator>
class Conv : public KernelOf<Operator>, public NeedsWorkspace {
 public:
  explicit Conv(const Description& d)
      : KernelOf<Operator>(d), packs_(packs_filters(d.input(0), d.input(1), attributes_)) {}

  uint64_t workspace_size(const Arguments& a) const override {
    return conv_workspace_size(product(a));
  }
  tn_layout input_layout(size_t i, tn_layout described) const override {
    const bool asked = described == TN_LAYOUT_ANY || described == kLayoutPackedFilters;
    return i == 1 && packs_ && asked ? kLayoutPackedFilters : TN_LAYOUT_STRIDED;
  }
  void run(const Arguments& a, const Execution& execution) const override {
    run_with(a, execution, nullptr);
  }

 protected:
  // With steps in the store; returns how many.
  size_t run_with(const Arguments& a, const Execution& execution, const StepKernels* steps) const {
    ConvProduct p = product(a);
    gemm::Epilogue<float> epilogue;
    size_t done = 0;
    if (takes_epilogue(p)) {
      if (p.bias.present()) epilogue.of_row = {p.bias.as<const float>(), 0, p.bias.strides[0], 0};
      if (steps != nullptr) done = steps->add_to(epilogue, a, {a.outputs[0], 1, 2});
      p.bias = kAbsentView;
      p.epilogue = &epilogue;
    }
    run_conv(p, a.workspace, execution);
    return done;
  }

 private:
  ConvProduct product(const Arguments& a) const {
    const View x = a.input(0), w = a.input(1), y = a.output(0);
    ConvProduct p;
    p.batch = x.dims[0];
    p.groups = attributes_.groups;
    p.image.data = x.data;
    p.image.dtype = x.dtype;
    p.image.channels = w.dims[1];
    p.image.channel_stride = x.strides[1];
    p.filters = {w.data, w.dtype, w.dims[0] / p.groups};
    p.filters.packed = w.layout == kLayoutPackedFilters;
    if (!p.filters.packed) {
      p.filters.row_stride = w.strides[0];
      p.filters.channel_stride = w.strides[1];
      p.filter_group_stride = w.strides[0] * p.filters.rows;
    }
    p.output = {y.data, y.dtype, y.strides[1], {}};
    for (int32_t d = 0; d < 3; ++d) {
      p.image.axes[d] = attributes_.window(x, w, y, d);
      if (!p.filters.packed) p.filters.tap_strides[d] = attributes_.stride(w, d);
      p.output.position_strides[d] = attributes_.stride(y, d);
    }
    p.image_batch_stride = x.strides[0];
    p.image_group_stride = x.strides[1] * p.image.channels;
    p.output_batch_stride = y.strides[0];
    p.output_group_stride = y.strides[1] * p.filters.rows;
    p.bias = a.input(2);
    return p;
  }

  const ConvWindow& attributes_ = this->operator_.window;
  bool packs_;
};

// For each remainder modulo the strides, a convolution: ConvWindow::grad_input_axis().
// ConvTranspose is the same, with a bias.
template <class Operator>
class ConvGradInput final : public KernelOf<Operator>, public NeedsWorkspace {
 public:
  using KernelOf<Operator>::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override {
    uint64_t size = 0;
    over_parts(a, [&](const ConvProduct& p) { size = std::max(size, conv_workspace_size(p)); });
    return size;
  }

  void run(const Arguments& a, const Execution& execution) const override {
    over_parts(a, [&](const ConvProduct& p) { run_conv(p, a.workspace, execution); });
  }

 private:
  template <class Visit>
  void over_parts(const Arguments& a, Visit&& visit) const {
    attributes_.over_remainders([&](const auto& remainder) { visit(product(a, remainder)); });
  }

  ConvProduct product(const Arguments& a, std::array<int64_t, 3> remainder) const {
    const View dy = a.input(0), w = a.input(1), dx = a.output(0);
    const auto size = static_cast<int64_t>(tn_dtype_bits(dx.dtype) / 8);
    ConvProduct p;
    p.batch = dx.dims[0];
    p.groups = attributes_.groups;
    p.image.data = dy.data;
    p.image.dtype = dy.dtype;
    p.image.channels = w.dims[0] / p.groups;
    p.image.channel_stride = dy.strides[1];
    p.filters = {w.data, w.dtype, w.dims[1], w.strides[1], w.strides[0], {}};
    p.output = {dx.data, dx.dtype, dx.strides[1], {}};
    for (size_t d = 0; d < 3; ++d) {
      const ConvGradInputAxis part =
          attributes_.grad_input_axis(dy, w, dx, static_cast<int32_t>(d), remainder[d]);
      p.image.axes[d] = part.window;
      p.filters.tap_strides[d] = part.tap_stride;
      if (p.filters.data) p.filters.data += part.first_tap * size;
      p.output.position_strides[d] = part.position_stride;
      if (p.output.data) p.output.data += part.first_position * size;
    }
    p.image_batch_stride = dy.strides[0];
    p.image_group_stride = dy.strides[1] * p.image.channels;
    p.filter_group_stride = w.strides[0] * p.image.channels;
    p.output_batch_stride = dx.strides[0];
    p.output_group_stride = dx.strides[1] * p.filters.rows;
    p.bias = a.input(2);
    return p;
  }

  const ConvWindow& attributes_ = this->operator_.window;
};

}  // namespace

std::unique_ptr<Kernel> create_conv(const Description& d) {
  return std::make_unique<Conv<ConvOperator>>(d);
}
std::unique_ptr<Kernel> create_fused_conv(const Description& d) {
  return std::make_unique<WithSteps<Conv<FusedConvOperator>>>(d);
}
std::unique_ptr<Kernel> create_conv_grad_input(const Description& d) {
  return std::make_unique<ConvGradInput<ConvGradInputOperator>>(d);
}
std::unique_ptr<Kernel> create_conv_transpose(const Description& d) {
  return std::make_unique<ConvGradInput<ConvTransposeOperator>>(d);
}

}  // namespace tenon::cpu
