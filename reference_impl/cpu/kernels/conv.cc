// SPDX-License-Identifier: Apache-2.0
//
// Conv, tenon.FusedConv, tenon.ConvGradInput and ConvTranspose, as products of filters and windowed
// images.
#include "reference_impl/cpu/kernels/contraction.h"
#include "reference_impl/cpu/kernels/conv_product.h"
#include "reference_impl/cpu/kernels/with_steps.h"

namespace tenon::cpu {
namespace {

// Of Conv, and of FusedConv without its steps.
template <class Operator>
class Conv : public KernelOf<Operator>, public NeedsWorkspace {
 public:
  using KernelOf<Operator>::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override {
    return conv_workspace_size(product(a));
  }
  void run(const Arguments& a, const Execution& execution) const override {
    run_conv(product(a), a.workspace, execution);
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
    p.filters = {w.data, w.dtype, w.dims[0] / p.groups, w.strides[0], w.strides[1], {}};
    p.output = {y.data, y.dtype, y.strides[1], {}};
    for (int32_t d = 0; d < 3; ++d) {
      p.image.axes[d] = attributes_.window(x, w, y, d);
      p.filters.tap_strides[d] = attributes_.stride(w, d);
      p.output.position_strides[d] = attributes_.stride(y, d);
    }
    p.image_batch_stride = x.strides[0];
    p.image_group_stride = x.strides[1] * p.image.channels;
    p.filter_group_stride = w.strides[0] * p.filters.rows;
    p.output_batch_stride = y.strides[0];
    p.output_group_stride = y.strides[1] * p.filters.rows;
    p.bias = a.input(2);
    return p;
  }

  const ConvWindow& attributes_ = this->operator_.window;
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
