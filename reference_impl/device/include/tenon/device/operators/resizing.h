// SPDX-License-Identifier: Apache-2.0
//
// The halves of Resize and its gradient, and what both mean by a position and its neighbours.
#pragma once

#include <span>

#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

// How one axis is resized. `length` is its dim times the scale, which may be no whole number.
struct ResizeAxis {
  int64_t in = 1, out = 1;
  double scale = 1, length = 1;
  double start = 0, end = 1;  // The region of interest.
  bool resized = false;       // Otherwise each index stays what it is.
};

// Where outputs lie in the input, and with which weights neighbours count.
class ResizeFilter {
 public:
  using Transformation = ResizeCoordinateTransformationMode;

  // The neighbours [first, first + count) of a position; those beyond the edge are the edge's.
  struct Window {
    double position, factor;  // Weights are multiplied with `factor`.
    int64_t first, count;
  };

  template <class Attributes>
  explicit ResizeFilter(const Attributes& a)
      : transformation_(transformation(a.coordinate_transformation_mode)),
        mode_(a.mode),
        nearest_mode_(a.nearest_mode),
        cubic_(double{a.cubic_coeff_a}),
        antialias_(a.antialias && a.mode != ResizeMode::kNearest),
        exclude_outside_(a.exclude_outside) {}

  bool nearest() const { return mode_ == ResizeMode::kNearest; }
  bool crops() const { return transformation_ == Transformation::kTfCropAndResize; }

  double position(const ResizeAxis& axis, int64_t x) const;
  // Of a cropped image.
  bool is_outside(const ResizeAxis& axis, int64_t x) const;
  int64_t nearest_index(const ResizeAxis& axis, int64_t x) const;
  Window window(const ResizeAxis& axis, int64_t x) const;
  double weight(const ResizeAxis& axis, const Window& window, int64_t neighbour) const {
    return raw_weight(axis, window.position, neighbour) * window.factor;
  }

 private:
  template <class Mode>
  static Transformation transformation(Mode mode) {
    // The gradient's words are the first ones.
    using Of = ResizeGradCoordinateTransformationMode;
    static_assert(static_cast<int>(Of::kAsymmetric) ==
                  static_cast<int>(Transformation::kAsymmetric));
    return static_cast<Transformation>(mode);
  }
  double stretch(const ResizeAxis& axis) const {
    return antialias_ && axis.scale < 1 ? axis.scale : 1;
  }
  double raw_weight(const ResizeAxis& axis, double position, int64_t neighbour) const;

  Transformation transformation_;
  ResizeMode mode_;
  ResizeNearestMode nearest_mode_;
  double cubic_;
  bool antialias_, exclude_outside_;
};

struct ResizeOperator : NamedOperator, attributes::Resize {
  explicit ResizeOperator(const Description& d);
  void check(const Arguments& a) const;
  // Throws where the values do not fit the output. One for each axis.
  void read_axes(const Arguments& a, ResizeAxis* all) const;
  ResizeFilter filter;
};

struct ResizeGradOperator : NamedOperator, attributes::TenonResizeGrad {
  explicit ResizeGradOperator(const Description& d);
  void check(const Arguments& a) const;
  void read_axes(const Arguments& a, ResizeAxis* all) const;
  ResizeFilter filter;
};

}  // namespace tenon::device
