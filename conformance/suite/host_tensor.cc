// SPDX-License-Identifier: Apache-2.0
#include "suite/host_tensor.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace tenon::conformance {
namespace {

template <class T>
void store(unsigned char* out, T value) {
  std::memcpy(out, &value, sizeof(value));
}
template <class T>
Real load(const unsigned char* data) {
  T value;
  std::memcpy(&value, data, sizeof(value));
  return static_cast<Real>(value);
}

// A float of `mantissa` stored bits and 8 or 5 exponent bits, from its sixteen bits.
Real decode_small(uint16_t bits, int mantissa) {
  const int exponent_bits = 15 - mantissa;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = (bits >> mantissa) & ((1 << exponent_bits) - 1);
  const Real fraction = (bits & ((1 << mantissa) - 1)) / std::ldexp(1.0, mantissa);
  const Real sign = bits >> 15 ? -1.0 : 1.0;
  if (exponent == (1 << exponent_bits) - 1) {
    return fraction == 0 ? sign * INFINITY : NAN;
  }
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias);
  return sign * std::ldexp(1 + fraction, exponent - bias);
}

uint16_t encode_small(Real value, int mantissa) {
  const int exponent_bits = 15 - mantissa;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const uint16_t infinity = static_cast<uint16_t>(((1 << exponent_bits) - 1) << mantissa);
  if (std::isnan(value)) return static_cast<uint16_t>(infinity | 1 << (mantissa - 1));
  value = std::fabs(value);
  if (std::isinf(value)) return sign | infinity;
  if (value == 0) return sign;
  // Units of the last place at this magnitude; nearbyint goes to even.
  const int exponent = std::max(std::ilogb(value), 1 - bias);
  const Real units = std::nearbyint(std::ldexp(value, mantissa - exponent));
  Real rounded = std::ldexp(units, exponent - mantissa);
  if (rounded >= std::ldexp(2.0, bias)) return sign | infinity;
  if (rounded < std::ldexp(1.0, 1 - bias)) {
    return sign | static_cast<uint16_t>(std::ldexp(rounded, mantissa + bias - 1));
  }
  const int stored = std::ilogb(rounded);
  const Real fraction = std::ldexp(rounded, -stored) - 1;
  return static_cast<uint16_t>(sign | (stored + bias) << mantissa |
                               static_cast<int>(std::ldexp(fraction, mantissa)));
}

bool is_float8(tn_dtype dtype) { return dtype >= TN_FLOAT8E4M3FN && dtype <= TN_FLOAT8E5M2FNUZ; }

Real decode8(tn_dtype dtype, unsigned char bits) {
  const bool unsigned_zero = dtype == TN_FLOAT8E4M3FNUZ || dtype == TN_FLOAT8E5M2FNUZ;
  const int mantissa = dtype == TN_FLOAT8E4M3FN || dtype == TN_FLOAT8E4M3FNUZ ? 3 : 2;
  const int bias = (mantissa == 3 ? 7 : 15) + unsigned_zero;
  const int magnitude = bits & 0x7f;
  if (unsigned_zero && bits == 0x80) return NAN;
  if (dtype == TN_FLOAT8E4M3FN && magnitude == 0x7f) return NAN;
  const Real sign = bits >> 7 ? -1 : 1;
  if (dtype == TN_FLOAT8E5M2 && magnitude >= 0x7c) return magnitude == 0x7c ? sign * INFINITY : NAN;
  const int exponent = magnitude >> mantissa, fraction = magnitude & ((1 << mantissa) - 1);
  if (exponent == 0) return sign * std::ldexp(Real(fraction), 1 - bias - mantissa);
  return sign * std::ldexp(Real(fraction + (1 << mantissa)), exponent - bias - mantissa);
}

// The numbers of a type of 8 bits, by their codes.
const std::array<Real, 256>& numbers8(tn_dtype dtype) {
  static const auto kAll = [] {
    std::array<std::array<Real, 256>, 4> all;
    for (int type = 0; type < 4; ++type) {
      for (size_t code = 0; code < 256; ++code) {
        all[static_cast<size_t>(type)][code] =
            decode8(TN_FLOAT8E4M3FN + type, static_cast<unsigned char>(code));
      }
    }
    return all;
  }();
  return kAll[static_cast<size_t>(dtype - TN_FLOAT8E4M3FN)];
}

