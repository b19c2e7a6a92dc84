// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpu_common/operators/conv_problem.h"

#include <algorithm>

namespace tenon::gpu {
namespace {

int32_t small(std::string_view op, int64_t value) {
  if (value > INT32_MAX || value < INT32_MIN) {
    throw KernelError(TN_UNSUPPORTED,
                      std::string(op) + ": a dim, a pad or their product exceeds 31 bits");
  }
  return static_cast<int32_t>(value);
}

int64_t product(const std::array<int64_t, 4>& dims) {
  return dims[0] * dims[1] * dims[2] * dims[3];
}

}  // namespace

GemmProblem ConvProduct::problem(std::string_view op, int64_t block_columns) const {
  // The digits of depth are channel and taps, those of columns image and positions. Channels that
  // lie side by side are read together: they are the last digit then.
  const bool channels_last = channels > 1 && channel_stride == 1 && axes[2].stride != 1;
  const int spatial = channels_last ? 0 : 1, other = channels_last ? 3 : 0;
  // Images of many positions are a batch; few positions are better joined to more columns.
  const bool joins = axes[0].positions * axes[1].positions * axes[2].positions < block_columns;
  std::array<int64_t, 4> positions{1, 1, 1, 1}, taps{1, 1, 1, 1}, position_steps{};
  Window image_window, filter_window;
  taps[other] = channels;
  positions[other] = joins ? images : 1;
  position_steps[other] = output_image_stride;
  image_window.row_strides[other] = image_stride;
  image_window.depth_strides[other] = channel_stride;
  filter_window.depth_strides[other] = filter_channel_stride;
  for (int d = 0; d < 3; ++d) {
    const WindowAxis& axis = axes[d];
    const int i = spatial + d;
    positions[i] = axis.positions;
    taps[i] = axis.taps;
    position_steps[i] = position_strides[d];
    image_window.row_strides[i] = axis.step * axis.stride;
    image_window.depth_strides[i] = axis.increment * axis.stride;
    image_window.start += axis.first * axis.stride;
    image_window.row_steps[i] = small(op, axis.step);
    image_window.depth_steps[i] = small(op, axis.increment);
    image_window.first[i] = small(op, axis.first);
    image_window.extents[i] = small(op, axis.extent);
    filter_window.depth_strides[i] = tap_strides[d];
    small(op, axis.first + axis.positions * axis.step + axis.taps * std::abs(axis.increment));
  }
  filter_window.row_strides[0] = filter_stride;
  filter_window.rows = Digits({filters, 1, 1, 1});
  image_window.rows = Digits(positions);
  image_window.depth = filter_window.depth = Digits(taps);

  GemmProblem p;
  ProductShape& s = p.shape;
  s.m = small(op, filters);
  s.n = small(op, product(positions));
  s.k = small(op, product(taps));
  p.a.data = weights;
  p.a.window = filter_window;
  p.a.windowed = true;
  p.a.simplify(element_size);
  p.b.data = image;
  p.b.window = image_window;
  p.b.windowed = true;
  p.b.simplify(element_size);
  p.y = output;
  s.y_row = output_filter_stride;
  p.set_columns(positions, position_steps);
  p.c = bias;
  s.has_c = bias != nullptr ? 1 : 0;
  s.c_row = bias_stride;
  if (!joins) {
    small(op, images);
    p.add_batch_dim(images, {0, image_stride, output_image_stride, 0});
  }
  p.add_batch_dim(small(op, groups), {filter_group_stride, image_group_stride, output_group_stride,
                                      bias_stride * filters});
  small(op, p.batch());
  return p;
}

void ConvProduct::set_image(const View& view) {
  image = view.data;
  image_stride = view.strides[0];
  channel_stride = view.strides[1];
  image_group_stride = view.strides[1] * channels;
}

void ConvProduct::set_output(const View& view) {
  element_size = tn_dtype_bits(view.dtype) / 8;
  images = view.dims[0];
  output = view.data;
  output_image_stride = view.strides[0];
  output_filter_stride = view.strides[1];
  output_group_stride = view.strides[1] * filters;
}

GemmProblem grad_weight_problem(std::string_view op, const device::ConvWindow& attributes,
                                const View& dy, const View& x, const View& dw) {
  const int64_t filters = dw.dims[0] / attributes.groups, channels = dw.dims[1];
  std::array<int64_t, 4> positions{x.dims[0], 1, 1, 1}, taps{channels, 1, 1, 1};
  std::array<int64_t, 4> tap_steps{dw.strides[1], 0, 0, 0};
  Window of_dy, of_x;
  of_dy.row_strides[0] = dy.strides[1];
  of_dy.depth_strides[0] = dy.strides[0];
  of_x.row_strides[0] = x.strides[1];
  of_x.depth_strides[0] = x.strides[0];
  for (int32_t d = 0; d < 3; ++d) {
    const int i = 1 + d;
    const int64_t stride = attributes.stride(x, d);
    positions[i] = attributes.dim(dy, d);
    taps[i] = attributes.dim(dw, d);
    tap_steps[i] = attributes.stride(dw, d);
    of_dy.depth_strides[i] = attributes.stride(dy, d);
    of_x.row_strides[i] = attributes.dilations[d] * stride;
    of_x.depth_strides[i] = attributes.strides[d] * stride;
    of_x.start -= attributes.pads_begin[d] * stride;
    of_x.row_steps[i] = small(op, attributes.dilations[d]);
    of_x.depth_steps[i] = small(op, attributes.strides[d]);
    of_x.first[i] = small(op, -attributes.pads_begin[d]);
    of_x.extents[i] = small(op, attributes.dim(x, d));
    small(op, positions[i] * attributes.strides[d] + taps[i] * attributes.dilations[d]);
  }
  of_dy.rows = Digits({filters, 1, 1, 1});
  of_x.rows = Digits(taps);
  of_dy.depth = of_x.depth = Digits(positions);

  const int64_t element_size = tn_dtype_bits(dw.dtype) / 8;
  GemmProblem p;
  ProductShape& s = p.shape;
  s.m = small(op, filters);
  s.n = small(op, product(taps));
  s.k = small(op, product(positions));
  p.a.data = dy.data;
  p.a.window = of_dy;
  p.a.windowed = true;
  p.a.simplify(element_size);
  p.b.data = x.data;
  p.b.window = of_x;
  p.b.windowed = true;
  p.b.simplify(element_size);
  p.y = dw.data;
  s.y_row = dw.strides[0];
  p.set_columns(taps, tap_steps);
  p.add_batch_dim(small(op, attributes.groups),
                  {dy.strides[1] * filters, x.strides[1] * channels, dw.strides[0] * filters, 0});
  return p;
}

}  // namespace tenon::gpu
