// SPDX-License-Identifier: Apache-2.0
//
// Values on the host, independent of any device: what cases are written in. Every value is a
// double, which holds each value of the element types here (64-bit integers up to 2^53).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "tenon/tenon.hpp"

namespace tenon::conformance {

using Shape = std::vector<int64_t>;

struct HostTensor {
  tn_dtype dtype = TN_FLOAT32;
  Shape dims;
  std::vector<double> values;
  std::vector<size_t> repeated;  // Axes of equal values: cases lay them out with stride 0.

  HostTensor() = default;
  // Values are rounded to the element type.
  HostTensor(tn_dtype dtype, Shape dims, std::vector<double> values);
  // Zeros.
  HostTensor(tn_dtype dtype, Shape dims);
  static HostTensor scalar(tn_dtype dtype, double value) {
    return HostTensor(dtype, Shape{}, std::vector<double>{value});
  }
  // Pseudo-random values in [low, high], whole for integer types; the same for the same seed.
  static HostTensor random(tn_dtype dtype, Shape dims, double low, double high, uint32_t seed);

  // The same with the values at index 0 of these axes all along them: what a framework makes of a
  // smaller tensor without copying it.
  HostTensor expanded(std::vector<size_t> axes) const;

  int64_t count() const { return element_count(dims); }
  double& at(const Shape& index) { return values[static_cast<size_t>(position(index))]; }
  double at(const Shape& index) const { return values[static_cast<size_t>(position(index))]; }
  int64_t position(const Shape& index) const;

  // Dense row-major bytes.
  std::vector<unsigned char> bytes() const;
  static HostTensor from_bytes(tn_dtype dtype, Shape dims, const unsigned char* data);
};

bool is_float(tn_dtype dtype);
size_t element_size(tn_dtype dtype);  // Types of whole bytes only.

// One element; the encoding rounds to nearest, ties to even, and wraps integers.
void encode(tn_dtype dtype, double value, unsigned char* out);
double decode(tn_dtype dtype, const unsigned char* data);

// Calls body(index) for each index of a shape, in row-major order.
template <class Body>
void for_each_index(const Shape& dims, Body&& body) {
  if (element_count(dims) == 0) return;
  Shape index(dims.size(), 0);
  for (;;) {
    body(index);
    size_t i = dims.size();
    while (i > 0 && ++index[i - 1] == dims[i - 1]) index[--i] = 0;
    if (i == 0) return;
  }
}

// ONNX's multidirectional broadcasting.
Shape broadcast_shape(const Shape& a, const Shape& b);
// The value that stands at `index` of the broadcast shape.
double broadcast_at(const HostTensor& tensor, const Shape& index);

// Empty when `actual` is within max|error| <= tolerance * max|expected| (finite values), NaN and
// infinities in the same places; else what differs most.
std::string difference(const HostTensor& actual, const HostTensor& expected, double tolerance);

}  // namespace tenon::conformance
