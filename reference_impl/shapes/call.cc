// SPDX-License-Identifier: Apache-2.0
//
// What rules read of a call, and what they share.
#include "shapes/shape_rules.h"

#include <algorithm>

namespace tenon::shapes {

const Dims& Call::dims(size_t i) const {
  if (!has(i)) throw ShapeError("input " + std::to_string(i) + " is absent");
  return inputs[i].dims;
}

Dims Call::values(size_t i) const {
  if (!has(i) || !inputs[i].values)
    throw ShapeError("the values of input " + std::to_string(i) + " are not known");
  return Dims(inputs[i].values->begin(), inputs[i].values->end());
}

double Call::value(size_t i) const {
  if (count_of(dims(i)) != 1)
    throw ShapeError("input " + std::to_string(i) + " must be one number, not dims " +
                     text_of(dims(i)));
  values(i);
  return inputs[i].values->front();
}

int64_t Call::axis(size_t i, int64_t more) const {
  return normal_axis(integer("axis"), dims(i).size() + static_cast<size_t>(more));
}

std::string text_of(const Dims& dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

int64_t count_of(const Dims& dims) {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  return count;
}

int64_t normal_axis(int64_t axis, size_t rank) {
  const auto size = static_cast<int64_t>(rank);
  const int64_t normal = axis < 0 ? axis + size : axis;
  if (normal < 0 || normal >= size)
    throw ShapeError("axis " + std::to_string(axis) + " is none of rank " + std::to_string(rank));
  return normal;
}

Dims broadcast_dims(const Dims& a, const Dims& b) {
  Dims dims(std::max(a.size(), b.size()));
  for (size_t i = 1; i <= dims.size(); ++i) {
    const int64_t x = i <= a.size() ? a[a.size() - i] : 1, y = i <= b.size() ? b[b.size() - i] : 1;
    if (x != y && x != 1 && y != 1)
      throw ShapeError("dims " + text_of(a) + " and " + text_of(b) + " do not broadcast");
    dims[dims.size() - i] = x == 1 ? y : x;
  }
  return dims;
}

}  // namespace tenon::shapes
