// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/auto_pad.h"

#include <algorithm>
#include <string>

namespace tenon::runtime::onnx_import {
namespace {

std::vector<int64_t> integers(const std::vector<Attribute>& attributes, std::string_view name) {
  for (const Attribute& a : attributes)
    if (a.name == name) return std::get<std::vector<int64_t>>(a.value);
  return {};
}

}  // namespace

std::vector<Attribute> explicit_pads(const std::vector<Attribute>& attributes,
                                     std::span<const int64_t> x, std::span<const int64_t> w) {
  const size_t spatial = x.size() - 2;
  std::vector<int64_t> kernel = integers(attributes, "kernel_shape");
  if (kernel.empty()) kernel.assign(w.begin() + 2, w.end());
  std::vector<int64_t> strides = integers(attributes, "strides");
  if (strides.empty()) strides.assign(spatial, 1);
  std::vector<int64_t> dilations = integers(attributes, "dilations");
  if (dilations.empty()) dilations.assign(spatial, 1);

  std::string mode;
  std::vector<Attribute> result;
  for (const Attribute& a : attributes) {
    if (a.name == "auto_pad")
      mode = std::get<std::string>(a.value);
    else if (a.name != "pads")
      result.push_back(a);
  }
  std::vector<int64_t> pads(2 * spatial, 0);
  for (size_t i = 0; i < spatial && mode != "VALID"; ++i) {
    // SAME: as many outputs as strides fit into the input.
    const int64_t size = x[i + 2];
    const int64_t outputs = (size + strides[i] - 1) / strides[i];
    const int64_t window = (kernel[i] - 1) * dilations[i] + 1;
    const int64_t total = std::max<int64_t>((outputs - 1) * strides[i] + window - size, 0);
    const int64_t smaller = total / 2;
    pads[i] = mode == "SAME_UPPER" ? smaller : total - smaller;
    pads[i + spatial] = total - pads[i];
  }
  result.push_back({"pads", pads});
  return result;
}

}  // namespace tenon::runtime::onnx_import
