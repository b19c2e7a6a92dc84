// SPDX-License-Identifier: Apache-2.0
//
// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear.
#include <algorithm>
#include <cmath>
#include <string>

#include "cases/quantized.h"
#include "suite/case.h"
#include "suite/contract.h"

namespace tenon::conformance {

// The nearest value of a type; of none, the value itself.
Real nearest(tn_dtype type, Real value) {
  return type == TN_DTYPE_UNDEFINED ? value : HostTensor(type, Shape{}, Values{value}).values[0];
}

Real half_even(Real value) {
  const Real floor = std::floor(value), rest = value - floor;
  return rest > 0.5L || (rest == 0.5L && std::fmod(floor, 2) != 0) ? floor + 1 : floor;
}

Real saturated(tn_dtype type, Real value, Real zero) {
  return std::clamp(half_even(value) + zero, least_of(type), most_of(type));
}

Real largest_of(tn_dtype type) {
  const FloatForm& form = element_type(type).form;
  const int exponent = static_cast<int>(form.largest >> form.mantissa_bits) - form.bias;
  const auto ones = static_cast<Real>(form.largest & ((uint64_t{1} << form.mantissa_bits) - 1));
  return std::ldexp(1 + std::ldexp(ones, -form.mantissa_bits), exponent);
}

std::vector<tn_dtype> types_of(const char* domain, const char* name, bool output, size_t at) {
  const ContractVersion& version = find_contract(domain, name)->versions[0];
  const ContractParameter* parameter = output ? version.output(at) : version.input(at);
  std::vector<tn_dtype> types;
  for (const ElementType& row : kElementTypes)
    if (in_set(row.dtype, parameter->dtypes)) types.push_back(row.dtype);
  return types;
}

namespace {

constexpr tn_dtype kNone = TN_DTYPE_UNDEFINED;

// Scales and zero points of a tensor: one, one for each index of `axis`, or for each `block` there.
struct Blocks {
  HostTensor scale, zero;
  int64_t axis = 1, block = 0;
  bool has_zero = true;

