// SPDX-License-Identifier: Apache-2.0
//
// RandomUniform, RandomNormal and those like another tensor, by the contract's random numbers. With
// a seed the numbers are the same in every run, and part of a plan. Without one they go on from run
// to run, so the node runs alone.
#include <algorithm>
#include <bit>
#include <random>

#include "runtime/onnx/executor.h"
#include "runtime/onnx/executor_parts.h"

namespace tenon::runtime::onnx_import {
namespace {

// Words of a block of the generator, and the most that an element takes.
constexpr uint64_t kBlock = 4, kMostWords = 2;

}  // namespace

uint64_t random_key() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

bool Executor::draws_anew(const Node& node) const {
  if (node.random) return !given_attribute<float>(node, "seed");
  return std::ranges::any_of(node.bodies, [&](const Body& body) {
    const Executor& executor = *bodies_.at(body.graph.get());
    return std::ranges::any_of(executor.graph_.nodes,
                               [&](const Node& inner) { return executor.draws_anew(inner); });
  });
}

Ran Executor::run_random(const Node& node, const InferredOutput& inferred, bool host,
                         Values& values) {
  static const Operation uniform{"tenon.RandomUniform"}, normal{"tenon.RandomNormal"};
  if (draws_anew(node) && recording_ != nullptr) throw DependsOnValues();
  const bool is_normal = node.op_type.starts_with("RandomNormal");
  const double first = given_attribute<float>(node, is_normal ? "mean" : "low").value_or(0);
  const double second = given_attribute<float>(node, is_normal ? "scale" : "high").value_or(1);
  uint64_t key = 0, counter = 0;
  Tensor numbers = allocate(inferred.dtype, inferred.dims, host);
  if (const std::optional<float> seed = given_attribute<float>(node, "seed")) {
    key = std::bit_cast<uint32_t>(*seed);
  } else {
    key = shared_->random_key;
    counter = shared_->random_drawn;
    shared_->random_drawn += static_cast<uint64_t>(numbers.count()) * kMostWords / kBlock + 1;
  }
  const Argument in[] = {Argument::host(&key, TN_UINT64), Argument::host(&counter, TN_UINT64),
                         Argument::host(&first, TN_FLOAT64), Argument::host(&second, TN_FLOAT64)};
  const Tensor none[std::size(in)];
  const Argument out = numbers.argument();
  const Ran ran = run_on(host, is_normal ? normal : uniform, in, none, {&out, 1}, {&numbers, 1});
  values[static_cast<size_t>(node.outputs[0])] = std::move(numbers);
  return ran;
}

}  // namespace tenon::runtime::onnx_import
