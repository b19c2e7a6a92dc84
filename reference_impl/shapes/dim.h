// SPDX-License-Identifier: Apache-2.0
//
// A dim as rules compute with it: a number, or an interval of those that it may be. Each function
// is written once, on the two ends; of a number both are the number.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace tenon::shapes {

struct Interval {
  int64_t low, high;  // Both belong to it.
  bool operator==(const Interval&) const = default;
};

inline int64_t low(int64_t dim) { return dim; }
inline int64_t high(int64_t dim) { return dim; }
inline int64_t low(const Interval& dim) { return dim.low; }
inline int64_t high(const Interval& dim) { return dim.high; }

// The dim between two ends, which are the same for a number.
template <class D>
D between(int64_t low, int64_t high);
template <>
inline int64_t between<int64_t>(int64_t low, int64_t) {
  return low;
}
template <>
inline Interval between<Interval>(int64_t low, int64_t high) {
  return {low, high};
}
template <class D>
D exactly(int64_t number) {
  return between<D>(number, number);
}

// They stop at the ends of int64 instead of wrapping, and what comes out fits no tensor's dims.
inline int64_t saturating_add(int64_t a, int64_t b) {
  int64_t sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? INT64_MIN : INT64_MAX;
}
inline int64_t saturating_multiply(int64_t a, int64_t b) {
  int64_t product;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
}

template <class D>
D plus(const D& a, const D& b) {
  return between<D>(saturating_add(low(a), low(b)), saturating_add(high(a), high(b)));
}

template <class D>
D times(const D& a, const D& b) {
  const int64_t all[] = {saturating_multiply(low(a), low(b)), saturating_multiply(low(a), high(b)),
                         saturating_multiply(high(a), low(b)),
                         saturating_multiply(high(a), high(b))};
  return between<D>(*std::min_element(all, all + 4), *std::max_element(all, all + 4));
}

template <class D>
bool is_exact(const D& dim) {
  return low(dim) == high(dim);
}
template <class D>
bool may_be(const D& dim, int64_t number) {
  return low(dim) <= number && number <= high(dim);
}

// What both may be; nothing if there is no such number.
template <class D>
std::optional<D> meet(const D& a, const D& b) {
  const int64_t least = std::max(low(a), low(b)), most = std::min(high(a), high(b));
  if (least > most) return std::nullopt;
  return between<D>(least, most);
}

template <class D>
D hull(const D& a, const D& b) {
  return between<D>(std::min(low(a), low(b)), std::max(high(a), high(b)));
}

// What two dims broadcast to, in ONNX's multidirectional way; nothing if they do not.
template <class D>
std::optional<D> broadcast(const D& a, const D& b) {
  std::optional<D> found = meet(a, b);
  if (may_be(a, 1)) found = found ? hull(*found, b) : b;
  if (may_be(b, 1)) found = found ? hull(*found, a) : a;
  return found;
}

inline std::string text_of(int64_t dim) { return std::to_string(dim); }
inline std::string text_of(const Interval& dim) {
  if (is_exact(dim)) return std::to_string(dim.low);
  return std::to_string(dim.low) + ".." + std::to_string(dim.high);
}

}  // namespace tenon::shapes
