// SPDX-License-Identifier: Apache-2.0
//
// Cast, from every type to every type: narrower floats are rounded, to nearest even; floats to
// integers truncated; integers wrap; to bool, everything but 0 is true.
#include <cmath>
#include <string>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

bool is_exact_kind(tn_dtype type) { return !is_float(type) && type != TN_FLOAT4E2M1; }

Number cast(Real value, tn_dtype from, tn_dtype to) {
  if (to == TN_BOOL) return value != 0;  // NaN is not.
  if (is_exact_kind(to) && !is_complex(to) && !is_exact_kind(from)) return std::trunc(value);
  if (is_exact_kind(to) && is_complex(from)) return is_complex(to) ? value : std::trunc(value);
  return value;
}

// Values that both types have something to say of: integers that are out of range wrap, floats are
// not.
HostTensor values_of(tn_dtype from, tn_dtype to, const Shape& dims) {
  Real low = -9, high = 9;
  if (is_integer(from) && is_integer(to)) low = -300, high = 300;
  // A float or a complex number below 0 is no unsigned integer.
  if (!is_integer(from) && is_integer(to))
    low = least_of(to) < 0 ? std::fmax(low, least_of(to)) : 0;
  if (!is_integer(from) && is_integer(to)) high = std::fmin(high, most_of(to));
  if (from == TN_FLOAT4E2M1) low = std::fmax(low, -6), high = std::fmin(high, 6);
  // NaN and infinities are no integers, and what becomes of them in others is not said.
  const bool special = in_set(to, type_set::kFloat) || to == TN_BOOL;
  HostTensor x = special ? HostTensor::random(from, dims, low, high, 1)
                         : HostTensor::plain(from, dims, low, high, 1);
  if (to == TN_BOOL && x.count() > 2) x.values[1] = 0;
  return x;
}

void add(Cases& cases, const std::string& label, const HostTensor& x, tn_dtype to) {
  Expected y = x;
  y.dtype = to;
  for (Number& number : y.values) number = cast(number.value, x.dtype, to);
  if (is_complex(to) && !is_complex(x.dtype)) y.imaginary = 0;
  OperatorCase c{"", "Cast", label, x.dtype};
  cases.push_back(c.in(x).attribute("to", int64_t{to}).out(y));
}

// Without `saturate` what is too large for an 8-bit float is infinite, or NaN where there is no
// infinity.
void add_unsaturated(Cases& cases, tn_dtype type) {
  for (const tn_dtype to : {TN_FLOAT8E4M3FN, TN_FLOAT8E5M2}) {
    if (!takes("", "Cast", to) || is_complex(type)) continue;
    HostTensor x = values_of(type, to, {3, 4, 5});
    const Real beyond = to == TN_FLOAT8E5M2 ? INFINITY : NAN;
    const bool reaches = in_set(type, type_set::kFloat) && type != TN_BFLOAT16;
    if (reaches) x.values[3] = 61440, x.values[9] = -61440;
    add(cases, std::string("unsaturated_to_") + dtype_name(to), x, to);
    OperatorCase& c = cases.back();
    c.attribute("saturate", int64_t{0});
    if (reaches) c.outputs[0].values[3] = beyond, c.outputs[0].values[9] = -beyond;
  }
}

}  // namespace

void add_cast_cases(Cases& cases, tn_dtype type) {
  if (!takes("", "Cast", type)) return;
  // Each type begins at another, so that what a budget leaves over is not the same for all.
  constexpr size_t kTypes = std::size(kElementTypes);
  for (size_t i = 0; i < kTypes; ++i) {
    const tn_dtype to = kElementTypes[(static_cast<size_t>(type) * 8 + i) % kTypes].dtype;
    if (!takes("", "Cast", to)) continue;
    add(cases, std::string("to_") + dtype_name(to), values_of(type, to, {3, 4, 5}), to);
  }
  add_unsaturated(cases, type);
  // Kinds of kernels in each shape.
  const tn_dtype other = type == TN_FLOAT32 ? TN_INT32 : TN_FLOAT32;
  for (const auto& [label, dims] : {std::pair{"long", Shape{4099}},
                                    {"scalar", Shape{}},
                                    {"empty", Shape{0, 3}},
                                    {"tail", Shape{17}}}) {
    add(cases, label, values_of(type, other, dims), other);
  }
  if (!in_set(type, type_set::kFloat)) return;
  add(cases, "special_to_bool", HostTensor(type, {4}, {NAN, INFINITY, -INFINITY, -0.0}), TN_BOOL);
  for (const tn_dtype to : {TN_FLOAT16, TN_BFLOAT16, TN_FLOAT32, TN_FLOAT64}) {
    const std::string label = std::string("special_to_") + dtype_name(to);
    add(cases, label, HostTensor(type, {4}, {NAN, INFINITY, -INFINITY, 0}), to);
  }
}

}  // namespace tenon::conformance
