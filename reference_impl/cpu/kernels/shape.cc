// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/shape.h"

#include <algorithm>
#include <cmath>

#include "reference_impl/cpu/kernels/number.h"

namespace tenon::cpu {

std::string dims_text(std::span<const int64_t> dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); ++i) {
    if (i) text += ", ";
    text += std::to_string(dims[i]);
  }
  return text + "]";
}

void throw_invalid(std::string_view op, const std::string& message) {
  throw KernelError(TN_INVALID_ARGUMENT, std::string(op) + ": " + message);
}

void throw_dims(std::string_view op, const char* argument, std::span<const int64_t> dims,
                std::span<const int64_t> expected) {
  throw_invalid(op, std::string(argument) + " has dims " + dims_text(dims) + ", expected " +
                        dims_text(expected));
}

namespace {

[[noreturn]] void throw_broadcast(std::string_view op, std::span<const View> inputs,
                                  const View& output) {
  std::string text;
  for (const View& input : inputs) {
    if (!input.present()) continue;
    if (!text.empty()) text += ", ";
    text += dims_text(input.shape());
  }
  throw_invalid(op, "inputs of dims " + text + " do not broadcast to the output's dims " +
                        dims_text(output.shape()));
}

}  // namespace

void check_broadcast(std::string_view op, std::span<const View> inputs, const View& output) {
  for (int32_t d = 0; d < output.rank; ++d) {  // From the last dim on.
    const int64_t dim = output.dims[output.rank - 1 - d];
    bool reached = dim == 1;
    for (const View& input : inputs) {
      if (d >= input.rank) continue;
      const int64_t in = input.dims[input.rank - 1 - d];
      if (in == dim) {
        reached = true;
      } else if (in != 1) {
        throw_broadcast(op, inputs, output);
      }
    }
    if (!reached) throw_broadcast(op, inputs, output);
  }
  for (const View& input : inputs)
    if (input.rank > output.rank) throw_broadcast(op, inputs, output);
}

int32_t normalize_axis(std::string_view op, int64_t axis, int32_t rank) {
  const int64_t axes = std::max(rank, 1);
  if (axis < -axes || axis >= axes)
    throw_invalid(
        op, "axis " + std::to_string(axis) + " is out of range for rank " + std::to_string(rank));
  return static_cast<int32_t>(axis < 0 ? axis + axes : axis);
}

namespace {

template <class T>
T element_at(const View& view, int64_t index) {
  T value{};
  visit_dtype<kComputedTypes>("argument", view.dtype, [&](auto type) {
    using E = typename decltype(type)::type;
    const int64_t stride = view.rank == 0 || !view.strides ? 1 : view.strides[view.rank - 1];
    value = static_cast<T>(load(view.as<const E>()[index * stride]));
  });
  return value;
}

}  // namespace

int64_t window_positions(int64_t size, int64_t pads, int64_t taps, int64_t dilation, int64_t stride,
                         bool ceil) {
  const int64_t reach = saturating_multiply(dilation, taps - 1);
  const int64_t room = saturating_add(saturating_add(saturating_add(size, pads), -1), -reach);
  if (room < 0) return ceil ? 1 : 0;
  return room / stride + (ceil && room % stride != 0 ? 1 : 0) + 1;
}

int64_t range_length(std::string_view op, const View& start, const View& limit, const View& delta) {
  for (const View& view : {start, limit, delta})
    if (view.count() != 1)
      throw_invalid(op, "start, limit and delta must be one number each, not dims " +
                            dims_text(view.shape()));
  if ((kFloatTypes & dtype_bit(start.dtype)) != 0) {
    const double first = real_at(start), last = real_at(limit), step = real_at(delta);
    if (!std::isfinite(first) || !std::isfinite(last) || !std::isfinite(step))
      throw_invalid(op, "start, limit and delta must be finite");
    if (step == 0) throw_invalid(op, "delta is 0");
    const double count = std::ceil((last - first) / step);
    if (!(count < 0x1p62)) throw_invalid(op, "the range has too many elements");
    return count > 0 ? static_cast<int64_t>(count) : 0;
  }
  const int64_t first = integer_at(start), last = integer_at(limit), step = integer_at(delta);
  if (step == 0) throw_invalid(op, "delta is 0");
  if (step > 0 ? first >= last : first <= last) return 0;
  // Without a sign: the distance of two int64 may not be one.
  const auto u = [](int64_t x) { return static_cast<uint64_t>(x); };
  const uint64_t distance = step > 0 ? u(last) - u(first) : u(first) - u(last);
  const uint64_t count = (distance - 1) / (step > 0 ? u(step) : 0 - u(step)) + 1;
  if (count > INT64_MAX) throw_invalid(op, "the range has too many elements");
  return static_cast<int64_t>(count);
}

int64_t integer_at(const View& view, int64_t index) { return element_at<int64_t>(view, index); }
double real_at(const View& view, int64_t index) { return element_at<double>(view, index); }

}  // namespace tenon::cpu
