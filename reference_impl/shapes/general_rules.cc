// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators, reductions, normalizations, losses.
#include <algorithm>

#include "shapes/shape_rules.h"

namespace tenon::shapes {

std::vector<Dims> same(const Call& call) { return {call.outputs, call.dims(0)}; }

std::vector<Dims> broadcast(const Call& call) {
  Dims dims;
  for (const Input& input : call.inputs)
    if (input.present) dims = broadcast_dims(dims, input.dims);
  return {call.outputs, dims};
}

Rule like(std::vector<size_t> of) {
  return [of = std::move(of)](const Call& call) {
    std::vector<Dims> outputs(of.size());
    for (size_t i = 0; i < of.size(); ++i)
      if (call.has(of[i])) outputs[i] = call.dims(of[i]);
    return outputs;
  };
}

Rule data(std::vector<Most> most) {
  return [most = std::move(most)](const Call& call) {
    Dims dims;
    for (const Most& one : most) {
      const Dims& input = call.dims(one.input);
      dims.push_back(one.rank ? static_cast<int64_t>(input.size()) : count_of(input));
    }
    return std::vector<Dims>{dims};
  };
}

namespace {

// By an attribute `axis` (of one that has no second input), or by axes in the second input.
std::vector<bool> reduced(const Call& call, bool by_attribute) {
  const size_t rank = call.dims(0).size();
  std::vector<bool> axes(rank, false);
  if (by_attribute) {
    if (rank > 0) axes[static_cast<size_t>(call.axis(0))] = true;
    return axes;
  }
  const Dims given = call.has(1) ? call.values(1) : Dims{};
  for (const int64_t axis : given) axes[static_cast<size_t>(normal_axis(axis, rank))] = true;
  if (given.empty() && call.integer("noop_with_empty_axes") == 0) axes.assign(rank, true);
  return axes;
}

std::vector<Dims> reduce_by(const Call& call, bool by_attribute) {
  const std::vector<bool> axes = reduced(call, by_attribute);
  const bool keepdims = call.integer("keepdims") != 0;
  Dims dims;
  for (size_t d = 0; d < axes.size(); ++d)
    if (!axes[d] || keepdims) dims.push_back(axes[d] ? 1 : call.dims(0)[d]);
  return {call.outputs, dims};
}

}  // namespace

std::vector<Dims> reduce(const Call& call) { return reduce_by(call, false); }
std::vector<Dims> arg_reduce(const Call& call) { return reduce_by(call, true); }

std::vector<Dims> channels(const Call& call) {
  const Dims& x = call.dims(0);
  if (x.size() < 2) throw ShapeError("dims " + text_of(x) + ", expected [N, C, ...]");
  std::vector<Dims> outputs(call.outputs, Dims{x[1]});
  outputs[0] = x;
  return outputs;
}

std::vector<Dims> layer_norm(const Call& call) {
  Dims statistic = call.dims(0);
  std::fill(statistic.begin() + call.axis(0), statistic.end(), 1);
  std::vector<Dims> outputs(call.outputs, statistic);
  outputs[0] = call.dims(0);
  return outputs;
}

std::vector<Dims> layer_norm_grad(const Call& call) {
  const Dims& x = call.dims(1);
  std::vector<Dims> outputs(call.outputs, Dims(x.begin() + call.axis(1), x.end()));
  outputs[0] = x;
  return outputs;
}

std::vector<Dims> nll_loss(const Call& call) {
  const bool each = call.text("reduction") == "none";
  return {each ? call.dims(1) : Dims{}, Dims{}};
}

std::vector<Dims> cross_entropy(const Call& call) {
  const Dims& logits = call.dims(0);
  if (logits.size() != 2) throw ShapeError("logits have dims " + text_of(logits));
  return {Dims{logits[0]}, logits};
}

}  // namespace tenon::shapes
