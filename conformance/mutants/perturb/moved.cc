// SPDX-License-Identifier: Apache-2.0
#include "conformance/mutants/perturb/moved.h"

#include <cmath>

#include "tenon/cpp/dtype.hpp"

namespace tenon::perturb {
namespace {

// A float type's numbers in order: 0 is in the middle, each has the next one beside it.
class Line {
 public:
  explicit Line(tn_dtype dtype)
      : form_(element_type(dtype).form),
        sign_(form_.sign),
        most_(static_cast<int64_t>(form_.largest)) {}

  bool is_finite(uint64_t bits) const {
    return (bits & ~sign_) <= form_.largest && !(bits == sign_ && !has_minus_zero());
  }
  int64_t place_of(uint64_t bits) const {
    const auto magnitude = static_cast<int64_t>(bits & ~sign_);
    return (bits & sign_) != 0 ? -magnitude : magnitude;
  }
  uint64_t bits_of(int64_t place) const {
    return place < 0 ? sign_ | static_cast<uint64_t>(-place) : static_cast<uint64_t>(place);
  }
  double value_of(int64_t place) const {
    const uint64_t magnitude = static_cast<uint64_t>(place < 0 ? -place : place);
    const int mantissa = form_.mantissa_bits;
    const auto exponent = static_cast<int>(magnitude >> mantissa);
    const auto fraction = static_cast<double>(magnitude & ((uint64_t{1} << mantissa) - 1));
    const double value =
        exponent == 0 ? std::ldexp(fraction, 1 - form_.bias - mantissa)
                      : std::ldexp(1 + std::ldexp(fraction, -mantissa), exponent - form_.bias);
    return place < 0 ? -value : value;
  }
  int64_t most() const { return most_; }
  // Of the smallest normal number.
  int64_t first_normal() const { return int64_t{1} << form_.mantissa_bits; }
  bool is_minus_zero(uint64_t bits) const { return bits == sign_ && has_minus_zero(); }

 private:
  bool has_minus_zero() const { return form_.nan != form_.sign; }

  const FloatForm& form_;
  uint64_t sign_;
  int64_t most_;
};

bool is_float_type(tn_dtype dtype) {
  return element_type(dtype).form.mantissa_bits != 0 && element_type(dtype).form.largest != 0;
}

uint64_t moved_integer(tn_dtype dtype, uint64_t bits) {
  const unsigned width = tn_dtype_bits(dtype);
  if (dtype == TN_BOOL) return bits ^ 1;
  const uint64_t mask = width >= 64 ? UINT64_MAX : (uint64_t{1} << width) - 1;
  return (bits + 1) & mask;
}

// The first place in a direction that is so far away.
std::optional<int64_t> far_from(const Line& line, int64_t from, double distance, int direction) {
  const int64_t room = direction > 0 ? line.most() - from : line.most() + from;
  const auto far = [&](int64_t steps) {
    return std::fabs(line.value_of(from + direction * steps) - line.value_of(from)) >= distance;
  };
  if (room < 1 || !far(room)) return std::nullopt;
  int64_t low = 0, high = room;  // Not far, and far.
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    (far(middle) ? high : low) = middle;
  }
  return from + direction * high;
}

}  // namespace

std::optional<uint64_t> moved(tn_dtype dtype, uint64_t bits, double distance) {
  if (!is_float_type(dtype)) return moved_integer(dtype, bits);
  const Line line(dtype);
  if (!line.is_finite(bits)) return 0;
  const int64_t from = line.place_of(bits);
  for (const int direction : {1, -1}) {
    if (const auto place = far_from(line, from, distance, direction)) return line.bits_of(*place);
  }
  return std::nullopt;
}

std::optional<uint64_t> moved_by_units(tn_dtype dtype, uint64_t bits, int64_t units) {
  if (!is_float_type(dtype)) return moved_integer(dtype, bits);
  const Line line(dtype);
  if (!line.is_finite(bits)) return std::nullopt;
  const int64_t from = line.place_of(bits);
  const int64_t to = from + units <= line.most() ? from + units : from - units;
  return line.bits_of(to);
}

const char* kind_of(tn_dtype dtype, uint64_t bits) {
  if (!is_float_type(dtype)) return nullptr;
  const Line line(dtype);
  if (line.is_minus_zero(bits)) return "minus_zero";
  const FloatForm& form = element_type(dtype).form;
  const uint64_t magnitude = bits & ~form.sign;
  if (!line.is_finite(bits)) {
    return form.infinity != 0 && magnitude == form.infinity ? "infinity" : "nan";
  }
  if (magnitude != 0 && static_cast<int64_t>(magnitude) < line.first_normal()) return "subnormal";
  if (std::fabs(line.value_of(line.place_of(bits))) >= 100) return "large";
  return nullptr;
}

}  // namespace tenon::perturb
