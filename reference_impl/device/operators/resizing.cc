// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/resizing.h"

#include <algorithm>
#include <cmath>

#include "reference_impl/device/operators/rule_calls.h"
#include "reference_impl/shapes/vision_rules.h"
#include "tenon/device/operators/description_checks.h"
#include "tenon/device/operators/number.h"

namespace tenon::device {
namespace {

// A kernel of half the width 2, by Keys.
double cubic(double distance, double a) {
  const double x = std::fabs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// The same decisions whatever the type, and 3 / 0.6 is 5 although 0.6 is rounded.
double decided(double position) { return double{static_cast<float>(position)}; }

}  // namespace

double ResizeFilter::position(const ResizeAxis& axis, int64_t x) const {
  const auto at = static_cast<double>(x), last = static_cast<double>(axis.in - 1);
  switch (transformation_) {
    case Transformation::kHalfPixelSymmetric: {
      const double adjustment = static_cast<double>(axis.out) / axis.length;
      const double offset = static_cast<double>(axis.in) / 2 * (1 - adjustment);
      return offset + (at + 0.5) / axis.scale - 0.5;
    }
    case Transformation::kPytorchHalfPixel:
      return axis.length > 1 ? (at + 0.5) / axis.scale - 0.5 : 0;
    case Transformation::kAlignCorners:
      return axis.length > 1 ? at * last / (axis.length - 1) : 0;
    case Transformation::kAsymmetric:
      return at / axis.scale;
    case Transformation::kTfCropAndResize:
      return axis.length > 1
                 ? axis.start * last + at * (axis.end - axis.start) * last / (axis.length - 1)
                 : 0.5 * (axis.start + axis.end) * last;
    case Transformation::kTfHalfPixelForNn:
      return (at + 0.5) / axis.scale;
    case Transformation::kHalfPixel:
      break;
  }
  return (at + 0.5) / axis.scale - 0.5;
}

bool ResizeFilter::is_outside(const ResizeAxis& axis, int64_t x) const {
  if (!crops() || !axis.resized) return false;
  const double at = decided(position(axis, x));
  return !(at >= 0 && at <= static_cast<double>(axis.in - 1));
}

int64_t ResizeFilter::nearest_index(const ResizeAxis& axis, int64_t x) const {
  const double at = decided(position(axis, x));
  double index = 0;
  switch (nearest_mode_) {
    case ResizeNearestMode::kRoundPreferFloor:
      index = std::ceil(at - 0.5);
      break;
    case ResizeNearestMode::kRoundPreferCeil:
      index = std::floor(at + 0.5);
      break;
    case ResizeNearestMode::kFloor:
      index = std::floor(at);
      break;
    case ResizeNearestMode::kCeil:
      index = std::ceil(at);
      break;
  }
  const auto last = static_cast<double>(axis.in - 1);
  // NaN, where a region is, counts as the first.
  return index >= 0 ? static_cast<int64_t>(std::min(index, last)) : 0;
}

double ResizeFilter::raw_weight(const ResizeAxis& axis, double position, int64_t neighbour) const {
  if (exclude_outside_ && (neighbour < 0 || neighbour >= axis.in)) return 0;
  const double distance = (static_cast<double>(neighbour) - position) * stretch(axis);
  if (mode_ == ResizeMode::kCubic) return cubic(distance, cubic_);
  return std::max(0.0, 1 - std::fabs(distance));
}

ResizeFilter::Window ResizeFilter::window(const ResizeAxis& axis, int64_t x) const {
  if (nearest()) {
    const int64_t index = nearest_index(axis, x);
    return {static_cast<double>(index), 1, index, 1};
  }
  // Far outside, where nothing is read, any number of neighbours would be one too many.
  const double far = static_cast<double>(axis.in) + 8;
  const double at = std::clamp(position(axis, x), -far, 2 * far);
  const double reach = (mode_ == ResizeMode::kCubic ? 2 : 1) / stretch(axis);
  const auto first = static_cast<int64_t>(std::floor(at - reach)) + 1;
  const auto last = static_cast<int64_t>(std::ceil(at + reach)) - 1;
  Window window{at, 1, first, std::max<int64_t>(last - first + 1, 1)};
  if (antialias_ || exclude_outside_) {
    double sum = 0;
    for (int64_t t = 0; t < window.count; ++t) sum += raw_weight(axis, at, first + t);
    window.factor = 1 / sum;
  }
  return window;
}

ResizeOperator::ResizeOperator(const Description& d)
    : NamedOperator(d),
      attributes::Resize(d),
      filter(static_cast<const attributes::Resize&>(*this)) {
  if (!d.has_input(0) || d.output_count() != 1)
    throw_invalid(name, "takes X, roi, scales and sizes");
  require_output(d, d.input_dtype(0));
  if (!filter.nearest() && !in_set(d.input_dtype(0), kNumericTypes))
    throw_unsupported_dtype(name, d.input_dtype(0));
}

void ResizeOperator::check(const Arguments& a) const {
  check_valued(name, "the output", a, 0,
               [&](const auto& call) { return shapes::resize(call, *this, 0); });
}

void ResizeOperator::read_axes(const Arguments& a, ResizeAxis* all) const {
  const PointCall call(name, a);
  check_output(name, "the output", a, 0, shapes::resize(call, *this, 0));
  const View &x = a.inputs[0], &y = a.outputs[0];
  for (int32_t d = 0; d < x.rank; ++d) {
    all[d] = {};
    all[d].in = x.dims[d], all[d].out = y.dims[d];
  }
  const bool scales = shapes::has_values(call, 2, "scales");
  const bool least = keep_aspect_ratio_policy == ResizeKeepAspectRatioPolicy::kNotLarger;
  const size_t rank = x.shape().size(), count = axes.empty() ? rank : axes.size();
  double common = least ? INFINITY : 0;
  shapes::over_resized_axes(call, axes, rank, [&](size_t i, size_t d) {
    ResizeAxis& axis = all[d];
    const auto at = static_cast<int64_t>(i);
    axis.scale =
        scales ? real_at(a.inputs[2], at)
               : static_cast<double>(integer_at(a.inputs[3], at)) / static_cast<double>(axis.in);
    common = least ? std::min(common, axis.scale) : std::max(common, axis.scale);
    if (!filter.crops()) return;
    axis.start = real_at(a.inputs[1], at);
    axis.end = real_at(a.inputs[1], at + static_cast<int64_t>(count));
  });
  shapes::over_resized_axes(call, axes, rank, [&](size_t, size_t d) {
    ResizeAxis& axis = all[d];
    if (!scales && keep_aspect_ratio_policy != ResizeKeepAspectRatioPolicy::kStretch)
      axis.scale = common;
    axis.length = axis.scale * static_cast<double>(axis.in);
    axis.resized = filter.crops() || axis.scale != 1 || axis.in != axis.out;
  });
}

ResizeGradOperator::ResizeGradOperator(const Description& d)
    : NamedOperator(d),
      attributes::TenonResizeGrad(d),
      filter(static_cast<const attributes::TenonResizeGrad&>(*this)) {
  if (!d.has_input(0) || d.output_count() != 1) throw_invalid(name, "takes dY and scales");
  require_output(d, d.input_dtype(0));
}

void ResizeGradOperator::check(const Arguments& a) const {
  if (a.asked != nullptr) return;  // Several sizes of X have outputs of one.
  const View &dy = a.inputs[0], &dx = a.outputs[0];
  if (dx.rank != dy.rank) throw_dims(name, "dX", dx.shape(), dy.shape());
  const View scales = a.input(1);
  if (scales.present() && scales.count() != dy.rank)
    throw_invalid(name,
                  std::to_string(scales.count()) + " scales for dims " + dims_text(dy.shape()));
  for (int32_t d = 0; d < dy.rank; ++d)
    if (dx.dims[d] == 0 && dy.dims[d] != 0) throw_dims(name, "dX", dx.shape(), dy.shape());
}

void ResizeGradOperator::read_axes(const Arguments& a, ResizeAxis* all) const {
  const View &dy = a.inputs[0], &dx = a.outputs[0];
  const View scales = a.input(1);
  for (int32_t d = 0; d < dx.rank; ++d) {
    ResizeAxis& axis = all[d] = {};
    axis.in = dx.dims[d], axis.out = dy.dims[d];
    axis.scale = scales.present() ? real_at(scales, d)
                                  : static_cast<double>(axis.out) / static_cast<double>(axis.in);
    if (!(axis.scale > 0) && axis.out != 0) throw_invalid(name, "a scale is not greater than 0");
    axis.length = axis.scale * static_cast<double>(axis.in);
    axis.resized = axis.scale != 1 || axis.in != axis.out;
  }
}

}  // namespace tenon::device
