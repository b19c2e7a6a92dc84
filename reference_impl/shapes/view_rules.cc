// SPDX-License-Identifier: Apache-2.0
//
// Operators that hosts do with dims and strides.
#include <algorithm>

#include "shapes/shape_rules.h"

namespace tenon::shapes {
namespace {

size_t index(int64_t i) { return static_cast<size_t>(i); }

Dims given_or_all(const Call& call, size_t input, size_t count) {
  if (call.has(input)) return call.values(input);
  Dims all(count);
  for (size_t i = 0; i < count; ++i) all[i] = static_cast<int64_t>(i);
  return all;
}

}  // namespace

std::vector<Dims> reshape(const Call& call) {
  const Dims& x = call.dims(0);
  Dims dims = call.values(1);
  const bool allowzero = call.integer("allowzero") != 0;
  size_t open = dims.size();
  int64_t known = 1;
  for (size_t d = 0; d < dims.size(); ++d) {
    if (dims[d] == 0 && !allowzero && d < x.size()) dims[d] = x[d];
    if (dims[d] == -1) {
      open = d;
    } else {
      known *= dims[d];
    }
  }
  if (open < dims.size()) {
    if (known == 0 || count_of(x) % known != 0)
      throw ShapeError("dims " + text_of(x) + " do not become " + text_of(dims));
    dims[open] = count_of(x) / known;
  }
  if (count_of(dims) != count_of(x))
    throw ShapeError("dims " + text_of(x) + " do not become " + text_of(dims));
  return {dims};
}

std::vector<Dims> transpose(const Call& call) {
  const Dims& x = call.dims(0);
  const Dims order = call.integers("perm");
  Dims dims(x.rbegin(), x.rend());
  if (!order.empty() && order.size() != x.size())
    throw ShapeError("perm " + text_of(order) + " of dims " + text_of(x));
  for (size_t d = 0; d < order.size(); ++d) dims[d] = x[index(normal_axis(order[d], x.size()))];
  return {dims};
}

std::vector<Dims> slice(const Call& call) {
  Dims dims = call.dims(0);
  const Dims starts = call.values(1), ends = call.values(2);
  const Dims axes = given_or_all(call, 3, starts.size());
  const Dims steps = call.has(4) ? call.values(4) : Dims(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    throw ShapeError("starts, ends, axes and steps must be equally many");
  for (size_t i = 0; i < starts.size(); ++i) {
    int64_t& dim = dims[index(normal_axis(axes[i], dims.size()))];
    const int64_t size = dim, step = steps[i];
    if (step == 0) throw ShapeError("a step is 0");
    const auto clamp = [&](int64_t at, int64_t low, int64_t high) {
      return std::clamp(at < 0 ? at + size : at, low, high);
    };
    const int64_t start = step > 0 ? clamp(starts[i], 0, size) : clamp(starts[i], -1, size - 1);
    const int64_t end = step > 0 ? clamp(ends[i], 0, size) : clamp(ends[i], -1, size - 1);
    const int64_t distance = step > 0 ? end - start : start - end;
    dim = std::max<int64_t>((distance + std::abs(step) - 1) / std::abs(step), 0);
  }
  return {dims};
}

std::vector<Dims> split(const Call& call) {
  const size_t along = index(call.axis(0));
  const int64_t size = call.dims(0)[along];
  std::vector<Dims> outputs(call.outputs, call.dims(0));
  const auto count = static_cast<int64_t>(call.outputs), part = (size + count - 1) / count;
  const Dims parts = call.has(1) ? call.values(1) : Dims{};
  for (size_t i = 0; i < outputs.size(); ++i) {
    const int64_t even = std::clamp<int64_t>(size - part * static_cast<int64_t>(i), 0, part);
    outputs[i][along] = parts.empty() ? even : parts.at(i);
  }
  return outputs;
}

std::vector<Dims> squeeze(const Call& call) {
  const Dims& x = call.dims(0);
  std::vector<bool> dropped(x.size(), false);
  for (size_t d = 0; !call.has(1) && d < x.size(); ++d) dropped[d] = x[d] == 1;
  if (call.has(1)) {
    for (const int64_t axis : call.values(1)) dropped[index(normal_axis(axis, x.size()))] = true;
  }
  Dims dims;
  for (size_t d = 0; d < x.size(); ++d) {
    if (dropped[d] && x[d] != 1) throw ShapeError("dim " + std::to_string(d) + " is not 1");
    if (!dropped[d]) dims.push_back(x[d]);
  }
  return {dims};
}

std::vector<Dims> unsqueeze(const Call& call) {
  const Dims& x = call.dims(0);
  const Dims axes = call.values(1);
  std::vector<bool> inserted(x.size() + axes.size(), false);
  for (const int64_t axis : axes) inserted[index(normal_axis(axis, inserted.size()))] = true;
  Dims dims;
  size_t next = 0;
  for (const bool one : inserted) dims.push_back(one ? 1 : x.at(next++));
  return {dims};
}

std::vector<Dims> flatten(const Call& call) {
  const Dims& x = call.dims(0);
  const int64_t axis = call.integer("axis");
  const auto rank = static_cast<int64_t>(x.size());
  const int64_t at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at > rank) throw ShapeError("axis " + std::to_string(axis));
  return {Dims{count_of(Dims(x.begin(), x.begin() + at)), count_of(Dims(x.begin() + at, x.end()))}};
}

std::vector<Dims> expand(const Call& call) {
  return {broadcast_dims(call.dims(0), call.values(1))};
}

std::vector<Dims> shape(const Call& call) {
  const auto rank = static_cast<int64_t>(call.dims(0).size());
  const auto within = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  return {Dims{std::max<int64_t>(within(call.integer("end")) - within(call.integer("start")), 0)}};
}

}  // namespace tenon::shapes
