// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/auto_pad.h"

#include <algorithm>
#include <string>

#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

[[noreturn]] void fail(const std::string& what) { throw Error(TN_INVALID_ARGUMENT, "", what); }

// A positive number for each spatial dim; `otherwise` when the attribute is not there.
std::vector<int64_t> numbers(const std::vector<Attribute>& attributes, const char* name,
                             std::vector<int64_t> otherwise) {
  const size_t spatial = otherwise.size();
  for (const Attribute& a : attributes)
    if (a.name == name) otherwise = std::get<std::vector<int64_t>>(a.value);
  if (otherwise.size() != spatial)
    fail(std::string(name) + " has " + std::to_string(otherwise.size()) + " values for " +
         std::to_string(spatial) + " spatial dims");
  for (const int64_t value : otherwise)
    if (value < 1 || value > INT32_MAX)
      fail(std::string(name) + " has the value " + std::to_string(value));
  return otherwise;
}

}  // namespace

size_t window_input(std::string_view full_name, size_t inputs) {
  if (full_name == "QLinearConv") return 3;
  if (full_name == "com.microsoft.QLinearAveragePool") return 0;
  return inputs > 1 ? 1 : 0;
}

std::vector<Attribute> explicit_pads(const std::vector<Attribute>& attributes,
                                     std::span<const int64_t> x, std::span<const int64_t> w) {
  if (x.size() < 3 || w.size() != x.size())
    fail("an input of " + std::to_string(x.size()) + " dims has no spatial ones to pad");
  const size_t spatial = x.size() - 2;
  const std::vector<int64_t> kernel =
      numbers(attributes, "kernel_shape", std::vector<int64_t>(w.begin() + 2, w.end()));
  const std::vector<int64_t> ones(spatial, 1);
  const std::vector<int64_t> strides = numbers(attributes, "strides", ones);
  const std::vector<int64_t> dilations = numbers(attributes, "dilations", ones);

  std::string mode;
  size_t first = 2;  // Spatial dim.
  std::vector<Attribute> result;
  for (const Attribute& a : attributes) {
    if (a.name == "auto_pad") mode = std::get<std::string>(a.value);
    if (a.name == "channels_last" && std::get<int64_t>(a.value) != 0) first = 1;
    if (a.name != "auto_pad" && a.name != "pads") result.push_back(a);
  }
  std::vector<int64_t> pads(2 * spatial, 0);
  for (size_t i = 0; i < spatial && mode != "VALID"; ++i) {
    // SAME: as many outputs as strides fit into the input.
    const int64_t size = x[i + first];
    const int64_t outputs = size == 0 ? 0 : (size - 1) / strides[i] + 1;
    const int64_t window = (kernel[i] - 1) * dilations[i] + 1;
    const int64_t total = std::max<int64_t>((outputs - 1) * strides[i] + window - size, 0);
    const int64_t smaller = total / 2;
    pads[i] = mode == "SAME_UPPER" ? smaller : total - smaller;
    pads[i + spatial] = total - pads[i];
  }
  result.push_back({"pads", pads});
  return result;
}

std::vector<Attribute> transposed_pads(const std::vector<Attribute>& attributes,
                                       std::span<const int64_t> x, std::span<const int64_t> w,
                                       std::span<const int64_t> y) {
  if (x.size() < 3 || w.size() != x.size() || y.size() != x.size())
    fail("an input of " + std::to_string(x.size()) + " dims has no spatial ones to pad");
  const size_t spatial = x.size() - 2;
  const std::vector<int64_t> ones(spatial, 1);
  const std::vector<int64_t> strides = numbers(attributes, "strides", ones);
  const std::vector<int64_t> dilations = numbers(attributes, "dilations", ones);
  std::vector<int64_t> more(spatial, 0);
  std::vector<Attribute> result;
  bool upper = false;
  for (const Attribute& a : attributes) {
    if (a.name == "auto_pad") {
      upper = std::get<std::string>(a.value) == "SAME_UPPER";
    } else if (a.name == "output_padding") {
      more = std::get<std::vector<int64_t>>(a.value);
      if (more.size() != spatial)
        fail("output_padding has " + std::to_string(more.size()) + " values for " +
             std::to_string(spatial) + " spatial dims");
    } else if (a.name != "pads" && a.name != "output_shape") {
      result.push_back(a);
    }
  }
  std::vector<int64_t> pads(2 * spatial, 0);
  for (size_t i = 0; i < spatial; ++i) {
    const int64_t window = (w[i + 2] - 1) * dilations[i] + 1;
    const int64_t total = strides[i] * (x[i + 2] - 1) + more[i] + window - y[i + 2];
    // An output larger than the windows reach has zeros at its end.
    more[i] += std::max<int64_t>(-total, 0);
    const int64_t smaller = std::max<int64_t>(total, 0) / 2;
    const int64_t larger = std::max<int64_t>(total, 0) - smaller;
    pads[i] = upper ? smaller : larger;
    pads[i + spatial] = upper ? larger : smaller;
  }
  result.push_back({"pads", pads});
  result.push_back({"output_padding", more});
  return result;
}

}  // namespace tenon::runtime::onnx_import
