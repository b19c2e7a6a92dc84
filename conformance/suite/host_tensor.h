// SPDX-License-Identifier: Apache-2.0
//
// Values on the host, independent of any device: what cases are written in.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "suite/number.h"
#include "tenon/tenon.hpp"

namespace tenon::conformance {

using Shape = std::vector<int64_t>;
using Values = std::vector<Real>;

// Row-major values of a type and dims.
template <class Value>
struct Grid {
  tn_dtype dtype = TN_FLOAT32;
  Shape dims;
  std::vector<Value> values;

  int64_t count() const { return element_count(dims); }
  int64_t position(const Shape& index) const {
    int64_t result = 0;
    for (size_t i = 0; i < dims.size(); ++i) result = result * dims[i] + index[i];
    return result;
  }
  Value& at(const Shape& index) { return values[static_cast<size_t>(position(index))]; }
  const Value& at(const Shape& index) const { return values[static_cast<size_t>(position(index))]; }
};

// Complex elements of cases have an imaginary part of this many times the real one, so that both
// are seen where elements are moved.
inline constexpr Real kImaginary = 0.5;

struct HostTensor : Grid<Real> {
  std::vector<size_t> repeated;  // Axes of equal values: cases lay them out with stride 0.

  HostTensor() = default;
  // Values are rounded to the element type.
  HostTensor(tn_dtype dtype, Shape dims, Values values);
  // Zeros.
  HostTensor(tn_dtype dtype, Shape dims);
  static HostTensor scalar(tn_dtype dtype, Real value) {
    return HostTensor(dtype, Shape{}, Values{value});
  }
  // Pseudo-random values in [low, high], whole for integer types; the same for the same seed.
  // Unsigned types have none below 0, and bools are 0 or 1.
  static HostTensor random(tn_dtype dtype, Shape dims, Real low, Real high, uint32_t seed);

  // The same without the special numbers of the living RandomSeed.
  static HostTensor plain(tn_dtype dtype, Shape dims, Real low, Real high, uint32_t seed);

  // The same with the values at index 0 of these axes all along them: what a framework makes of a
  // smaller tensor without copying it.
  HostTensor expanded(std::vector<size_t> axes) const;

  // Expanded along its first axis of more than one element where the living RandomSeed has
  // Special::kRepeated; else itself. Not along others: equal terms of a sum are all rounded in the
  // same direction.
  HostTensor with_repeats() const;

  // Whether values are equal along the axes that are said to be.
  bool repeats() const;

  // The same with the special numbers of the living RandomSeed, spread over it from another place
  // for each `seed`; itself where there are none, and of other types than floats.
  HostTensor with_specials(uint32_t seed) const;

  // Dense row-major bytes.
  std::vector<unsigned char> bytes() const;
  static HostTensor from_bytes(tn_dtype dtype, Shape dims, const unsigned char* data);
};

// What becomes of random values. Numbers that are mixed into floats: what arithmetic may lose, and
// what it may not survive. Or tensors of any type that are expanded along an axis, and laid out
// with stride 0.
enum class Special {
  kNone,
  kFinite,    // -0, subnormal and large numbers.
  kInfinite,  // NaN and infinities.
  kRepeated
};

// While one lives, random values are those of another seed, and varied() chooses by it.
class RandomSeed {
 public:
  explicit RandomSeed(uint32_t seed, Special special = Special::kNone);
  ~RandomSeed();
  RandomSeed(const RandomSeed&) = delete;
  RandomSeed& operator=(const RandomSeed&) = delete;
};

// While one lives, NaN is the only number that is not finite: for operators whose contract leaves
// infinite operands open.
class NoInfinities {
 public:
  NoInfinities();
  ~NoInfinities();
  NoInfinities(const NoInfinities&) = delete;
  NoInfinities& operator=(const NoInfinities&) = delete;
};

// The special numbers of the living RandomSeed.
Special special_now();

// For what is not random: `even` for even seeds, else `odd`.
Real varied(Real even, Real odd);

// What an oracle says: exact, not rounded to the element type.
struct Expected : Grid<Number> {
  Real imaginary = kImaginary;  // Of complex elements.

  Expected() = default;
  // Zeros.
  Expected(tn_dtype dtype, Shape dims);
  Expected(tn_dtype dtype, Shape dims, std::vector<Number> values);
  // NOLINTNEXTLINE(google-explicit-constructor): what is moved or chosen comes out as it is.
  Expected(const HostTensor& exact);
  // As a device keeps it, to be an input of another operator.
  HostTensor rounded() const;
};

bool is_float(tn_dtype dtype);  // Of 8 bits or more.
bool is_complex(tn_dtype dtype);
bool is_integer(tn_dtype dtype);      // Neither floats nor bools.
size_t element_size(tn_dtype dtype);  // Types of whole bytes only.

// The least and the most that an integer type, or bool, holds.
Real least_of(tn_dtype dtype);
Real most_of(tn_dtype dtype);

// One element; the encoding rounds to nearest, ties to even, and wraps integers.
void encode(tn_dtype dtype, Real value, unsigned char* out, Real imaginary = kImaginary);
// NaN for a complex number whose imaginary part is another.
Real decode(tn_dtype dtype, const unsigned char* data, Real imaginary = kImaginary);
// The same at a bit, for types of less than a byte, too.
void encode_at(tn_dtype dtype, Real value, unsigned char* memory, uint64_t bit,
               Real imaginary = kImaginary);
Real decode_at(tn_dtype dtype, const unsigned char* memory, uint64_t bit,
               Real imaginary = kImaginary);

// Calls body(index) for each index of a shape, in row-major order.
template <class Body>
void for_each_index(const Shape& dims, Body&& body) {
  if (element_count(dims) == 0) return;
  Shape index(dims.size(), 0);
  for (;;) {
    body(index);
    size_t i = dims.size();
    while (i > 0 && ++index[i - 1] == dims[i - 1]) index[--i] = 0;
    if (i == 0) return;
  }
}

// ONNX's multidirectional broadcasting.
Shape broadcast_shape(const Shape& a, const Shape& b);
// The value that stands at `index` of the broadcast shape.
Real broadcast_at(const HostTensor& tensor, const Shape& index);

}  // namespace tenon::conformance
