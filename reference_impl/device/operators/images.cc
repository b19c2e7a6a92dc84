// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/images.h"

#include "reference_impl/device/operators/rule_calls.h"
#include "reference_impl/shapes/vision_rules.h"
#include "tenon/device/operators/conv_window.h"
#include "tenon/device/operators/description_checks.h"
#include "tenon/device/operators/number.h"

namespace tenon::device {

BlockViews::BlockViews(const View& deep, const View& wide, int64_t blocksize, bool blocks_first)
    : depth(deep), space(wide) {
  const int64_t channels = wide.dims[1], step = deep.strides[1];
  // Channels of the deep tensor are [block row, block column, channel], or the channel comes first.
  const int64_t row = blocks_first ? blocksize * channels : blocksize;
  const int64_t column = blocks_first ? channels : 1;
  const int64_t channel = blocks_first ? 1 : blocksize * blocksize;
  const auto add = [&](int64_t dim, int64_t deep_stride, int64_t wide_stride) {
    depth.add(dim, deep_stride);
    space.add(dim, wide_stride);
  };
  add(wide.dims[0], deep.strides[0], wide.strides[0]);
  add(channels, step * channel, wide.strides[1]);
  add(deep.dims[2], deep.strides[2], wide.strides[2] * blocksize);
  add(blocksize, step * row, wide.strides[2]);
  add(deep.dims[3], deep.strides[3], wide.strides[3] * blocksize);
  add(blocksize, step * column, wide.strides[3]);
}

DepthToSpaceOperator::DepthToSpaceOperator(const Description& d)
    : NamedOperator(d), attributes::DepthToSpace(d) {
  require_inputs(d, 1);
  require_output(d, d.input_dtype(0));
}

void DepthToSpaceOperator::check(const Arguments& a) const {
  check_output(name, "the output", a, 0, shapes::depth_to_space(PointCall(name, a), *this, 0));
}

BlockViews DepthToSpaceOperator::views(const Arguments& a) const {
  return {a.inputs[0], a.outputs[0], blocksize, mode == Mode::kDcr};
}

SpaceToDepthOperator::SpaceToDepthOperator(const Description& d)
    : NamedOperator(d), attributes::SpaceToDepth(d) {
  require_inputs(d, 1);
  require_output(d, d.input_dtype(0));
}

void SpaceToDepthOperator::check(const Arguments& a) const {
  check_output(name, "the output", a, 0, shapes::space_to_depth(PointCall(name, a), *this, 0));
}

BlockViews SpaceToDepthOperator::views(const Arguments& a) const {
  return {a.outputs[0], a.inputs[0], blocksize, mode == Mode::kDcr};
}

MaxUnpoolOperator::MaxUnpoolOperator(const Description& d)
    : NamedOperator(d), attributes::MaxUnpool(d) {
  if (!d.has_input(0) || !d.has_input(1) || d.output_count() != 1)
    throw_invalid(name, "takes X, I and output_shape");
  require_output(d, d.input_dtype(0));
  if (d.input_dtype(1) != TN_INT64) throw_unsupported_dtype(name, d.input_dtype(1));
  const int32_t spatial = d.input(0).rank - 2;
  int64_t list[6];
  require_window(name, spatial, AutoPad::kNotset);
  place_window_list(name, "kernel_shape", spatial, kernel_shape, 1, {list});
  place_window_list(name, "strides", spatial, strides, 1, {list});
  place_window_list(name, "pads", spatial, pads, 0, {list, list + 3});
}

void MaxUnpoolOperator::check(const Arguments& a) const {
  check_same_dims(name, "I", a.inputs[1], a.inputs[0]);
  check_valued(name, "the output", a, 0,
               [&](const auto& call) { return shapes::max_unpool(call, *this, 0); });
}

View MaxUnpoolOperator::unpooled(const Arguments& a, int64_t* dims) const {
  const PointCall call(name, a);
  check_output(name, "the output", a, 0, shapes::max_unpool(call, *this, 0));
  const shapes::Shape<int64_t> inner = shapes::unpooled(call, *this);
  std::copy(inner.begin(), inner.end(), dims);
  View part = a.outputs[0];
  part.dims = dims;
  return part;
}

int64_t MaxUnpoolOperator::checked_place(int64_t index, int64_t count) const {
  if (index < 0 || index >= count) [[unlikely]]
    throw_invalid(name, "index " + std::to_string(index) + " is none of " + std::to_string(count) +
                            " elements");
  return index;
}

Col2ImOperator::Col2ImOperator(const Description& d) : NamedOperator(d), attributes::Col2Im(d) {
  require_inputs(d, 3);
  require_output(d, d.input_dtype(0));
}

void Col2ImOperator::check(const Arguments& a) const {
  const auto spatial = static_cast<size_t>(a.inputs[1].count());
  for (const auto& [list, count] : {std::pair{&dilations, spatial}, std::pair{&strides, spatial},
                                    std::pair{&pads, 2 * spatial}})
    if (!list->empty() && list->size() != count)
      throw_invalid(name, "strides, dilations or pads do not fit " + std::to_string(spatial) +
                              " spatial dims");
  check_valued(name, "the output", a, 0,
               [&](const auto& call) { return shapes::col2im(call, *this, 0); });
}

int32_t Col2ImOperator::read_axes(const Arguments& a, Col2ImAxis* axes) const {
  check_output(name, "the output", a, 0, shapes::col2im(PointCall(name, a), *this, 0));
  const auto spatial = static_cast<size_t>(a.inputs[1].count());
  for (size_t i = 0; i < spatial; ++i) {
    Col2ImAxis& axis = axes[i] = {};
    const shapes::WindowAxis window = shapes::window_axis(*this, i, spatial);
    axis.pixels = a.outputs[0].dims[i + 2];
    axis.taps = integer_at(a.inputs[2], static_cast<int64_t>(i));
    axis.blocks = window.positions(axis.pixels, axis.taps, false);
    axis.stride = window.stride, axis.dilation = window.dilation, axis.pad = window.begin;
  }
  return static_cast<int32_t>(spatial);
}

}  // namespace tenon::device
