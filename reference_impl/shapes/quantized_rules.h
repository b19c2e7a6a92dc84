// SPDX-License-Identifier: Apache-2.0
//
// Shape rules of quantized operators, whose tensors stand among their scales and zero points: see
// general_rules.h.
#pragma once

#include "reference_impl/shapes/contraction_rules.h"
#include "reference_impl/shapes/movement_rules.h"

namespace tenon::shapes {

// Of a call's inputs those at first, first + step, ...: as another rule wants them.
template <class Call>
class Picked {
 public:
  using Dim = typename Call::Dim;
  Picked(const Call& call, size_t first, size_t step, size_t count)
      : call_(call), first_(first), step_(step), count_(count) {}

  size_t inputs() const { return count_; }
  bool has(size_t i) const { return call_.has(first_ + i * step_); }
  decltype(auto) dims(size_t i) const { return call_.dims(first_ + i * step_); }
  [[noreturn]] void fail(const std::string& message) const { call_.fail(message); }

 private:
  const Call& call_;
  size_t first_, step_, count_;
};

// A tensor, its scale, its zero point; then another.
template <class Call>
Picked<Call> quantized_pair(const Call& call) {
  return {call, 0, 3, 2};
}

template <class Call, class Attributes>
ShapeOf<Call> quantized_matmul(const Call& call, const Attributes& a, size_t output) {
  return matmul(quantized_pair(call), a, output);
}
template <class Call, class Attributes>
ShapeOf<Call> quantized_gemm(const Call& call, const Attributes& a, size_t output) {
  return gemm(quantized_pair(call), a, output);
}
template <class Call, class Attributes>
ShapeOf<Call> quantized_conv(const Call& call, const Attributes& a, size_t output) {
  return conv(quantized_pair(call), a, output);
}
template <class Call, class Attributes>
ShapeOf<Call> quantized_broadcast(const Call& call, const Attributes& a, size_t output) {
  return broadcast(quantized_pair(call), a, output);
}

// Behind a scale and a zero point, tensors with theirs.
template <class Call, class Attributes>
ShapeOf<Call> quantized_concat(const Call& call, const Attributes& a, size_t output) {
  const size_t count = call.inputs() < 2 ? 0 : (call.inputs() - 2) / 3;
  if (count == 0 || call.inputs() != 2 + 3 * count)
    call.fail("inputs are a scale and a zero point, then as many of each tensor; there are " +
              std::to_string(call.inputs()));
  return concat(Picked<Call>(call, 2, 3, count), a, output);
}

template <class Call, class Attributes>
ShapeOf<Call> dynamic_quantize(const Call& call, const Attributes&, size_t output) {
  return output == 0 ? ShapeOf<Call>::of(call.dims(0)) : ShapeOf<Call>();
}

// A call of one input of given dims.
template <class Call>
class OneInput {
 public:
  using Dim = typename Call::Dim;
  OneInput(const Call& call, const ShapeOf<Call>& dims) : call_(call), dims_(dims) {}

  size_t inputs() const { return 1; }
  bool has(size_t i) const { return i == 0; }
  const ShapeOf<Call>& dims(size_t) const { return dims_; }
  [[noreturn]] void fail(const std::string& message) const { call_.fail(message); }

 private:
  const Call& call_;
  ShapeOf<Call> dims_;
};

// A rule of [N, C, ...] on input 0, which has its channels behind where the attribute says so.
template <class Call, class Attributes, class Rule>
ShapeOf<Call> with_channels(const Call& call, const Attributes& a, Rule&& rule) {
  const auto x = call.dims(0);
  const size_t rank = x.size();
  if (!a.channels_last || rank < 3) return rule(OneInput<Call>(call, ShapeOf<Call>::of(x)));
  ShapeOf<Call> first, last;
  first.add(x[0]);
  first.add(x[rank - 1]);
  first.append(x, 1, rank - 1);
  const ShapeOf<Call> y = rule(OneInput<Call>(call, first));
  last.add(y[0]);
  last.append(y, 2, rank);
  last.add(y[1]);
  return last;
}

template <class Call, class Attributes>
ShapeOf<Call> quantized_pool(const Call& call, const Attributes& a, size_t output) {
  return with_channels(call, a, [&](const auto& one) { return pool(one, a, output); });
}
template <class Call, class Attributes>
ShapeOf<Call> quantized_global_pool(const Call& call, const Attributes& a, size_t output) {
  return with_channels(call, a, [&](const auto& one) { return global_pool(one, a, output); });
}

// A [..., K] by the N columns of a matrix that attributes describe.
template <class Call, class Attributes>
ShapeOf<Call> matmul_of_blocks(const Call& call, const Attributes& a, size_t) {
  using D = typename Call::Dim;
  const auto x = call.dims(0);
  if (x.size() == 0 || !may_be(x[x.size() - 1], a.K))
    call.fail("A has dims " + dims_text(x) + ", the last of which is not K, " +
              std::to_string(a.K));
  ShapeOf<Call> dims;
  dims.append(x, 0, x.size() - 1);
  dims.add(exactly<D>(a.N));
  return dims;
}

}  // namespace tenon::shapes
