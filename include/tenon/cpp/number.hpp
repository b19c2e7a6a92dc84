// SPDX-License-Identifier: Apache-2.0
//
// A number of any kind, and the bytes of an element that stand for it: launch values
// (TN_ARGUMENT_HOST) from a framework's scalars, and what constants of one element hold.
#pragma once

#include <bit>
#include <cmath>
#include <complex>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>

#include "tenon/cpp/dtype.hpp"
#include "tenon/cpp/float_form.hpp"

namespace tenon {

static_assert(std::endian::native == std::endian::little, "elements are their lowest bytes");

// Held without loss, so that it is rounded once: when its element type is known.
class Number {
 public:
  template <std::signed_integral T>
  Number(T value) : kind_(Kind::kSigned), integer_(static_cast<uint64_t>(int64_t{value})) {}
  template <std::unsigned_integral T>  // And bool.
  Number(T value) : kind_(Kind::kUnsigned), integer_(value) {}
  template <std::floating_point T>
  Number(T value) : kind_(Kind::kReal), real_(static_cast<double>(value)) {}
  Number(std::complex<double> value)
      : kind_(Kind::kComplex), real_(value.real()), imaginary_(value.imag()) {}

  bool is_integer() const { return kind_ <= Kind::kUnsigned; }
  bool is_complex() const { return kind_ == Kind::kComplex; }
  // Nearest; of a complex number the real part.
  double to_double() const {
    if (kind_ == Kind::kSigned) return static_cast<double>(static_cast<int64_t>(integer_));
    return kind_ == Kind::kUnsigned ? static_cast<double>(integer_) : real_;
  }
  float to_float() const {  // Nearest, in one step.
    if (kind_ == Kind::kSigned) return static_cast<float>(static_cast<int64_t>(integer_));
    return kind_ == Kind::kUnsigned ? static_cast<float>(integer_) : static_cast<float>(real_);
  }
  double imaginary() const { return imaginary_; }
  // Truncated. Unsigned values wrap; NaN and values out of range give some number, always the same.
  int64_t to_int64() const {
    if (is_integer()) return static_cast<int64_t>(integer_);
    if (real_ >= -0x1p63 && real_ < 0x1p63) return static_cast<int64_t>(real_);
    return static_cast<int64_t>(real_ >= 0x1p63 && real_ < 0x1p64 ? static_cast<uint64_t>(real_)
                                                                  : uint64_t{1} << 63);
  }
  bool to_bool() const {  // Not zero; NaN is true.
    return is_integer() ? integer_ != 0 : !(real_ == 0 && imaginary_ == 0);
  }
  // Bits of a float, rounded to nearest, ties to even.
  uint64_t to_float_bits(const FloatForm& form, bool saturate) const {
    if (!is_integer()) return encode_float(form, real_, saturate);
    const bool negative = kind_ == Kind::kSigned && static_cast<int64_t>(integer_) < 0;
    return encode_float(form, ExactNumber{negative, negative ? 0 - integer_ : integer_, 0},
                        saturate);
  }

 private:
  enum class Kind : uint8_t { kSigned, kUnsigned, kReal, kComplex };
  Kind kind_;
  uint64_t integer_ = 0;
  double real_ = 0;
  double imaginary_ = 0;
};

// Bytes that the largest element takes.
inline constexpr size_t kMaxElementBytes = 16;

namespace detail {

// Of every kind but complex.
inline uint64_t element_bits(const ElementType& type, const Number& number, bool saturate) {
  switch (type.kind) {
    case ElementKind::kFloat:
      // What the processor rounds by itself.
      if (type.dtype == TN_FLOAT32 && !saturate) return std::bit_cast<uint32_t>(number.to_float());
      if (type.dtype == TN_FLOAT64 && !saturate) return std::bit_cast<uint64_t>(number.to_double());
      return number.to_float_bits(type.form, saturate);
    case ElementKind::kBool:
      return number.to_bool() ? 1 : 0;
    default: {
      const auto bits = static_cast<uint64_t>(number.to_int64());
      return type.bits < 64 ? bits & ((uint64_t{1} << type.bits) - 1) : bits;
    }
  }
}

inline Number number_of(const ElementType& type, uint64_t bits) {
  switch (type.kind) {
    case ElementKind::kFloat:
      if (type.dtype == TN_FLOAT64) return std::bit_cast<double>(bits);
      if (type.dtype == TN_FLOAT32) return std::bit_cast<float>(static_cast<uint32_t>(bits));
      return decode_float(type.form, bits);
    case ElementKind::kBool:
      return bits != 0;
    case ElementKind::kSigned:  // The highest bit is the sign.
      return static_cast<int64_t>(bits << (64 - type.bits)) >> (64 - type.bits);
    default:
      return bits;
  }
}

}  // namespace detail

// Writes the element of `dtype` that stands for a number: floats round to nearest, ties to even;
// integers truncate and wrap; bool is "not zero"; a real number becomes a complex one, and of a
// complex one the real part is taken. With `saturate` floats beyond the largest value become that,
// else infinity or NaN. Elements below a byte fill the lowest bits of one. False for an unknown
// type, and nothing is written then.
inline bool write_element(tn_dtype dtype, const Number& number, void* to, bool saturate = false) {
  const ElementType& type = element_type(dtype);
  if (type.kind == ElementKind::kNone) return false;
  if (type.kind == ElementKind::kComplex) {
    return write_element(type.part, number.to_double(), to, saturate) &&
           write_element(type.part, number.imaginary(),
                         static_cast<unsigned char*>(to) + type.bits / 16, saturate);
  }
  const uint64_t bits = detail::element_bits(type, number, saturate);
  std::memcpy(to, &bits, (type.bits + 7u) / 8);
  return true;
}

// The number that an element stands for; of one below a byte, that of the lowest bits. Nothing for
// an unknown type.
inline std::optional<Number> read_element(tn_dtype dtype, const void* from) {
  const ElementType& type = element_type(dtype);
  if (type.kind == ElementKind::kNone) return std::nullopt;
  if (type.kind == ElementKind::kComplex) {
    const void* second = static_cast<const unsigned char*>(from) + type.bits / 16;
    return std::complex<double>(read_element(type.part, from)->to_double(),
                                read_element(type.part, second)->to_double());
  }
  uint64_t bits = 0;
  std::memcpy(&bits, from, (type.bits + 7u) / 8);
  if (type.bits < 8) bits &= (uint64_t{1} << type.bits) - 1;
  return detail::number_of(type, bits);
}

}  // namespace tenon