// The nearest finite number, of two the one with an even code: as Cast with `saturate`. Codes of
// one sign are in the order of their numbers.
unsigned char encode8(tn_dtype dtype, Real value) {
  const std::array<Real, 256>& numbers = numbers8(dtype);
  if (std::isnan(value)) {
    const auto nan = std::ranges::find_if(numbers, [](Real x) { return std::isnan(x); });
    return static_cast<unsigned char>(nan - numbers.begin());
  }
  const Real magnitude = std::fabs(value);
  size_t most = 127;
  while (!std::isfinite(numbers[most])) --most;
  const auto end = numbers.begin() + static_cast<long>(most) + 1;
  auto above = std::lower_bound(numbers.begin(), end, magnitude);
  auto code = static_cast<size_t>(above - numbers.begin());
  if (code > most) code = most;
  if (code > 0) {
    const Real up = numbers[code] - magnitude, down = magnitude - numbers[code - 1];
    if (down < up || (down == up && code % 2 != 0)) --code;
  }
  // 0x80 is NaN where there is no zero below.
  const bool negative = std::signbit(value) && !std::isnan(numbers[code | 0x80]);
  return static_cast<unsigned char>(code | (negative ? 0x80 : 0));
}

// Wraps like a cast from a wide integer does.
template <class T>
T to_integer(Real value) {
  if (!std::isfinite(value)) return 0;
  const Real range = std::ldexp(Real{1}, 64);
  Real rest = std::fmod(std::trunc(value), range);
  if (rest < 0) rest += range;
  return static_cast<T>(static_cast<uint64_t>(rest));
}

// Numbers of 4 and of 2 bits.
constexpr Real kFloat4[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};

bool is_packed(tn_dtype dtype) { return tn_dtype_bits(dtype) < 8; }
bool is_signed_packed(tn_dtype dtype) { return dtype == TN_INT4 || dtype == TN_INT2; }
unsigned codes_of(tn_dtype dtype) { return dtype == TN_UINT2 || dtype == TN_INT2 ? 4 : 16; }

unsigned encode_packed(tn_dtype dtype, Real value) {
  if (dtype != TN_FLOAT4E2M1) return to_integer<unsigned>(value) & (codes_of(dtype) - 1);
  unsigned best = 0;
  for (unsigned code = 0; code < 8; ++code) {
    const Real distance = std::fabs(kFloat4[code] - std::fabs(value));
    const Real least = std::fabs(kFloat4[best] - std::fabs(value));
    if (distance < least || (distance == least && code % 2 == 0)) best = code;
  }
  return best | (std::signbit(value) ? 8 : 0);
}

Real decode_packed(tn_dtype dtype, unsigned code) {
  if (dtype == TN_FLOAT4E2M1) return (code & 8) != 0 ? -kFloat4[code & 7] : kFloat4[code & 7];
  const unsigned codes = codes_of(dtype);
  return is_signed_packed(dtype) && code >= codes / 2 ? Real(code) - Real(codes) : Real(code);
}

template <class T>
void encode_pair(unsigned char* out, Real value, Real imaginary) {
  store(out, static_cast<T>(value));
  store(out + sizeof(T), static_cast<T>(value * imaginary));
}
template <class T>
Real decode_pair(const unsigned char* data, Real imaginary) {
  const Real real = load<T>(data), other = load<T>(data + sizeof(T));
  return other == static_cast<T>(real * imaginary) ? real : NAN;
}

}  // namespace

bool is_float(tn_dtype dtype) { return in_set(dtype, type_set::kFloat | type_set::kFloat8); }
bool is_complex(tn_dtype dtype) { return in_set(dtype, type_set::kComplex); }
bool is_integer(tn_dtype dtype) {
  return in_set(dtype, type_set::kInteger) || (is_packed(dtype) && dtype != TN_FLOAT4E2M1);
}

Real least_of(tn_dtype dtype) {
  const bool is_signed = in_set(dtype, type_set::kSigned) || is_signed_packed(dtype);
  return is_signed ? -std::ldexp(Real{1}, static_cast<int>(tn_dtype_bits(dtype)) - 1) : 0;
}
Real most_of(tn_dtype dtype) {
  if (dtype == TN_BOOL) return 1;
  return std::ldexp(Real{1}, static_cast<int>(tn_dtype_bits(dtype))) + least_of(dtype) - 1;
}

size_t element_size(tn_dtype dtype) { return tn_dtype_bits(dtype) / 8; }

