// SPDX-License-Identifier: Apache-2.0
//
// What is drawn at random, by uniform numbers in [0, 1).
#include "runtime/onnx/operator_bodies.h"

namespace tenon::runtime::onnx_import {
namespace {

// As many numbers as `like` has elements, float32.
std::string uniform_like(BodyWriter& b, const std::string& like) {
  const std::string seed =
      b.gives("seed") ? ", seed = " + float_text(b.real("seed", 0)) : std::string();
  return b.make("RandomUniformLike<dtype = 1" + seed + ">(" + like + ")");
}

// 1 as often as the input says.
void bernoulli(BodyWriter& b) {
  const std::string drawn = uniform_like(b, b.in(0));
  const std::string share = b.make("Cast<to = 1>(" + b.in(0) + ")");
  const std::string hits = b.make("Less(" + drawn + ", " + share + ")");
  const int64_t type = b.integer("dtype", 0);
  b.result(0, type == 0 ? "CastLike(" + hits + ", " + b.in(0) + ")"
                        : "Cast<to = " + std::to_string(type) + ">(" + hits + ")");
}

// Of each row, which class a number falls to when they share [0, 1) as the logarithms say.
void multinomial(BodyWriter& b) {
  const int64_t samples = b.integer("sample_size", 1), type = b.integer("dtype", 6);
  if (samples < 1)
    b.fail("its sample_size is " + std::to_string(samples) + "; it must be 1 or more");
  if (type != 6 && type != 7) b.fail("its dtype is neither int32 nor int64");
  const std::string logs = b.make("Cast<to = 1>(" + b.in(0) + ")");
  const std::string shares = b.make("Softmax<axis = 1>(" + logs + ")");
  const std::string ends = b.make("CumSum(" + shares + ", " + b.integer_number(1) + ")");
  const std::string rows = b.make("Shape<start = 0, end = 1>(" + logs + ")");
  const std::string dims = b.make("Concat<axis = 0>(" + rows + ", " + b.integers({samples}) + ")");
  const std::string like = b.make("Expand(" + b.number(0) + ", " + dims + ")");
  const std::string drawn =
      b.make("Unsqueeze(" + uniform_like(b, like) + ", " + b.integers({2}) + ")");
  const std::string between = b.make("Unsqueeze(" + ends + ", " + b.integers({1}) + ")");
  const std::string beyond = b.make("GreaterOrEqual(" + drawn + ", " + between + ")");
  const std::string counted = b.make("Cast<to = 7>(" + beyond + ")");
  const std::string place =
      b.make("ReduceSum<keepdims = 0>(" + counted + ", " + b.integers({2}) + ")");
  // Where rounding leaves the last end below 1, what is beyond it is of the last class.
  const std::string classes = b.make("Shape<start = 1, end = 2>(" + logs + ")");
  const std::string last = b.make("Sub(" + classes + ", " + b.integer_number(1) + ")");
  b.result(0, "Cast<to = " + std::to_string(type) + ">(" +
                  b.make("Min(" + place + ", " + last + ")") + ")");
}

}  // namespace

std::span<const OperatorBody> random_bodies() {
  static constexpr int kOpset = 18;
  static constexpr OperatorBody kBodies[] = {
      {"", "Bernoulli", kOpset, bernoulli},
      {"", "Multinomial", kOpset, multinomial},
  };
  return kBodies;
}

}  // namespace tenon::runtime::onnx_import
