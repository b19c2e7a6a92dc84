// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators on the bits of integers. An oracle sees a number as its bits in two's
// complement, and counts them.
#include <cstdint>
#include <string>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

// The lowest bits of a number, of which the highest is a sign where the type has one.
class Bits {
 public:
  Bits(tn_dtype type, Real value)
      : width_(static_cast<int>(tn_dtype_bits(type))), is_signed_(least_of(type) < 0) {
    bits_ = value < 0 ? static_cast<uint64_t>(static_cast<int64_t>(value))
                      : static_cast<uint64_t>(value);
  }
  bool get(int i) const { return (bits_ >> i & 1) != 0; }
  int width() const { return width_; }
  bool negative() const { return is_signed_ && get(width_ - 1); }

  // The number with a bit of its own choice at each place.
  template <class Choose>
  Real number(Choose&& choose) const {
    Real sum = 0;
    for (int i = 0; i < width_; ++i) {
      const Real place = std::ldexp(Real{1}, i);
      if (choose(i)) sum += is_signed_ && i == width_ - 1 ? -place : place;
    }
    return sum;
  }

 private:
  uint64_t bits_;
  int width_;
  bool is_signed_;
};

using Combine = bool (*)(bool, bool);

template <class Function>
OperatorCase& add(Cases& cases, const char* name, const std::string& label, const HostTensor& a,
                  const HostTensor& b, int32_t alias, Function&& function) {
  HostTensor y(a.dtype, broadcast_shape(a.dims, b.dims));
  for_each_index(y.dims, [&](const Shape& index) {
    y.at(index) = function(broadcast_at(a, index), broadcast_at(b, index));
  });
  OperatorCase c{"", name, label, a.dtype};
  return cases.emplace_back(std::move(c.in(a).in(b).out(y, alias)));
}

void add_combination(Cases& cases, const char* name, tn_dtype type, Combine combine) {
  const Real low = least_of(type) < 0 ? -120 : 0;
  const auto values = [&](Shape dims, uint32_t seed) {
    return HostTensor::random(type, std::move(dims), low, 120, seed);
  };
  const auto function = [&](Real a, Real b) {
    const Bits x(type, a), y(type, b);
    return x.number([&](int i) { return combine(x.get(i), y.get(i)); });
  };
  const auto one = [&](const std::string& label, const HostTensor& a, const HostTensor& b,
                       int32_t alias = 0) { add(cases, name, label, a, b, alias, function); };
  one("same", values({3, 5, 7}, 1), values({3, 5, 7}, 2));
  one("broadcast", values({4, 1, 3}, 3), values({2, 3}, 4));
  one("long", values({4099}, 1), values({4099}, 2));
  one("scalars", values({}, 3), values({}, 4));
  one("empty", values({5, 0}, 5), values({1}, 6));
  one("in_place_a", values({5, 6}, 7), values({6}, 8), 1);
  one("in_place_b", values({6}, 7), values({5, 6}, 8), 2);
  one("expanded", values({4, 3, 5}, 3).expanded({1, 2}), values({4, 3, 5}, 4));
  const Real least = least_of(type), most = most_of(type);
  one("ends", HostTensor(type, {4}, {least, most, least, most}),
      HostTensor(type, {4}, {most, most, 1, 1}));
}

void add_inversion(Cases& cases, tn_dtype type) {
  const auto one = [&](const std::string& label, const HostTensor& x) {
    HostTensor y(type, x.dims);
    for (size_t i = 0; i < x.values.size(); ++i) {
      const Bits bits(type, x.values[i]);
      y.values[i] = bits.number([&](int at) { return !bits.get(at); });
    }
    cases.push_back(OperatorCase{"", "BitwiseNot", label, type}.in(x).out(y));
  };
  one("values", HostTensor::random(type, {3, 5, 7}, -90, 90, 1));
  one("long", HostTensor::random(type, {4099}, -90, 90, 2));
  one("scalar", HostTensor::random(type, {}, -90, 90, 3));
  one("empty", HostTensor(type, {0, 3}));
  one("expanded", HostTensor::random(type, {3, 5}, -90, 90, 4).expanded({0}));
  one("ends", HostTensor(type, {3}, {least_of(type), most_of(type), 0}));
}

// Where a bit comes from, `by` places away; beyond the ends are zeros, and the sign to the left.
Real shifted(tn_dtype type, Real value, Real by, bool right) {
  const Bits bits(type, value);
  const bool all = by < 0 || by >= static_cast<Real>(bits.width());
  const int places = all ? bits.width() : static_cast<int>(by);
  return bits.number([&](int i) {
    const int from = right ? i + places : i - places;
    return from < 0 ? false : from >= bits.width() ? right && bits.negative() : bits.get(from);
  });
}

void add_shifts(Cases& cases, tn_dtype type) {
  const Real width = static_cast<Real>(tn_dtype_bits(type));
  const Real low = least_of(type) < 0 ? -120 : 0;
  for (const bool right : {false, true}) {
    const auto one = [&](const std::string& label, const HostTensor& x, const HostTensor& by,
                         int32_t alias = 0) {
      add(cases, "BitShift", label + (right ? "_right" : "_left"), x, by, alias,
          [&](Real a, Real b) { return shifted(type, a, b, right); })
          .attribute("direction", right ? "RIGHT" : "LEFT");
    };
    const auto values = [&](Shape dims, uint32_t seed) {
      return HostTensor::random(type, std::move(dims), low, 120, seed);
    };
    const auto places = [&](Shape dims, uint32_t seed) {
      return HostTensor::random(type, std::move(dims), low < 0 ? -3 : 0, width + 3, seed);
    };
    one("same", values({3, 5, 7}, 1), places({3, 5, 7}, 2));
    one("broadcast", values({4, 1, 3}, 3), places({2, 3}, 4));
    one("long", values({4099}, 1), places({4099}, 2));
    one("scalars", values({}, 3), places({}, 4));
    one("empty", values({5, 0}, 5), places({1}, 6));
    one("in_place_a", values({5, 6}, 7), places({6}, 8), 1);
    const Real least = least_of(type), most = most_of(type);
    one("ends", HostTensor(type, {6}, {least, most, least, most, most, least}),
        HostTensor(type, {6}, {1, 1, width - 1, width - 1, most, most}));
  }
}

}  // namespace

void add_bit_cases(Cases& cases, tn_dtype type) {
  if (!takes("", "BitwiseAnd", type)) return;
  add_combination(cases, "BitwiseAnd", type, [](bool a, bool b) { return a && b; });
  add_combination(cases, "BitwiseOr", type, [](bool a, bool b) { return a || b; });
  add_combination(cases, "BitwiseXor", type, [](bool a, bool b) { return a != b; });
  add_inversion(cases, type);
  add_shifts(cases, type);
}

}  // namespace tenon::conformance
