// SPDX-License-Identifier: Apache-2.0
//
// Sliding windows: TensorFlow's strides, padding names and data formats as pads and NC[D]HW views.
#pragma once

#include <string>
#include <vector>

#include "ops/call.h"
#include "ops/node.h"

namespace tenon::tensorflow {

struct Window {
  // Of a node with `strides`, `padding`, `data_format` and, where it has them, `dilations`,
  // `explicit_paddings` and `ksize`, all checked as TensorFlow's kernels check them. Spatial values
  // alone.
  static Window parse(const Node& node);

  bool channels_first = false;
  std::string padding;  // "SAME", "VALID", "EXPLICIT"
  std::vector<int64_t> size, strides, dilations;
  std::vector<int64_t> explicit_pads;  // ONNX order: all begins, then all ends.

  int32_t spatial() const { return static_cast<int32_t>(strides.size()); }

  // A tensor of the node as [N, C, spatial...], and dims in that order as the node lays them out.
  View logical(const View& x) const { return channels_first ? x : x.channels_first(); }
  Dims physical(const Dims& logical) const;
  Dims logical_dims(const Dims& physical) const;
  // Dims that the caller wrote in a list, or InvalidArgument when no tensor of the node's rank has
  // them.
  void check_dims(const char* name, const Dims& dims) const;

  // ONNX pads for an input of these logical dims and a window of `kernel` elements.
  std::vector<int64_t> pads(const Dims& input, const std::vector<int64_t>& kernel) const;
  // Spatial sizes of the result appended to [N, channels]; they may be 0.
  Dims output_dims(const Dims& input, int64_t channels, const std::vector<int64_t>& kernel) const;
};

}  // namespace tenon::tensorflow
