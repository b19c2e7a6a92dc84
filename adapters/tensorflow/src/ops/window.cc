// SPDX-License-Identifier: Apache-2.0
#include "ops/window.h"

#include <algorithm>
#include <limits>

#include "ops/shape.h"
#include "status.h"

namespace tenon::tensorflow {
namespace {

// A list with one entry a dimension, of which the node may say what happens in space alone.
struct WindowList {
  const char* name;
  const std::vector<int64_t>& all;
  bool channels_first;

  // Its spatial part, positive.
  std::vector<int64_t> spatial(size_t rank) const {
    if (all.size() != rank) {
      invalid_argument(std::string(name) + " must specify " + std::to_string(rank) +
                       " dimensions, got " + std::to_string(all.size()));
    }
    if (all[0] != 1 || all[channels_first ? 1 : rank - 1] != 1) {
      unimplemented(std::string(name) + " other than 1 across batch or channels");
    }
    for (int64_t value : all) {
      if (value <= 0 || value > std::numeric_limits<int32_t>::max()) {
        invalid_argument(std::string(name) + " must be positive 32-bit numbers, got " +
                         std::to_string(value));
      }
    }
    const auto begin = all.begin() + (channels_first ? 2 : 1);
    return std::vector<int64_t>(begin, begin + static_cast<std::ptrdiff_t>(rank) - 2);
  }
};

// Pairs of (before, after) a dimension, as all begins and then all ends in space.
std::vector<int64_t> spatial_pads(const std::vector<int64_t>& all, bool channels_first,
                                  size_t rank) {
  if (all.size() != 2 * rank) {
    invalid_argument("explicit_paddings must specify " + std::to_string(2 * rank) +
                     " numbers, got " + std::to_string(all.size()));
  }
  for (int64_t pad : all) {
    if (pad < 0 || pad > std::numeric_limits<int32_t>::max()) {
      invalid_argument("explicit_paddings must be non-negative 32-bit numbers, got " +
                       std::to_string(pad));
    }
  }
  const size_t channel = channels_first ? 1 : rank - 1;
  if (all[0] != 0 || all[1] != 0 || all[2 * channel] != 0 || all[2 * channel + 1] != 0) {
    invalid_argument("explicit_paddings of batch and channels must be 0");
  }
  std::vector<int64_t> pads;
  const size_t first = channels_first ? 2 : 1;
  for (size_t side = 0; side < 2; ++side) {
    for (size_t i = 0; i < rank - 2; ++i) pads.push_back(all[2 * (first + i) + side]);
  }
  return pads;
}

}  // namespace

Window Window::parse(const Node& node) {
  Window window;
  const std::string format = node.text("data_format", "NHWC");
  window.channels_first = format.substr(0, 2) == "NC";
  if (window.channels_first && format.find("VECT") != std::string::npos) {
    unimplemented("data format " + format);
  }
  window.padding = node.text("padding", "VALID");
  const size_t rank = format.size();  // A letter a dimension.
  const auto spatial = [&](const char* name) {
    return WindowList{name, node.integers(name), window.channels_first}.spatial(rank);
  };
  window.strides = spatial("strides");
  window.dilations =
      node.has("dilations") ? spatial("dilations") : std::vector<int64_t>(rank - 2, 1);
  if (node.has("ksize")) window.size = spatial("ksize");
  const auto& pads = node.integers("explicit_paddings");
  if (window.padding == "EXPLICIT") {
    window.explicit_pads = spatial_pads(pads, window.channels_first, rank);
  } else if (!pads.empty()) {
    invalid_argument("explicit_paddings must be empty for padding " + window.padding);
  }
  return window;
}

Dims Window::physical(const Dims& logical) const {
  if (channels_first) return logical;
  Dims dims{logical[0]};
  for (int32_t i = 2; i < logical.size(); ++i) dims.push_back(logical[i]);
  dims.push_back(logical[1]);
  return dims;
}

void Window::check_dims(const char* name, const Dims& dims) const {
  if (dims.size() != spatial() + 2) {
    invalid_argument(std::string(name) + " must have " + std::to_string(spatial() + 2) +
                     " dimensions, got " + dims.text());
  }
  check_shape(dims);
}

Dims Window::logical_dims(const Dims& physical) const {
  if (channels_first) return physical;
  Dims dims{physical[0], physical[physical.size() - 1]};
  for (int32_t i = 1; i + 1 < physical.size(); ++i) dims.push_back(physical[i]);
  return dims;
}

std::vector<int64_t> Window::pads(const Dims& input, const std::vector<int64_t>& kernel) const {
  if (padding == "EXPLICIT") return explicit_pads;
  const auto n = static_cast<size_t>(spatial());
  std::vector<int64_t> pads(2 * n, 0);
  if (padding != "SAME") return pads;
  for (size_t i = 0; i < n; ++i) {
    const int64_t in = input[static_cast<int32_t>(i) + 2];
    const int64_t out = (in + strides[i] - 1) / strides[i];
    const int64_t extent = (kernel[i] - 1) * dilations[i] + 1;
    const int64_t total = std::max<int64_t>((out - 1) * strides[i] + extent - in, 0);
    pads[i] = total / 2;
    pads[n + i] = total - total / 2;
  }
  return pads;
}

Dims Window::output_dims(const Dims& input, int64_t channels,
                         const std::vector<int64_t>& kernel) const {
  const std::vector<int64_t> pad = pads(input, kernel);
  const auto n = static_cast<size_t>(spatial());
  Dims dims{input[0], channels};
  for (size_t i = 0; i < n; ++i) {
    const int64_t in = input[static_cast<int32_t>(i) + 2] + pad[i] + pad[n + i];
    if (padding == "SAME") {
      dims.push_back((input[static_cast<int32_t>(i) + 2] + strides[i] - 1) / strides[i]);
      continue;
    }
    const int64_t extent = (kernel[i] - 1) * dilations[i] + 1;
    const int64_t out = (in - extent + strides[i]) / strides[i];
    if (out < 0) {
      invalid_argument("Computed output size would be negative: " + std::to_string(out) +
                       " [input_size: " + std::to_string(in) + ", effective_filter_size: " +
                       std::to_string(extent) + ", stride: " + std::to_string(strides[i]) + "]");
    }
    dims.push_back(out);
  }
  return dims;
}

}  // namespace tenon::tensorflow
