// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/shape.h"

#include <algorithm>
#include <array>

#include "reference_impl/device/asked_dims.h"
#include "reference_impl/device/operators/rule_calls.h"
#include "tenon/device/operators/number.h"

namespace tenon::device {

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
  text = "inputs of dims " + text + " do not broadcast";
  if (output.present()) text += " to the output's dims " + dims_text(output.shape());
  throw_invalid(op, text);
}

}  // namespace

namespace {

// An output of a higher rank has ones in front.
void say_broadcast(std::string_view op, std::span<const View> inputs, const Arguments& arguments) {
  const Arguments of{inputs, arguments.outputs};
  const shapes::Shape<int64_t> dims = shapes::broadcast(PointCall(op, of), 0, 0);
  shapes::Shape<int64_t> expected;
  for (auto d = static_cast<int32_t>(dims.size()); d < arguments.outputs[0].rank; ++d)
    expected.add(1);
  expected.append(dims);
  say_output(op, "the output", arguments, 0, expected);
}

}  // namespace

void say_output(std::string_view op, const char* argument, const Arguments& arguments,
                size_t output, std::span<const int64_t> expected) {
  arguments.asked->say(op, argument, output, expected);
}

void check_single_output(std::string_view op, const char* argument, const Arguments& arguments,
                         size_t output) {
  static constexpr auto kOnes = [] {
    std::array<int64_t, TN_MAX_RANK> ones{};
    ones.fill(1);
    return ones;
  }();
  const View view = arguments.output(output);
  if (!view.present()) return;
  if (arguments.asked != nullptr) {
    say_output(op, argument, arguments, output, {kOnes.data(), static_cast<size_t>(view.rank)});
  } else if (view.count() != 1) {
    throw_dims(op, argument, view.shape(), {});
  }
}

void check_broadcast(std::string_view op, std::span<const View> inputs,
                     const Arguments& arguments) {
  if (arguments.asked != nullptr) [[unlikely]]
    return say_broadcast(op, inputs, arguments);
  // The rule `broadcast` compared as it stands: to compute the dims first would cost every
  // elementwise launch more. A test holds both against each other.
  const View& output = arguments.outputs[0];
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

View known_value(std::string_view op, const char* argument, const View& view) {
  if (view.present() && view.data == nullptr && view.count() != 0) {
    throw KernelError(TN_UNSUPPORTED, std::string(op) +
                                          ": the outputs' dims follow from values of " + argument +
                                          ", which the kernel has in memory of the device; "
                                          "give it as a host value or a constant");
  }
  return view;
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
  if (index >= view.count()) {
    throw KernelError(TN_INVALID_ARGUMENT, "a host value of dims " + dims_text(view.shape()) +
                                               " has no element " + std::to_string(index));
  }
  T value{};
  visit_dtype<kComputedTypes>("argument", view.dtype, [&](auto type) {
    using E = typename decltype(type)::type;
    const int64_t stride = view.rank == 0 || !view.strides ? 1 : view.strides[view.rank - 1];
    value = static_cast<T>(load(view.as<const E>()[index * stride]));
  });
  return value;
}

}  // namespace

int64_t integer_at(const View& view, int64_t index) { return element_at<int64_t>(view, index); }
double real_at(const View& view, int64_t index) { return element_at<double>(view, index); }

}  // namespace tenon::device