// By hand, and not by what tenon::write_element does: the judge checks devices that use it.
void encode(tn_dtype dtype, Real value, unsigned char* out, Real imaginary) {
  if (is_float8(dtype)) return store(out, encode8(dtype, value));
  switch (dtype) {
    case TN_COMPLEX64:
      return encode_pair<float>(out, value, imaginary);
    case TN_COMPLEX128:
      return encode_pair<double>(out, value, imaginary);
    case TN_FLOAT32:
      return store(out, static_cast<float>(value));
    case TN_FLOAT64:
      return store(out, static_cast<double>(value));
    case TN_FLOAT16:
      return store(out, encode_small(value, 10));
    case TN_BFLOAT16:
      return store(out, encode_small(value, 7));
    case TN_INT8:
      return store(out, to_integer<int8_t>(value));
    case TN_UINT8:
      return store(out, to_integer<uint8_t>(value));
    case TN_INT16:
      return store(out, to_integer<int16_t>(value));
    case TN_UINT16:
      return store(out, to_integer<uint16_t>(value));
    case TN_INT32:
      return store(out, to_integer<int32_t>(value));
    case TN_UINT32:
      return store(out, to_integer<uint32_t>(value));
    case TN_INT64:
      return store(out, to_integer<int64_t>(value));
    case TN_UINT64:
      return store(out, to_integer<uint64_t>(value));
    case TN_BOOL:
      return store(out, static_cast<uint8_t>(value != 0));
    default:
      throw Error(TN_INVALID_ARGUMENT, "", std::string("no host values of ") + dtype_name(dtype));
  }
}

Real decode(tn_dtype dtype, const unsigned char* data, Real imaginary) {
  if (is_float8(dtype)) return decode8(dtype, *data);
  switch (dtype) {
    case TN_COMPLEX64:
      return decode_pair<float>(data, imaginary);
    case TN_COMPLEX128:
      return decode_pair<double>(data, imaginary);
    case TN_FLOAT32:
      return load<float>(data);
    case TN_FLOAT64:
      return load<double>(data);
    case TN_FLOAT16:
    case TN_BFLOAT16: {
      uint16_t bits;
      std::memcpy(&bits, data, sizeof(bits));
      return decode_small(bits, dtype == TN_FLOAT16 ? 10 : 7);
    }
    case TN_INT8:
      return load<int8_t>(data);
    case TN_UINT8:
    case TN_BOOL:
      return load<uint8_t>(data);
    case TN_INT16:
      return load<int16_t>(data);
    case TN_UINT16:
      return load<uint16_t>(data);
    case TN_INT32:
      return load<int32_t>(data);
    case TN_UINT32:
      return load<uint32_t>(data);
    case TN_INT64:
      return load<int64_t>(data);
    case TN_UINT64:
      return load<uint64_t>(data);
    default:
      throw Error(TN_INVALID_ARGUMENT, "", std::string("no host values of ") + dtype_name(dtype));
  }
}

void encode_at(tn_dtype dtype, Real value, unsigned char* memory, uint64_t bit, Real imaginary) {
  unsigned char* out = memory + bit / 8;
  if (!is_packed(dtype)) return encode(dtype, value, out, imaginary);
  const unsigned shift = bit % 8, mask = codes_of(dtype) - 1;
  *out =
      static_cast<unsigned char>((*out & ~(mask << shift)) | encode_packed(dtype, value) << shift);
}

Real decode_at(tn_dtype dtype, const unsigned char* memory, uint64_t bit, Real imaginary) {
  const unsigned char* data = memory + bit / 8;
  if (!is_packed(dtype)) return decode(dtype, data, imaginary);
  return decode_packed(dtype, *data >> bit % 8 & (codes_of(dtype) - 1));
}

HostTensor::HostTensor(tn_dtype dtype_in, Shape dims_in, Values values_in)
    : Grid{dtype_in, std::move(dims_in), std::move(values_in)} {
  unsigned char raw[16];
  for (Real& value : values) {
    encode_at(dtype, value, raw, 0);
    value = decode_at(dtype, raw, 0);
  }
}

HostTensor::HostTensor(tn_dtype dtype_in, Shape dims_in)
    : Grid{dtype_in, dims_in, Values(static_cast<size_t>(element_count(dims_in)))} {}

Expected::Expected(tn_dtype dtype_in, Shape dims_in)
    : Expected(dtype_in, dims_in,
               std::vector<Number>(static_cast<size_t>(element_count(dims_in)))) {}
Expected::Expected(tn_dtype dtype_in, Shape dims_in, std::vector<Number> values_in)
    : Grid{dtype_in, std::move(dims_in), std::move(values_in)} {}
Expected::Expected(const HostTensor& exact)
    : Expected(exact.dtype, exact.dims, {exact.values.begin(), exact.values.end()}) {}

HostTensor Expected::rounded() const {
  Values exact;
  exact.reserve(values.size());
  for (const Number& number : values) exact.push_back(number.value);
  HostTensor result(dtype, dims, std::move(exact));
  // A conversion to 8 bits makes the largest number of infinity, but here it is the result.
  for (size_t i = 0; i < values.size(); ++i)
    if (dtype == TN_FLOAT8E5M2 && std::isinf(values[i].value)) result.values[i] = values[i].value;
  return result;
}

