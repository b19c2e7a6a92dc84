// SPDX-License-Identifier: Apache-2.0
//
// Operators of ONNX's own domain by others, where no function of ONNX's says how.
#include "runtime/onnx/bodies.h"

namespace tenon::runtime::onnx_import {
namespace {

std::string attribute_text(const char* name, int64_t value) {
  return std::string(name) + " = " + std::to_string(value);
}

// The dims of an input in front of `axis`, or of all but so many at the end, are ones: a list of as
// many, where the rank is known to a run alone.
std::string ones(BodyWriter& b, const std::string& count) {
  return b.make("ConstantOfShape<value = int64[1] {1}>(" + count + ")");
}

void mean(BodyWriter& b) {
  std::string sum = b.in(0);
  for (int i = 1; i < b.inputs(); ++i) sum = b.make("Add(" + sum + ", " + b.in(i) + ")");
  const std::string count = b.number_like(static_cast<float>(b.inputs()), b.in(0));
  b.result(0, "Div(" + sum + ", " + count + ")");
}

// 1 at the first of the largest. Before opset 13 all dims from the axis on are one.
void hardmax(BodyWriter& b) {
  constexpr int kOneAxis = 13;
  const bool flat = b.opset() < kOneAxis;
  const int64_t axis = b.integer("axis", flat ? 1 : -1);
  const int32_t type = b.element_type(0);
  if (type == 0) b.fail("the type of its input is not known");
  const std::string dims = b.make("Shape(" + b.in(0) + ")");
  const std::string x =
      flat ? b.make("Flatten<" + attribute_text("axis", axis) + ">(" + b.in(0) + ")") : b.in(0);
  const std::string along = attribute_text("axis", flat ? 1 : axis);
  const std::string place = b.make("ArgMax<" + along + ", keepdims = 0>(" + x + ")");
  const std::string depth = b.make("Gather(" + (flat ? b.make("Shape(" + x + ")") : dims) + ", " +
                                   b.integers({flat ? 1 : axis}) + ")");
  const std::string values =
      b.make("Cast<" + attribute_text("to", type) + ">(" + b.floats({0, 1}) + ")");
  const std::string hot =
      b.make("OneHot<" + along + ">(" + place + ", " + depth + ", " + values + ")");
  b.result(0, flat ? "Reshape(" + hot + ", " + dims + ")" : "Identity(" + hot + ")");
}

void eye_like(BodyWriter& b) {
  const std::string dims = b.make("Shape(" + b.in(0) + ")");
  const std::string full = b.make("ConstantOfShape<value = float[1] {1}>(" + dims + ")");
  const std::string k = b.integer_number(b.integer("k", 0));
  const std::string above = b.make("Trilu<upper = 1>(" + full + ", " + k + ")");
  const std::string diagonal = b.make("Trilu<upper = 0>(" + above + ", " + k + ")");
  const int64_t type = b.integer("dtype", 0);
  b.result(0, type == 0 ? "CastLike(" + diagonal + ", " + b.in(0) + ")"
                        : "Cast<" + attribute_text("to", type) + ">(" + diagonal + ")");
}

void compress(BodyWriter& b) {
  constexpr int64_t kNone = INT64_MIN;
  const int64_t axis = b.integer("axis", kNone);
  const std::string flat = b.integers({-1});
  const std::string found = b.make("NonZero(" + b.in(1) + ")");
  const std::string places = b.make("Reshape(" + found + ", " + flat + ")");
  const std::string data =
      axis == kNone ? b.make("Reshape(" + b.in(0) + ", " + flat + ")") : b.in(0);
  b.result(0, "Gather<" + attribute_text("axis", axis == kNone ? 0 : axis) + ">(" + data + ", " +
                  places + ")");
}

// Of the first two dims, one is time and one the batch.
void reverse_sequence(BodyWriter& b) {
  const int64_t time = b.integer("time_axis", 0), batch = b.integer("batch_axis", 1);
  if (time == batch || time < 0 || time > 1 || batch < 0 || batch > 1)
    b.fail("time_axis and batch_axis are 0 and 1, or 1 and 0");
  const std::string dims = b.make("Shape(" + b.in(0) + ")");
  const std::string steps = b.make("Gather(" + dims + ", " + b.integer_number(time) + ")");
  const std::string range =
      b.make("Range(" + b.integer_number(0) + ", " + steps + ", " + b.integer_number(1) + ")");
  const auto along = [&](const std::string& list, int64_t axis) {
    const std::string shape = axis == 0 ? b.integers({-1, 1}) : b.integers({1, -1});
    return b.make("Reshape(" + list + ", " + shape + ")");
  };
  const std::string at = along(range, time), length = along(b.in(1), batch);
  const std::string last = b.make("Sub(" + length + ", " + b.integer_number(1) + ")");
  const std::string mirrored = b.make("Sub(" + last + ", " + at + ")");
  const std::string inside = b.make("Less(" + at + ", " + length + ")");
  const std::string from = b.make("Where(" + inside + ", " + mirrored + ", " + at + ")");
  const std::string front = b.make("Shape(" + from + ")");
  const std::string rank = b.make("Shape(" + dims + ")");
  const std::string rest = ones(b, b.make("Sub(" + rank + ", " + b.integers({2}) + ")"));
  const std::string shape = b.make("Concat<axis = 0>(" + front + ", " + rest + ")");
  const std::string wide = b.make("Reshape(" + from + ", " + shape + ")");
  const std::string indices = b.make("Expand(" + wide + ", " + dims + ")");
  b.result(
      0, "GatherElements<" + attribute_text("axis", time) + ">(" + b.in(0) + ", " + indices + ")");
}

// Of opset 9 and 10, which is called otherwise since.
void scatter(BodyWriter& b) {
  b.result(0, "ScatterElements<" + attribute_text("axis", b.integer("axis", 0)) + ">(" + b.in(0) +
                  ", " + b.in(1) + ", " + b.in(2) + ")");
}

// The update's places along the axis are those of each sample of the batch.
void tensor_scatter(BodyWriter& b) {
  const int64_t axis = b.integer("axis", -2);
  if (axis == 0) b.fail("axis 0 is that of the batch");
  const std::string dims = b.make("Shape(" + b.in(1) + ")");
  const auto dim = [&](const std::string& of) {
    return b.make("Gather(" + of + ", " + b.integer_number(axis) + ")");
  };
  const std::string range =
      b.make("Range(" + b.integer_number(0) + ", " + dim(dims) + ", " + b.integer_number(1) + ")");
  std::string places = b.make("Reshape(" + range + ", " + b.integers({1, -1}) + ")");
  if (b.has(2)) {
    const std::string start = b.make("Reshape(" + b.in(2) + ", " + b.integers({-1, 1}) + ")");
    places = b.make("Add(" + start + ", " + places + ")");
  }
  if (b.text("mode", "linear") == "circular")
    places = b.make("Mod(" + places + ", " + dim(b.make("Shape(" + b.in(0) + ")")) + ")");
  // [batch, 1, ..., places, ..., 1]
  const std::string rank = b.make("Shape(" + dims + ")");
  const auto left = [&](int64_t known) {
    return b.make("Sub(" + rank + ", " + b.integers({known}) + ")");
  };
  const std::string before = axis > 0 ? ones(b, b.integers({axis - 1})) : ones(b, left(1 - axis));
  const std::string behind = axis > 0 ? ones(b, left(axis + 1)) : ones(b, b.integers({-axis - 1}));
  const std::string size = b.make("Shape(" + places + ")");
  const std::string first =
      b.make("Slice(" + size + ", " + b.integers({0}) + ", " + b.integers({1}) + ")");
  const std::string second =
      b.make("Slice(" + size + ", " + b.integers({1}) + ", " + b.integers({2}) + ")");
  const std::string shape =
      b.make("Concat<axis = 0>(" + first + ", " + before + ", " + second + ", " + behind + ")");
  const std::string wide = b.make("Reshape(" + places + ", " + shape + ")");
  const std::string indices = b.make("Expand(" + wide + ", " + dims + ")");
  b.result(0, "ScatterElements<" + attribute_text("axis", axis) + ">(" + b.in(0) + ", " + indices +
                  ", " + b.in(1) + ")");
}

}  // namespace

std::span<const Body> tensor_bodies() {
  static constexpr int kOpset = 18, kOldest = 9, kElements = 11;
  static constexpr Body kBodies[] = {
      {"", "Mean", kOpset, mean},
      {"", "Hardmax", kOldest, hardmax},
      {"", "EyeLike", kOpset, eye_like},
      {"", "Compress", kOpset, compress},
      {"", "ReverseSequence", kOpset, reverse_sequence},
      {"", "TensorScatter", kOpset, tensor_scatter},
      {"", "Scatter", kElements, scatter},
  };
  return kBodies;
}

}  // namespace tenon::runtime::onnx_import
