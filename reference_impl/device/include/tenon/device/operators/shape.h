// SPDX-License-Identifier: Apache-2.0
//
// Questions that kernels ask about dims: do they broadcast, which axis is meant, what to say when
// they do not fit. The checks cost nothing but comparisons until they fail.
#pragma once

#include <string>
#include <string_view>

#include "tenon/device/kernel.h"

namespace tenon::device {

// "[2, 3]"
std::string dims_text(std::span<const int64_t> dims);

// Throws TN_INVALID_ARGUMENT with "Name: message".
[[noreturn]] void throw_invalid(std::string_view op, const std::string& message);

// Throws "Name: argument has dims [..], expected [..]".
[[noreturn]] void throw_dims(std::string_view op, const char* argument,
                             std::span<const int64_t> dims, std::span<const int64_t> expected);

inline bool has_dims(const View& view, std::span<const int64_t> dims) {
  if (static_cast<size_t>(view.rank) != dims.size()) return false;
  for (size_t i = 0; i < dims.size(); ++i)
    if (view.dims[i] != dims[i]) return false;
  return true;
}
inline bool same_dims(const View& a, const View& b) { return has_dims(a, b.shape()); }

// Whether NumPy broadcasts `from` to exactly the dims of `to`.
inline bool broadcasts_to(const View& from, const View& to) {
  if (from.rank > to.rank) return false;
  for (int32_t i = 1; i <= from.rank; ++i) {
    const int64_t dim = from.dims[from.rank - i];
    if (dim != 1 && dim != to.dims[to.rank - i]) return false;
  }
  return true;
}

inline void check_same_dims(std::string_view op, const char* argument, const View& actual,
                            const View& expected) {
  if (!same_dims(actual, expected)) throw_dims(op, argument, actual.shape(), expected.shape());
}

// An output's dims, in Kernel::check(): they are `expected`. An absent output is left alone.
void say_output(std::string_view op, const char* argument, const Arguments& arguments,
                size_t output, std::span<const int64_t> expected);
inline void check_output(std::string_view op, const char* argument, const Arguments& arguments,
                         size_t output, std::span<const int64_t> expected) {
  if (output != 0 && output >= arguments.outputs.size()) return;
  const View& actual = arguments.outputs[output];
  if (!actual.present()) return;
  if (arguments.asked != nullptr) [[unlikely]] {
    return say_output(op, argument, arguments, output, expected);
  }
  if (!has_dims(actual, expected)) throw_dims(op, argument, actual.shape(), expected);
}

// The same for an output of one element, whatever its rank.
void check_single_output(std::string_view op, const char* argument, const Arguments& arguments,
                         size_t output);

// The same for output 0 that has the dims that the present inputs broadcast to.
void check_broadcast(std::string_view op, std::span<const View> inputs, const Arguments& arguments);

// A value that decides dims of an output, where a host asks for them. Throws TN_UNSUPPORTED when
// the kernel gets it in memory of the device, which must not be read here.
View known_value(std::string_view op, const char* argument, const View& view);

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

}  // namespace tenon::device