  Real at(const HostTensor& of, const Shape& index) const {
    if (of.count() == 1) return of.values[0];
    const auto rank = static_cast<int64_t>(index.size());
    // Of a vector it is 0, whatever it says.
    const auto along = static_cast<size_t>(rank == 1 ? 0 : axis < 0 ? axis + rank : axis);
    if (block == 0) return of.at({index[along]});
    Shape place = index;
    place[along] /= block;
    return of.at(place);
  }
  Real zero_at(const Shape& index) const { return has_zero ? at(zero, index) : 0; }
};

// Powers of two from 2^-4 to 2: so quotients are exact in each type, ties included.
HostTensor powers(tn_dtype type, const Shape& dims, uint32_t seed) {
  HostTensor scale = HostTensor::random(TN_INT32, dims, type == TN_INT32 ? 0 : -4, 1, seed);
  scale.dtype = type;
  for (Real& value : scale.values) value = std::ldexp(Real{1}, static_cast<int>(value));
  return scale;
}

HostTensor zeros_of(tn_dtype type, const Shape& dims) {
  const bool whole = is_integer(type);
  if (!whole) return HostTensor(type, dims);
  return HostTensor::random(type, dims, least_of(type) / 4, most_of(type) / 2, 7);
}

Blocks blocks_of(tn_dtype scale_type, tn_dtype zero_type, const Shape& dims, int64_t axis = 1,
                 int64_t block = 0) {
  Blocks blocks{powers(scale_type, dims, 5), zeros_of(zero_type, dims), axis, block};
  return blocks;
}

// ---- QuantizeLinear ----

Number quantized(tn_dtype to, Real x, Real scale, Real zero, tn_dtype precision, bool saturate) {
  const Real quotient = nearest(precision, nearest(precision, x) / nearest(precision, scale));
  if (is_integer(to)) return saturated(to, quotient, zero);
  const Real sum = quotient + zero;
  if (!is_float(to)) return sum;  // It has no other end than its largest value.
  const Real largest = largest_of(to);
  if (saturate) return std::clamp(sum, -largest, largest);
  if (std::fabs(sum) < largest * 1.2L) return sum;  // No case is nearer to where it overflows.
  return to == TN_FLOAT8E5M2 ? std::copysign(INFINITY, sum) : NAN;
}

struct QuantizeOptions {
  tn_dtype precision = kNone;
  bool saturate = true;
};

void add_quantize(Cases& cases, const std::string& label, const HostTensor& x, tn_dtype to,
                  const Blocks& blocks, QuantizeOptions options = {}) {
  const tn_dtype scale_type = blocks.scale.dtype;
  const tn_dtype precision = options.precision != kNone ? options.precision
                             : scale_type == TN_INT32   ? kNone
                                                        : scale_type;
  Expected y(to, x.dims);
  for_each_index(x.dims, [&](const Shape& i) {
    y.at(i) = quantized(to, x.at(i), blocks.at(blocks.scale, i), blocks.zero_at(i), precision,
                        options.saturate);
  });
  OperatorCase c{"", "QuantizeLinear", label, x.dtype};
  c.in(x).in(blocks.scale);
  if (blocks.has_zero) c.in(blocks.zero);
  if (blocks.axis != 1) c.attribute("axis", blocks.axis);
  if (blocks.block != 0) c.attribute("block_size", blocks.block);
  if (!blocks.has_zero && to != TN_UINT8) c.attribute("output_dtype", int64_t{to});
  if (options.precision != kNone) c.attribute("precision", int64_t{options.precision});
  if (!options.saturate) c.attribute("saturate", int64_t{0});
  cases.push_back(c.out(y));
}

// Values that reach beyond both ends of `to` at most scales.
HostTensor numbers_for(tn_dtype type, tn_dtype to, const Shape& dims) {
  const bool wide =
      to == TN_UINT16 || to == TN_INT16;  // Quotients of a float16 are no more than 65504.
  const Real most = wide ? 3900 : is_integer(to) ? 300 : 9;
  // What integer NaN becomes is not said.
  return is_integer(to) ? HostTensor::plain(type, dims, -most, most, 1)
                        : HostTensor::random(type, dims, -most, most, 1);
}

void add_quantize_cases(Cases& cases, tn_dtype type) {
  const tn_dtype scale = type == TN_INT32 ? TN_FLOAT32 : type;
  const auto x = [&](const Shape& dims) { return numbers_for(type, TN_UINT8, dims); };
  add_quantize(cases, "tensor", x({3, 4, 5}), TN_UINT8, blocks_of(scale, TN_UINT8, {}));
  add_quantize(cases, "axis", x({3, 4, 5}), TN_INT8, blocks_of(scale, TN_INT8, {4}));
  add_quantize(cases, "last_axis", x({3, 4, 5}), TN_UINT8, blocks_of(scale, TN_UINT8, {5}, -1));
  add_quantize(cases, "blocks", x({4, 7, 3}), TN_UINT8,
               blocks_of(scale, TN_UINT8, {4, 4, 3}, 1, 2));
  for (const tn_dtype to : types_of("", "QuantizeLinear", true, 0)) {
    add_quantize(cases, std::string("to_") + dtype_name(to), numbers_for(type, to, {3, 4, 5}), to,
                 blocks_of(scale, to, {4}));
  }
  for (const tn_dtype by : types_of("", "QuantizeLinear", false, 1)) {
    if (by == scale) continue;
    add_quantize(cases, std::string("by_") + dtype_name(by), x({3, 4, 5}), TN_INT8,
                 blocks_of(by, TN_INT8, {}));
  }

  add_quantize(cases, "long", x({4099}), TN_INT8, blocks_of(scale, TN_INT8, {}));
  add_quantize(cases, "long_rows", x({3, 1500}), TN_UINT8, blocks_of(scale, TN_UINT8, {3}, 0));
  add_quantize(cases, "last_blocks", x({3, 70}), TN_INT8, blocks_of(scale, TN_INT8, {3, 5}, 1, 16));
  add_quantize(cases, "first_blocks", x({5, 6}), TN_UINT8,
               blocks_of(scale, TN_UINT8, {2, 6}, 0, 4));
  add_quantize(cases, "scalar", x({}), TN_UINT8, blocks_of(scale, TN_UINT8, {}));
  add_quantize(cases, "vector", x({6}), TN_INT8, blocks_of(scale, TN_INT8, {6}));
  add_quantize(cases, "empty", x({0, 3}), TN_UINT8, blocks_of(scale, TN_UINT8, {}));
  Blocks plain = blocks_of(scale, TN_UINT8, {});
  plain.has_zero = false;
  add_quantize(cases, "no_zero", x({17}), TN_UINT8, plain);
  add_quantize(cases, "output_dtype", x({17}), TN_INT8, plain);

  // Beyond the largest number: NaN where there is no infinity.
  for (const tn_dtype to : {TN_FLOAT8E4M3FN, TN_FLOAT8E5M2}) {
    add_quantize(cases, std::string("overflow_") + dtype_name(to),
                 HostTensor(type, {4}, {3, -10000, 10000, -2}), to,
                 {HostTensor::scalar(scale, 0.125L), HostTensor(to, Shape{}), 1, 0},
                 {kNone, false});
  }

  // Quotients that are not exact, and are rounded where the scale, or `precision`, says.
  if (type == TN_INT32) return;
  Blocks thirds = blocks_of(scale, TN_INT8, {});
  thirds.scale = HostTensor::plain(scale, {4}, 0.3L, 1.7L, 9);
  thirds.zero = zeros_of(TN_INT8, {4});
  const HostTensor some = HostTensor::plain(type, {6, 4}, -90, 90, 3);
  add_quantize(cases, "quotients", some, TN_INT8, thirds);
  add_quantize(cases, "precision", some, TN_INT8, thirds, {TN_BFLOAT16});
  add_quantize(cases, "precise", some, TN_INT8, thirds, {TN_FLOAT32});
}

// ---- DequantizeLinear ----

void add_dequantize(Cases& cases, const std::string& label, const HostTensor& x, tn_dtype to,
                    const Blocks& blocks) {
  Expected y(to, x.dims);
  for_each_index(x.dims, [&](const Shape& i) {
    const Real difference = x.at(i) - blocks.zero_at(i);
    // Of 32 bits it is a float32 only once it is rounded.
    y.at(i) = Number(difference, x.dtype == TN_INT32 ? std::fabs(difference) : 0) *
              Number(blocks.at(blocks.scale, i));
  });
  OperatorCase c{"", "DequantizeLinear", label, x.dtype};
  c.in(x).in(blocks.scale);
  if (blocks.has_zero) c.in(blocks.zero);
  if (blocks.axis != 1) c.attribute("axis", blocks.axis);
  if (blocks.block != 0) c.attribute("block_size", blocks.block);
  if (to != blocks.scale.dtype) c.attribute("output_dtype", int64_t{to});
  cases.push_back(c.out(y));
}

void add_dequantize_cases(Cases& cases, tn_dtype type) {
  const auto x = [&](const Shape& dims) {
    if (!is_integer(type)) return HostTensor::random(type, dims, -6, 6, 1);
    const Real most = std::fmin(most_of(type), 1 << 28);
    return HostTensor::random(type, dims, std::fmax(least_of(type), -most), most, 1);
  };
  const auto blocks = [&](const Shape& dims, int64_t axis = 1, int64_t block = 0,
                          tn_dtype by = TN_FLOAT32) {
    Blocks made{HostTensor::random(by, dims, 0.01L, 0.3L, 5), zeros_of(type, dims), axis, block};
    // There is none of 32 bits but 0.
    if (type == TN_INT32) made.zero = HostTensor(type, dims);
    return made;
  };
  add_dequantize(cases, "tensor", x({3, 4, 5}), TN_FLOAT32, blocks({}));
  add_dequantize(cases, "axis", x({3, 4, 5}), TN_FLOAT32, blocks({4}));
  add_dequantize(cases, "last_axis", x({3, 4, 5}), TN_FLOAT32, blocks({5}, -1));
  add_dequantize(cases, "blocks", x({4, 7, 3}), TN_FLOAT32, blocks({4, 4, 3}, 1, 2));
  // 16 bits hold no more than 65504.
  for (const tn_dtype by : {TN_FLOAT16, TN_BFLOAT16}) {
    const std::string name = dtype_name(by);
    Blocks small = blocks({4}, 1, 0, by);
    if (type == TN_INT32) small.scale = HostTensor::random(by, {4}, 1e-5L, 1e-4L, 5);
    add_dequantize(cases, "by_" + name, x({3, 4, 5}), by, small);
    add_dequantize(cases, "from_" + name, x({3, 4, 5}), TN_FLOAT32, small);
  }
  add_dequantize(cases, "long", x({4099}), TN_FLOAT32, blocks({}));
  add_dequantize(cases, "long_rows", x({3, 1500}), TN_FLOAT32, blocks({3}, 0));
  add_dequantize(cases, "last_blocks", x({3, 70}), TN_FLOAT32, blocks({3, 5}, -1, 16));
  add_dequantize(cases, "first_blocks", x({5, 6}), TN_FLOAT32, blocks({2, 6}, 0, 4));
  add_dequantize(cases, "scalar", x({}), TN_FLOAT32, blocks({}));
  add_dequantize(cases, "vector", x({6}), TN_FLOAT32, blocks({6}));
  add_dequantize(cases, "empty", x({0, 3}), TN_FLOAT32, blocks({}));
  Blocks plain = blocks({});
  plain.has_zero = false;
  add_dequantize(cases, "no_zero", x({17}), TN_FLOAT32, plain);
}

// ---- DynamicQuantizeLinear: each step rounded to float32 ----

void add_dynamic(Cases& cases, const char* label, const HostTensor& x) {
  Real low = 0, high = 0;
  for (const Real value : x.values) low = std::fmin(low, value), high = std::fmax(high, value);
  const auto rounded = [](Real value) { return nearest(TN_FLOAT32, value); };
  const Number spread = high == low ? Number(1) : Number(high) - Number(low);
  const Number exact = spread / Number(255);
  const Real scale = rounded(rounded(spread.value) / 255);
  const Real zero = saturated(TN_UINT8, rounded(-rounded(low / scale)), 0);
  Expected y(TN_UINT8, x.dims);
  for (size_t i = 0; i < x.values.size(); ++i)
    y.values[i] = saturated(TN_UINT8, rounded(x.values[i] / scale), zero);
  OperatorCase c{"", "DynamicQuantizeLinear", label, x.dtype};
  cases.push_back(c.in(x)
                      .out(y)
                      .out(Expected(TN_FLOAT32, Shape{}, {exact}))
                      .out(Expected(TN_UINT8, Shape{}, {Number(zero)})));
}

void add_dynamic_cases(Cases& cases, tn_dtype type) {
  // 256 values one quantum apart: all is exact.
  HostTensor steps(type, {16, 16});
  for (size_t i = 0; i < 256; ++i) steps.values[i] = (static_cast<Real>(i) - varied(100, 31)) / 64;
  add_dynamic(cases, "steps", steps);
  add_dynamic(cases, "random", HostTensor::random(type, {3, 4, 5}, -2, 5, 1));
  add_dynamic(cases, "positive", HostTensor::random(type, {7, 3}, 1, 5, 1));
  add_dynamic(cases, "negative", HostTensor::random(type, {19}, -3, -1, 1));
  add_dynamic(cases, "long", HostTensor::random(type, {4099}, -1, 1, 1));
  add_dynamic(cases, "zeros", HostTensor(type, {5}));
  add_dynamic(cases, "scalar", HostTensor::random(type, {}, 1, 2, 1));
}

}  // namespace

void add_quantized_cases(Cases& cases, tn_dtype type) {
  if (takes("", "QuantizeLinear", type)) add_quantize_cases(cases, type);
  if (takes("", "DequantizeLinear", type)) add_dequantize_cases(cases, type);
  if (takes("", "DynamicQuantizeLinear", type)) add_dynamic_cases(cases, type);
}

}  // namespace tenon::conformance
