// SPDX-License-Identifier: Apache-2.0
//
// Conv, tenon.FusedConv and tenon.ConvGradInput, as products of filters and windowed images.
#include <numeric>

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
      WindowAxis& axis = p.image.axes[d];
      axis.positions = attributes_.dim(y, d);
      axis.taps = attributes_.dim(w, d);
      axis.step = attributes_.strides[d];
      axis.first = -attributes_.pads_begin[d];
      axis.increment = attributes_.dilations[d];
      axis.extent = attributes_.dim(x, d);
      axis.stride = attributes_.stride(x, d);
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

  const ConvAttributes& attributes_ = this->operator_.attributes;
};

// dX[i] sums W[t] * dY[o] over the taps t and positions o with i = o * stride + t * dilation - pad.
// Inputs i of one remainder modulo the stride meet the same taps, and neighbours among them
// neighbouring positions: so for each remainder dX is a convolution of dY of stride one, with
// nothing scattered.
class ConvGradInput final : public KernelOf<ConvGradInputOperator>, public NeedsWorkspace {
 public:
  using KernelOf::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override {
    uint64_t size = 0;
    over_remainders(a,
                    [&](const ConvProduct& p) { size = std::max(size, conv_workspace_size(p)); });
    return size;
  }

  void run(const Arguments& a, const Execution& execution) const override {
    over_remainders(a, [&](const ConvProduct& p) { run_conv(p, a.workspace, execution); });
  }

 private:
  template <class Visit>
  void over_remainders(const Arguments& a, Visit&& visit) const {
    const int64_t* s = attributes_.strides;
    for (int64_t r0 = 0; r0 < s[0]; ++r0) {
      for (int64_t r1 = 0; r1 < s[1]; ++r1) {
        for (int64_t r2 = 0; r2 < s[2]; ++r2) visit(product(a, {r0, r1, r2}));
      }
    }
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
      const auto axis_of = static_cast<int32_t>(d);
      const int64_t stride = attributes_.strides[d], dilation = attributes_.dilations[d];
      const int64_t r = remainder[d], shift = r + attributes_.pads_begin[d];
      const int64_t inputs = attributes_.dim(dx, axis_of);
      const int64_t taps = attributes_.dim(w, axis_of);
      // Taps t with (shift - t * dilation) % stride == 0: every `period`-th from `first` on.
      const int64_t period = stride / std::gcd(stride, dilation);
      int64_t first = 0;
      while (first < period && (shift - first * dilation) % stride != 0) ++first;
      WindowAxis& axis = p.image.axes[d];
      axis.positions = inputs > r ? (inputs - r + stride - 1) / stride : 0;
      axis.taps = first < period && first < taps ? (taps - first + period - 1) / period : 0;
      axis.step = 1;
      axis.first = axis.taps > 0 ? (shift - first * dilation) / stride : 0;
      axis.increment = -(period * dilation / stride);
      axis.extent = attributes_.dim(dy, axis_of);
      axis.stride = attributes_.stride(dy, axis_of);
      p.filters.tap_strides[d] = attributes_.stride(w, axis_of) * period;
      if (axis.taps > 0 && p.filters.data) {
        p.filters.data += first * attributes_.stride(w, axis_of) * size;
      }
      p.output.position_strides[d] = attributes_.stride(dx, axis_of) * stride;
      if (axis.positions > 0 && p.output.data) {
        p.output.data += r * attributes_.stride(dx, axis_of) * size;
      }
    }
    p.image_batch_stride = dy.strides[0];
    p.image_group_stride = dy.strides[1] * p.image.channels;
    p.filter_group_stride = w.strides[0] * p.image.channels;
    p.output_batch_stride = dx.strides[0];
    p.output_group_stride = dx.strides[1] * p.filters.rows;
    return p;
  }

  const ConvAttributes& attributes_ = operator_.attributes;
};

}  // namespace

std::unique_ptr<Kernel> create_conv(const Description& d) {
  return std::make_unique<Conv<ConvOperator>>(d);
}
std::unique_ptr<Kernel> create_fused_conv(const Description& d) {
  return std::make_unique<WithSteps<Conv<FusedConvOperator>>>(d);
}
std::unique_ptr<Kernel> create_conv_grad_input(const Description& d) {
  return std::make_unique<ConvGradInput>(d);
}

}  // namespace tenon::cpu
