// SPDX-License-Identifier: Apache-2.0
//
// Operators that move elements into other dims.
#include <cmath>

#include "shapes/shape_rules.h"

namespace tenon::shapes {
namespace {

size_t index(int64_t i) { return static_cast<size_t>(i); }

void append(Dims* dims, const Dims& from, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) dims->push_back(from[i]);
}

}  // namespace

std::vector<Dims> concat(const Call& call) {
  Dims dims = call.dims(0);
  const size_t along = index(call.axis(0));
  for (size_t i = 1; i < call.inputs.size(); ++i) {
    const Dims& input = call.dims(i);
    for (size_t d = 0; d < std::max(dims.size(), input.size()); ++d)
      if (dims.size() != input.size() || (d != along && dims[d] != input[d]))
        throw ShapeError("dims " + text_of(input) + " do not follow " + text_of(dims));
    dims[along] += input[along];
  }
  return {dims};
}

std::vector<Dims> gather(const Call& call) {
  const Dims &x = call.dims(0), &indices = call.dims(1);
  const size_t along = index(call.axis(0));
  Dims dims;
  append(&dims, x, 0, along);
  append(&dims, indices, 0, indices.size());
  append(&dims, x, along + 1, x.size());
  return {dims};
}

std::vector<Dims> gather_nd(const Call& call) {
  const Dims &x = call.dims(0), &indices = call.dims(1);
  const int64_t batch = call.integer("batch_dims");
  if (indices.empty() || batch < 0 || index(batch + indices.back()) > x.size())
    throw ShapeError("indices of dims " + text_of(indices) + " name no places in " + text_of(x));
  Dims dims;
  append(&dims, indices, 0, indices.size() - 1);
  append(&dims, x, index(batch + indices.back()), x.size());
  return {dims};
}

std::vector<Dims> pad(const Call& call) {
  Dims dims = call.dims(0);
  const Dims pads = call.values(1);
  Dims axes;
  if (call.has(3)) axes = call.values(3);
  for (size_t d = 0; !call.has(3) && d < dims.size(); ++d) axes.push_back(static_cast<int64_t>(d));
  if (pads.size() != 2 * axes.size()) throw ShapeError(text_of(pads) + " pads " + text_of(axes));
  for (size_t i = 0; i < axes.size(); ++i)
    dims[index(normal_axis(axes[i], dims.size()))] += pads[i] + pads[i + axes.size()];
  return {dims};
}

std::vector<Dims> tile(const Call& call) {
  Dims dims = call.dims(0);
  const Dims repeats = call.values(1);
  if (repeats.size() != dims.size()) throw ShapeError(text_of(repeats) + " for " + text_of(dims));
  for (size_t d = 0; d < dims.size(); ++d) dims[d] *= repeats[d];
  return {dims};
}

std::vector<Dims> one_hot(const Call& call) {
  Dims dims = call.dims(0);
  dims.insert(dims.begin() + call.axis(0, 1), static_cast<int64_t>(call.value(1)));
  return {dims};
}

std::vector<Dims> range(const Call& call) {
  const double start = call.value(0), limit = call.value(1), delta = call.value(2);
  if (delta == 0) throw ShapeError("delta is 0");
  return {Dims{std::max<int64_t>(static_cast<int64_t>(std::ceil((limit - start) / delta)), 0)}};
}

std::vector<Dims> top_k(const Call& call) {
  Dims dims = call.dims(0);
  dims[index(call.axis(0))] = static_cast<int64_t>(call.value(1));
  return {call.outputs, dims};
}

std::vector<Dims> values(const Call& call) { return {call.values(0)}; }
std::vector<Dims> scalar(const Call&) { return {Dims{}}; }

}  // namespace tenon::shapes
