// SPDX-License-Identifier: Apache-2.0
//
// Stateful random ops. Each node owns a key and a counter; the numbers are Tenon's Philox stream,
// not those of TensorFlow's CPU kernels for the same seed. Stateless ops promise the same numbers
// on every device and therefore stay on the CPU.
#include <atomic>
#include <memory>
#include <random>

#include "ops/pattern.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

uint64_t make_key(const Node& node) {
  const auto seed = static_cast<uint64_t>(node.integer("seed"));
  const auto seed2 = static_cast<uint64_t>(node.integer("seed2"));
  if (seed == 0 && seed2 == 0) {
    std::random_device device;
    return (uint64_t{device()} << 32) | device();
  }
  return seed * 0x9E3779B97F4A7C15u ^ seed2;
}

// Low and high, or mean and deviation: 0 and 1 for both.
Compute random(const char* operation, const Node& node) {
  auto counter = std::make_shared<std::atomic<uint64_t>>(0);
  return [f = Operation(operation), key = make_key(node), dtype = node.type("dtype"),
          counter](NodeCall& call) {
    const View y = call.output(0, dtype, call.host_integers(0));
    const auto count = static_cast<uint64_t>(y.count());
    // A block has four words; float64 takes two an element.
    const uint64_t first = counter->fetch_add(count / 2 + 1);
    call.run(f, {Scalar::of(key), Scalar::of(first), Scalar::of(0.0), Scalar::of(1.0)}, {y});
  };
}

Row random_row(const char* op, const char* operation) {
  return {op, {{"dtype", floats()}}, {"shape"}, [operation](const Node& node) {
            return random(operation, node);
          }};
}

}  // namespace

void add_random(Rows& rows) {
  rows.push_back(random_row("RandomUniform", "tenon.RandomUniform"));
  rows.push_back(random_row("RandomStandardNormal", "tenon.RandomNormal"));
}

}  // namespace tenon::tensorflow
