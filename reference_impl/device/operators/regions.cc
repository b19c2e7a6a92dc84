// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/regions.h"

#include <cmath>

#include "reference_impl/device/operators/rule_calls.h"
#include "reference_impl/shapes/vision_rules.h"
#include "tenon/device/operators/description_checks.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {
namespace {

int64_t checked_image(std::string_view op, double index, int64_t count) {
  if (!(index >= 0 && index < static_cast<double>(count))) [[unlikely]]
    throw_invalid(op, "batch index " + std::to_string(index) + " is none of " +
                          std::to_string(count) + " images");
  return static_cast<int64_t>(index);
}

void check_number(std::string_view op, const char* argument, const View& view) {
  if (view.present() && view.count() != 1)
    throw_invalid(
        op, std::string(argument) + " must be one number, not dims " + dims_text(view.shape()));
}

}  // namespace

RoiAlignOperator::RoiAlignOperator(const Description& d)
    : NamedOperator(d), attributes::RoiAlign(d) {
  require_inputs(d, 3);
  require_output(d, d.input_dtype(0));
  if (d.input_dtype(1) != d.input_dtype(0)) throw_unsupported_dtype(name, d.input_dtype(1));
  if (d.input_dtype(2) != TN_INT64) throw_unsupported_dtype(name, d.input_dtype(2));
}

void RoiAlignOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::roi_align(PointCall(name, a), *this, 0));
}

int64_t RoiAlignOperator::samples(double bin) const {
  if (sampling_ratio > 0) return sampling_ratio;
  const double count = std::ceil(bin);
  if (!(count > 0)) return 0;
  constexpr double kMost = 1 << 16;
  if (count > kMost)
    throw_invalid(name, "a region takes " + std::to_string(count) + " samples for each output");
  return static_cast<int64_t>(count);
}

int64_t RoiAlignOperator::checked_batch(int64_t index, int64_t count) const {
  return checked_image(name, static_cast<double>(index), count);
}

MaxRoiPoolOperator::MaxRoiPoolOperator(const Description& d)
    : NamedOperator(d), attributes::MaxRoiPool(d) {
  require_inputs(d, 2);
  require_same_inputs(d);
  require_output(d, d.input_dtype(0));
}

void MaxRoiPoolOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::roi_pool(PointCall(name, a), *this, 0));
}

int64_t MaxRoiPoolOperator::checked_batch(double index, int64_t count) const {
  return checked_image(name, index, count);
}

NonMaxSuppressionOperator::NonMaxSuppressionOperator(const Description& d)
    : NamedOperator(d), attributes::NonMaxSuppression(d) {
  if (!d.has_input(0) || !d.has_input(1) || d.output_count() != 1)
    throw_invalid(name, "takes boxes, scores, a number and two thresholds");
  require_output(d, TN_INT64);
  for (size_t i = 0; i < 5; ++i)
    if (d.has_input(i) && d.input_dtype(i) != (i == 2 ? TN_INT64 : TN_FLOAT32))
      throw_unsupported_dtype(name, d.input_dtype(i));
}

void NonMaxSuppressionOperator::check(const Arguments& a) const {
  const View &boxes = a.inputs[0], &scores = a.inputs[1], &y = a.outputs[0];
  if (boxes.rank != 3 || scores.rank != 3 || boxes.dims[2] != 4 ||
      boxes.dims[0] != scores.dims[0] || boxes.dims[1] != scores.dims[2])
    throw_invalid(name, "boxes of dims " + dims_text(boxes.shape()) + " and scores of dims " +
                            dims_text(scores.shape()) + ", expected [N, B, 4] and [N, C, B]");
  check_number(name, "max_output_boxes_per_class", a.input(2));
  check_number(name, "iou_threshold", a.input(3));
  check_number(name, "score_threshold", a.input(4));
  if (a.asked != nullptr) {
    constexpr shapes::Data<shapes::CountOf{1}, shapes::Exactly{3}> kMost;
    return check_output(name, "the output", a, 0, kMost(PointCall(name, a), *this, 0));
  }
  // Any number of rows is a caller's choice of how many it has room for.
  if (y.rank != 2 || y.dims[1] != 3)
    throw_invalid(name, "the output has dims " + dims_text(y.shape()) + ", expected [rows, 3]");
}

void NonMaxSuppressionOperator::require_room(const Arguments& a, int64_t found) const {
  if (found == a.outputs[0].dims[0])
    throw_invalid(name, "more than " + std::to_string(found) +
                            " boxes are selected: the output is too small");
}

}  // namespace tenon::device
