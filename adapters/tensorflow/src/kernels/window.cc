// SPDX-License-Identifier: Apache-2.0
#include "kernels/window.h"

#include <algorithm>

#include "status.h"

namespace tenon::tensorflow {
namespace {

// The spatial part of a list with one entry a dimension.
std::vector<int64_t> spatial_of(const std::vector<int64_t>& all, bool channels_first,
                                int64_t missing, size_t rank) {
  if (all.empty()) return std::vector<int64_t>(rank - 2, missing);
  const auto begin = all.begin() + (channels_first ? 2 : 1);
  return std::vector<int64_t>(begin, begin + static_cast<std::ptrdiff_t>(all.size()) - 2);
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
  const auto& strides = node.integers("strides");
  const size_t rank = strides.empty() ? 4 : strides.size();
  window.strides = spatial_of(strides, window.channels_first, 1, rank);
  window.dilations = spatial_of(node.integers("dilations"), window.channels_first, 1, rank);
  if (node.has("ksize")) {
    window.size = spatial_of(node.integers("ksize"), window.channels_first, 1, rank);
    const auto& ksize = node.integers("ksize");
    const size_t channel = window.channels_first ? 1 : ksize.size() - 1;
    if (!ksize.empty() && (ksize[0] != 1 || ksize[channel] != 1)) {
      unimplemented("pooling across batch or channels");
    }
  }
  const auto& pads = node.integers("explicit_paddings");
  if (window.padding == "EXPLICIT") {
    const size_t first = window.channels_first ? 2 : 1;
    for (size_t side = 0; side < 2; ++side) {
      for (size_t i = 0; i < rank - 2; ++i) {
        window.explicit_pads.push_back(pads.at(2 * (first + i) + side));
      }
    }
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
    const int64_t extent = (kernel[i] - 1) * dilations[i] + 1;
    if (in < extent) {
      invalid_argument("computed output size would be negative: input " + input.text());
    }
    dims.push_back((in - extent) / strides[i] + 1);
  }
  return dims;
}

}  // namespace tenon::tensorflow
