// SPDX-License-Identifier: Apache-2.0
//
// The halves of operators on regions and boxes of images: see kernel_of.h.
#pragma once

#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/kernel_of.h"

namespace tenon::device {

struct RoiAlignOperator : NamedOperator, attributes::RoiAlign {
  explicit RoiAlignOperator(const Description& d);
  void check(const Arguments& a) const;
  bool half_pixel() const {
    return coordinate_transformation_mode == RoiAlignCoordinateTransformationMode::kHalfPixel;
  }
  // Samples along one axis of a bin so large. Throws where that are more than one can wait for.
  int64_t samples(double bin) const;
  // Throws where an index, which is data, is none of `count` images.
  int64_t checked_batch(int64_t index, int64_t count) const;
};

struct MaxRoiPoolOperator : NamedOperator, attributes::MaxRoiPool {
  explicit MaxRoiPoolOperator(const Description& d);
  void check(const Arguments& a) const;
  int64_t checked_batch(double index, int64_t count) const;
};

struct NonMaxSuppressionOperator : NamedOperator, attributes::NonMaxSuppression {
  explicit NonMaxSuppressionOperator(const Description& d);
  void check(const Arguments& a) const;
  // Throws where the output has no row for one more.
  void require_room(const Arguments& a, int64_t found) const;
};

}  // namespace tenon::device
