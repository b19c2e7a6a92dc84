// SPDX-License-Identifier: Apache-2.0
//
// The window of a convolution.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "tenon/device/kernel.h"
#include "tenon/device/operators/attributes.h"

namespace tenon::device {

// For spatial ranks 1 to 3, placed at the end of three axes; the axes before have extent 1.
struct ConvWindow {
  int32_t spatial = 0;
  int64_t groups = 1;
  int64_t strides[3] = {1, 1, 1};
  int64_t dilations[3] = {1, 1, 1};
  int64_t pads_begin[3] = {}, pads_end[3] = {};

  // Of the attributes of a convolution, whose X, W and Y have `rank`; throws where they are not of
  // that rank.
  ConvWindow(std::string_view op, const attributes::Conv& a, int32_t rank);

  // The first of the three axes that the tensors have.
  int32_t first_axis() const { return 3 - spatial; }
  int64_t dim(const View& view, int32_t axis) const {
    return axis < first_axis() ? 1 : view.dims[axis - first_axis() + 2];
  }
  int64_t stride(const View& view, int32_t axis) const {
    return axis < first_axis() ? 0 : view.strides[axis - first_axis() + 2];
  }
};

// A list attribute of a window of so many dims, placed at the end of the three axes of one or two
// arrays; an empty one leaves them alone. Throws where it is of another length or out of range.
void place_window_list(std::string_view op, const char* attribute, int32_t spatial,
                       std::span<const int64_t> values, int64_t least,
                       std::initializer_list<int64_t*> arrays);
// Throws TN_UNSUPPORTED for windows that no kernel has.
void require_window(std::string_view op, int32_t spatial, AutoPad auto_pad);

}  // namespace tenon::device
