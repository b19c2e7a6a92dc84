// SPDX-License-Identifier: Apache-2.0
//
// Questions that kernels ask about dims: do they broadcast, which axis is meant, what to say when
// they do not fit. The checks cost nothing but comparisons until they fail.
#pragma once

#include <string>
#include <string_view>

#include "reference_impl/cpu/kernel.h"

namespace tenon::cpu {

// "[2, 3]"
std::string dims_text(std::span<const int64_t> dims);

// Throws TN_INVALID_ARGUMENT with "Name: message".
[[noreturn]] void throw_invalid(std::string_view op, const std::string& message);

// Throws "Name: argument has dims [..], expected [..]".
[[noreturn]] void throw_dims(std::string_view op, const char* argument,
                             std::span<const int64_t> dims, std::span<const int64_t> expected);

inline bool same_dims(const View& a, const View& b) {
  if (a.rank != b.rank) return false;
  for (int32_t i = 0; i < a.rank; ++i)
    if (a.dims[i] != b.dims[i]) return false;
  return true;
}

inline void check_same_dims(std::string_view op, const char* argument, const View& actual,
                            const View& expected) {
  if (!same_dims(actual, expected)) throw_dims(op, argument, actual.shape(), expected.shape());
}

// Throws unless `output` has the dims that the present inputs broadcast to.
void check_broadcast(std::string_view op, std::span<const View> inputs, const View& output);

// The axis as an index below `rank`. A scalar counts as having one axis, as ONNX's shape rules do.
int32_t normalize_axis(std::string_view op, int64_t axis, int32_t rank);

// Element `index` of a 0-d or 1-d integer tensor of any integer type; floats are truncated.
int64_t integer_at(const View& view, int64_t index = 0);

// Element `index` of a 0-d or 1-d tensor of any float or integer type.
double real_at(const View& view, int64_t index = 0);

// The dims' product over [begin, end).
inline int64_t extent(const View& view, int32_t begin, int32_t end) {
  int64_t n = 1;
  for (int32_t i = begin; i < end; ++i) n *= view.dims[i];
  return n;
}

}  // namespace tenon::cpu
