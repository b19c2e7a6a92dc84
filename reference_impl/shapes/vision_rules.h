// SPDX-License-Identifier: Apache-2.0
//
// Shape rules of resizing, sampling, regions and rearranged images: see general_rules.h.
#pragma once

#include <cmath>

#include "reference_impl/shapes/contraction_rules.h"

namespace tenon::shapes {

// Whether an optional list has elements: older models say with none that it is not there.
template <class Call>
bool has_values(const Call& call, size_t input, const char* argument) {
  return call.has(input) && call.value_count(input, argument) != 0;
}

// Calls body(i, axis) for the axes that scales and sizes of a Resize speak of; returns how many.
template <class Call, class Axes, class Body>
size_t over_resized_axes(const Call& call, const Axes& axes, size_t rank, Body&& body) {
  uint32_t seen = 0;
  const size_t count = axes.empty() ? rank : axes.size();
  for (size_t i = 0; i < count; ++i) {
    const size_t d = axes.empty() ? i : axis_of(call, axes[i], rank);
    if ((seen >> d & 1) != 0) call.fail("axes name axis " + std::to_string(d) + " twice");
    seen |= uint32_t{1} << d;
    body(i, d);
  }
  return count;
}

// In float32, as in ONNX's shape inference, so that 10 * 2.6 is 26.
inline int64_t scaled_dim(int64_t dim, double scale) {
  const float scaled = std::floor(static_cast<float>(dim) * static_cast<float>(scale));
  return scaled < 0x1p62f ? static_cast<int64_t>(scaled) : INT64_MAX;
}

// What a Resize's policy makes of the sizes it is given: one scale for all axes.
template <class Call, class Attributes>
void keep_aspect_ratio(const Call& call, const Attributes& a, ShapeOf<Call>* dims) {
  using D = typename Call::Dim;
  using Policy = decltype(a.keep_aspect_ratio_policy);
  const bool least = a.keep_aspect_ratio_policy == Policy::kNotLarger;
  const auto x = call.dims(0);
  bool known = true;
  float scale = least ? INFINITY : 0;
  over_resized_axes(call, a.axes, x.size(), [&](size_t i, size_t d) {
    const D size = (*dims)[d];
    known = known && is_exact(size) && is_exact(x[d]);
    if (!known || low(x[d]) == 0) return;
    const float one =
        static_cast<float>(low(call.value(3, i, "sizes"))) / static_cast<float>(low(x[d]));
    scale = least ? std::min(scale, one) : std::max(scale, one);
  });
  over_resized_axes(call, a.axes, x.size(), [&](size_t, size_t d) {
    if (!known) {
      (*dims)[d] = between<D>(0, INT64_MAX);
    } else if (low(x[d]) != 0) {
      const float scaled = std::floor(scale * static_cast<float>(low(x[d])) + 0.5f);
      (*dims)[d] = exactly<D>(scaled < 0x1p62f ? static_cast<int64_t>(scaled) : INT64_MAX);
    }
  });
}

template <class Call, class Attributes>
ShapeOf<Call> resize(const Call& call, const Attributes& a, size_t) {
  using D = typename Call::Dim;
  using Policy = decltype(a.keep_aspect_ratio_policy);
  using Mode = decltype(a.coordinate_transformation_mode);
  auto dims = ShapeOf<Call>::of(call.dims(0));
  const bool scales = has_values(call, 2, "scales"), sizes = has_values(call, 3, "sizes");
  if (dims.empty()) return dims;
  if (scales == sizes) call.fail("needs either scales or sizes");
  const size_t given = scales ? call.value_count(2, "scales") : call.value_count(3, "sizes");
  const size_t count = a.axes.empty() ? dims.size() : a.axes.size();
  if (given != count)
    call.fail(std::to_string(given) + (scales ? " scales" : " sizes") + " for " +
              std::to_string(count) + " axes of dims " + dims_text(dims));
  const bool crops = a.coordinate_transformation_mode == Mode::kTfCropAndResize;
  if (crops && (!call.has(1) || call.value_count(1, "roi") != 2 * count))
    call.fail("roi must have " + std::to_string(2 * count) + " numbers");
  over_resized_axes(call, a.axes, dims.size(), [&](size_t i, size_t d) {
    if (scales) {
      const std::optional<double> scale = call.real(2, i, "scales");
      if (scale && !(*scale > 0)) call.fail("a scale is not greater than 0");
      dims[d] =
          scale ? between<D>(scaled_dim(low(dims[d]), *scale), scaled_dim(high(dims[d]), *scale))
                : between<D>(0, INT64_MAX);
      return;
    }
    const D size = call.value(3, i, "sizes");
    if (high(size) < 0) call.fail("size " + text_of(size) + " of dim " + std::to_string(d));
    dims[d] = between<D>(std::max<int64_t>(low(size), 0), high(size));
  });
  if (sizes && a.keep_aspect_ratio_policy != Policy::kStretch) keep_aspect_ratio(call, a, &dims);
  return dims;
}

// The dim whose windows there are so many of: the window formula the other way.
template <class D>
D unwound_dim(const WindowAxis& axis, const D& positions, const D& taps, int64_t more) {
  const auto dim = [&](int64_t count, int64_t width) {
    const int64_t reach = saturating_add(saturating_multiply(width - 1, axis.dilation), 1);
    const int64_t steps = saturating_multiply(saturating_add(count, -1), axis.stride);
    const int64_t whole = saturating_add(saturating_add(steps, reach), more);
    return std::max<int64_t>(saturating_add(whole, -saturating_add(axis.begin, axis.end)), 0);
  };
  return between<D>(dim(low(positions), low(taps)), dim(high(positions), high(taps)));
}

template <class Call, class Attributes>
ShapeOf<Call> conv_transpose(const Call& call, const Attributes& a, size_t) {
  using D = typename Call::Dim;
  const auto x = call.dims(0), w = call.dims(1);
  const auto fail = [&](const char* what) {
    call.fail(std::string(what) + ": X " + dims_text(x) + ", W " + dims_text(w) + ", group " +
              std::to_string(a.group));
  };
  if (x.size() < 3 || w.size() != x.size()) fail("ranks differ");
  if (!meet<D>(w[0], x[1])) fail("channels do not fit");
  if (is_exact(w[0]) && low(w[0]) % a.group != 0) fail("groups do not fit");
  ShapeOf<Call> dims;
  dims.add(x[0]);
  dims.add(times<D>(w[1], exactly<D>(a.group)));
  const size_t spatial = x.size() - 2;
  if (!a.output_shape.empty() && a.output_shape.size() != spatial)
    fail("output_shape does not fit");
  for (size_t i = 0; i < spatial; ++i) {
    if (i < a.kernel_shape.size() && !may_be(w[i + 2], a.kernel_shape[i]))
      fail("kernel_shape differs from W's dims");
    const int64_t more = i < a.output_padding.size() ? a.output_padding[i] : 0;
    dims.add(!a.output_shape.empty()
                 ? exactly<D>(a.output_shape[i])
                 : unwound_dim<D>(window_axis(a, i, spatial), x[i + 2], w[i + 2], more));
  }
  return dims;
}

// Without output_shape.
template <class Call, class Attributes>
ShapeOf<Call> unpooled(const Call& call, const Attributes& a) {
  using D = typename Call::Dim;
  const auto x = call.dims(0);
  const size_t spatial = a.kernel_shape.size();
  if (spatial == 0 || x.size() != spatial + 2)
    call.fail("X has dims " + dims_text(x) + " for a window of " + std::to_string(spatial) +
              " dims");
  ShapeOf<Call> dims;
  dims.append(x, 0, 2);
  for (size_t i = 0; i < spatial; ++i)
    dims.add(
        unwound_dim<D>(window_axis(a, i, spatial), x[i + 2], exactly<D>(a.kernel_shape[i]), 0));
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> max_unpool(const Call& call, const Attributes& a, size_t) {
  const auto dims = unpooled(call, a);
  if (!has_values(call, 2, "output_shape")) return dims;
  const auto given = values_of(call, 2, "output_shape");
  if (given.size() != dims.size())
    call.fail("output_shape has " + std::to_string(given.size()) + " dims, X " +
              std::to_string(dims.size()));
  for (size_t d = 0; d < dims.size(); ++d)
    if (high(given[d]) < low(dims[d]))
      call.fail("output_shape " + dims_text(given) + " is less than the windows reach, " +
                dims_text(dims));
  return given;
}

template <class Call>
void require_rois(const Call& call, int64_t numbers) {
  if (call.dims(0).size() != 4) call.fail("X has dims " + dims_text(call.dims(0)) + ", expected 4");
  const auto rois = call.dims(1);
  if (rois.size() != 2 || !may_be(rois[1], numbers))
    call.fail("rois have dims " + dims_text(rois) + ", expected [regions, " +
              std::to_string(numbers) + "]");
}

template <class Call, class Attributes>
ShapeOf<Call> roi_align(const Call& call, const Attributes& a, size_t) {
  using D = typename Call::Dim;
  require_rois(call, 4);
  const auto indices = call.dims(2);
  if (indices.size() != 1 || !meet<D>(indices[0], call.dims(1)[0]))
    call.fail("batch_indices have dims " + dims_text(indices) + " for rois of dims " +
              dims_text(call.dims(1)));
  ShapeOf<Call> dims;
  dims.add(call.dims(1)[0]);
  dims.add(call.dims(0)[1]);
  dims.add(exactly<D>(a.output_height));
  dims.add(exactly<D>(a.output_width));
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> roi_pool(const Call& call, const Attributes& a, size_t) {
  using D = typename Call::Dim;
  require_rois(call, 5);
  if (a.pooled_shape.size() != 2) call.fail("pooled_shape must have 2 numbers");
  ShapeOf<Call> dims;
  dims.add(call.dims(1)[0]);
  dims.add(call.dims(0)[1]);
  for (const int64_t dim : a.pooled_shape) dims.add(exactly<D>(dim));
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> grid_sample(const Call& call, const Attributes&, size_t) {
  using D = typename Call::Dim;
  const auto x = call.dims(0), grid = call.dims(1);
  const auto spatial = static_cast<int64_t>(x.size()) - 2;
  const bool fits = spatial >= 1 && grid.size() == x.size() && may_be(grid.back(), spatial);
  const std::optional<D> batch = fits ? meet<D>(x[0], grid[0]) : std::nullopt;
  if (!batch) call.fail("X " + dims_text(x) + " and grid " + dims_text(grid) + " do not fit");
  ShapeOf<Call> dims;
  dims.add(*batch);
  dims.add(x[1]);
  dims.append(grid, 1, grid.size() - 1);
  return dims;
}

// A dim that must be `parts` times a whole number: that.
template <class Call>
auto divided(const Call& call, const typename Call::Dim& dim, int64_t parts) {
  if (is_exact(dim) && low(dim) % parts != 0)
    call.fail("a dim of " + text_of(dim) + " does not divide into " + std::to_string(parts));
  return between<typename Call::Dim>((low(dim) + parts - 1) / parts, high(dim) / parts);
}

template <class Call>
void require_image(const Call& call, int64_t blocksize) {
  if (call.dims(0).size() != 4 || blocksize > INT32_MAX)
    call.fail("the input has dims " + dims_text(call.dims(0)) +
              ", expected [N, C, H, W] and blocks of " + std::to_string(blocksize));
}

template <class Call, class Attributes>
ShapeOf<Call> depth_to_space(const Call& call, const Attributes& a, size_t) {
  using D = typename Call::Dim;
  require_image(call, a.blocksize);
  const auto x = call.dims(0);
  const D block = exactly<D>(a.blocksize);
  ShapeOf<Call> dims;
  dims.add(x[0]);
  dims.add(divided(call, x[1], a.blocksize * a.blocksize));
  dims.add(times<D>(x[2], block));
  dims.add(times<D>(x[3], block));
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> space_to_depth(const Call& call, const Attributes& a, size_t) {
  using D = typename Call::Dim;
  require_image(call, a.blocksize);
  const auto x = call.dims(0);
  ShapeOf<Call> dims;
  dims.add(x[0]);
  dims.add(times<D>(x[1], exactly<D>(a.blocksize * a.blocksize)));
  dims.add(divided(call, x[2], a.blocksize));
  dims.add(divided(call, x[3], a.blocksize));
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> col2im(const Call& call, const Attributes& a, size_t) {
  using D = typename Call::Dim;
  const auto x = call.dims(0);
  const auto image = values_of(call, 1, "image_shape"), block = values_of(call, 2, "block_shape");
  const size_t spatial = image.size();
  if (x.size() != 3 || spatial == 0 || block.size() != spatial)
    call.fail("columns " + dims_text(x) + ", image_shape " + dims_text(image) +
              " and block_shape " + dims_text(block) + " do not fit");
  const D taps = count_of<D>(block, 0, spatial);
  if (high(taps) < 1) call.fail("block_shape " + dims_text(block) + " has no elements");
  D blocks = exactly<D>(1);
  bool known = true;
  for (size_t i = 0; i < spatial; ++i) {
    known = known && is_exact(image[i]) && is_exact(block[i]);
    if (!known) continue;
    const WindowAxis axis = window_axis(a, i, spatial);
    blocks = times<D>(blocks, exactly<D>(axis.positions(low(image[i]), low(block[i]), false)));
  }
  if (known && !meet<D>(blocks, x[2]))
    call.fail("columns " + dims_text(x) + " where image_shape " + dims_text(image) + " has " +
              text_of(blocks) + " blocks");
  ShapeOf<Call> dims;
  dims.add(x[0]);
  dims.add(is_exact(taps) ? divided(call, x[1], low(taps)) : between<D>(0, high(x[1])));
  for (size_t i = 0; i < spatial; ++i)
    dims.add(between<D>(std::max<int64_t>(low(image[i]), 0), std::max<int64_t>(high(image[i]), 0)));
  return dims;
}

}  // namespace tenon::shapes