namespace {

uint32_t g_random_seed = 0;
Special g_special = Special::kNone;
bool g_infinities = true;

Values specials_of(tn_dtype dtype) {
  if (g_special == Special::kInfinite && !g_infinities) return {NAN};
  if (g_special == Special::kInfinite) return {NAN, INFINITY, -INFINITY};
  const Real least_normal = std::ldexp(Real{1}, 1 - element_type(dtype).form.bias);
  return {-0.0L, 144, least_normal / 4, -least_normal / 2};
}

}  // namespace

RandomSeed::RandomSeed(uint32_t seed, Special special) {
  g_random_seed = seed;
  g_special = special;
}
RandomSeed::~RandomSeed() {
  g_random_seed = 0;
  g_special = Special::kNone;
}

NoInfinities::NoInfinities() { g_infinities = false; }
NoInfinities::~NoInfinities() { g_infinities = true; }

Special special_now() { return g_special; }

Real varied(Real even, Real odd) { return g_random_seed % 2 == 0 ? even : odd; }

HostTensor HostTensor::random(tn_dtype dtype, Shape dims, Real low, Real high, uint32_t seed) {
  return plain(dtype, std::move(dims), low, high, seed).with_specials(seed).with_repeats();
}

HostTensor HostTensor::plain(tn_dtype dtype, Shape dims, Real low, Real high, uint32_t seed) {
  Values values(static_cast<size_t>(element_count(dims)));
  if (!is_float(dtype) && !is_complex(dtype)) {
    low = std::max(low, least_of(dtype));
    high = std::min(high, most_of(dtype));
  }
  uint64_t state = (seed + g_random_seed * UINT64_C(1000003)) * UINT64_C(0x9e3779b97f4a7c15) + 1;
  for (Real& value : values) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const Real unit = std::ldexp(static_cast<Real>(state >> 11), -53);
    value = low + (high - low) * unit;
    if (!is_float(dtype) && !is_complex(dtype)) {
      value = std::floor(low + (high - low + 1) * unit);
    }
  }
  return HostTensor(dtype, std::move(dims), std::move(values));
}

HostTensor HostTensor::with_specials(uint32_t seed) const {
  const bool mixes = g_special == Special::kFinite || g_special == Special::kInfinite;
  if (!mixes || !is_float(dtype) || values.empty()) return *this;
  const Values specials = specials_of(dtype);
  Values mixed = values;
  // Far from one another, so that what adds up some elements meets some of them alone, and most
  // elements stay as they were.
  const size_t count = std::min(specials.size(), (mixed.size() + 1) / 2);
  for (size_t i = 0; i < count; ++i) {
    mixed[(i * mixed.size() / count + seed) % mixed.size()] =
        specials[(i + seed + g_random_seed) % specials.size()];
  }
  HostTensor result(dtype, dims, std::move(mixed));
  result.repeated = repeated;
  return result;
}

HostTensor HostTensor::expanded(std::vector<size_t> axes) const {
  HostTensor result = *this;
  for_each_index(dims, [&](const Shape& index) {
    Shape source = index;
    for (const size_t axis : axes) source[axis] = 0;
    result.at(index) = at(source);
  });
  result.repeated = std::move(axes);
  return result;
}

HostTensor HostTensor::with_repeats() const {
  if (g_special != Special::kRepeated || tn_dtype_bits(dtype) < 8 || values.empty()) return *this;
  for (size_t axis = 0; axis < dims.size(); ++axis)
    if (dims[axis] > 1) return expanded({axis});
  return *this;
}

bool HostTensor::repeats() const { return expanded(repeated).bytes() == bytes(); }

std::vector<unsigned char> HostTensor::bytes() const {
  const uint64_t bits = tn_dtype_bits(dtype);
  std::vector<unsigned char> result(dtype_bytes(dtype, values.size()));
  for (size_t i = 0; i < values.size(); ++i) encode_at(dtype, values[i], result.data(), i * bits);
  return result;
}

HostTensor HostTensor::from_bytes(tn_dtype dtype, Shape dims, const unsigned char* data) {
  HostTensor tensor(dtype, std::move(dims));
  uint64_t bit = 0;
  for (Real& value : tensor.values) {
    value = decode_at(dtype, data, bit);
    bit += tn_dtype_bits(dtype);
  }
  return tensor;
}

Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()), 1);
  for (const Shape* shape : {&a, &b}) {
    for (size_t i = 0; i < shape->size(); ++i) {
      int64_t& dim = result[result.size() - shape->size() + i];
      if ((*shape)[i] != 1) dim = (*shape)[i];
    }
  }
  return result;
}

Real broadcast_at(const HostTensor& tensor, const Shape& index) {
  Shape own(tensor.dims.size());
  const size_t shift = index.size() - own.size();
  for (size_t i = 0; i < own.size(); ++i) own[i] = tensor.dims[i] == 1 ? 0 : index[shift + i];
  return tensor.at(own);
}

}  // namespace tenon::conformance
