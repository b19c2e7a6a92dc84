// SPDX-License-Identifier: Apache-2.0
//
// Products of quantized tensors: MatMulInteger, ConvInteger, QLinearMatMul, QLinearConv, and those
// of ONNX Runtime. Integers are drawn so that no sum of 32 bits wraps but where a case says so.
#include <algorithm>
#include <cmath>
#include <string>

#include "cases/quantized.h"
#include "suite/case.h"

namespace tenon::conformance {
namespace {

constexpr const char* kMicrosoft = "com.microsoft";

HostTensor whole(tn_dtype type, const Shape& dims, uint32_t seed) {
  // What integer a sum of NaN becomes is not said.
  if (!is_integer(type)) return HostTensor::plain(type, dims, -2, 2, seed);
  return HostTensor::random(type, dims, least_of(type), most_of(type), seed);
}
HostTensor zeros(tn_dtype type, const Shape& dims, uint32_t seed) {
  if (!is_integer(type)) return HostTensor(type, dims);
  return HostTensor::random(type, dims, least_of(type) / 2, most_of(type) / 2, seed);
}
// Powers of two: so a product with them is exact.
HostTensor scales(tn_dtype type, const Shape& dims, int least, int most, uint32_t seed) {
  HostTensor made = HostTensor::random(TN_INT32, dims, least, most, seed);
  made.dtype = type;
  for (Real& value : made.values) value = std::ldexp(Real{1}, static_cast<int>(value));
  return made;
}

// A number for each line of an operand that is [..., lines, summed]: one for all, a vector, or with
// all of the operand's dims.
Real beside(const HostTensor& of, const Shape& index, bool of_rows) {
  if (of.count() == 1) return of.values[0];
  const size_t rank = index.size();
  if (of.dims.size() == 1) return of.at({index[of_rows ? rank - 2 : rank - 1]});
  return broadcast_at(of, index);
}

struct Operand {
  HostTensor data, zero;
  HostTensor scale = HostTensor::scalar(TN_FLOAT32, 1);
  bool has_zero = true;

  Real value(const Shape& at, const Shape& y, bool of_rows) const {
    return broadcast_at(data, at) - (has_zero ? beside(zero, y, of_rows) : 0);
  }
};

// Sums of (a - zero) (b - zero), in no type; [..., M, K] @ [..., K, N], K more than 1.
Grid<Sum> sums(const Operand& a, const Operand& b) {
  const auto batch = [](const HostTensor& t) { return Shape(t.dims.begin(), t.dims.end() - 2); };
  Shape dims = broadcast_shape(batch(a.data), batch(b.data));
  dims.push_back(a.data.dims[a.data.dims.size() - 2]);
  dims.push_back(b.data.dims.back());
  Grid<Sum> result{TN_INT32, dims, std::vector<Sum>(static_cast<size_t>(element_count(dims)))};
  for_each_index(dims, [&](const Shape& index) {
    Shape left = index, right = index;
    for (int64_t k = 0; k < a.data.dims.back(); ++k) {
      left.back() = k;
      right[right.size() - 2] = k;
      result.at(index).add(Number(a.value(left, index, true) * b.value(right, index, false)));
    }
  });
  return result;
}

// ---- MatMulInteger ----

void add_matmul_integer(Cases& cases, const std::string& label, const Operand& a,
                        const Operand& b) {
  const Grid<Sum> s = sums(a, b);
  Expected y(TN_INT32, s.dims);
  for (size_t i = 0; i < s.values.size(); ++i) y.values[i] = s.values[i].total().value;
  OperatorCase c{"", "MatMulInteger", label, a.data.dtype};
  c.in(a.data).in(b.data);
  if (a.has_zero || b.has_zero) a.has_zero ? c.in(a.zero) : c.absent();
  if (b.has_zero) c.in(b.zero);
  cases.push_back(c.out(y));
}

Operand operand(tn_dtype type, const Shape& dims, const Shape& zero_dims, uint32_t seed) {
  return {whole(type, dims, seed), zeros(type, zero_dims, seed + 10)};
}

void add_matmul_integer_cases(Cases& cases, tn_dtype type) {
  const tn_dtype other = type == TN_INT8 ? TN_UINT8 : TN_INT8;
  const auto add = [&](const char* label, const Operand& a, const Operand& b) {
    add_matmul_integer(cases, label, a, b);
  };
  const auto a = [&](const Shape& dims, const Shape& zero) { return operand(type, dims, zero, 1); };
  const auto b = [&](const Shape& dims, const Shape& zero) { return operand(type, dims, zero, 2); };
  add("matrices", a({5, 7}, {}), b({7, 6}, {}));
  add("other_type", a({5, 7}, {}), operand(other, {7, 6}, {}, 2));
  add("rows_and_columns", a({5, 7}, {5}), b({7, 6}, {6}));
  add("batches", a({2, 3, 4, 5}, {2, 3, 4, 1}), b({2, 3, 5, 6}, {2, 3, 1, 6}));
  add("tails", a({67, 63}, {}), b({63, 65}, {65}));
  add("large", a({33, 520}, {33}), b({520, 70}, {}));
  add("batch_broadcast", a({2, 1, 4, 5}, {}), b({3, 5, 6}, {}));
  add("one_weight", a({6, 4, 5}, {6, 4, 1}), b({5, 20}, {20}));
  add("tall", a({515, 3}, {}), b({3, 2}, {}));
  add("wide", a({2, 3}, {}), b({3, 4099}, {}));
  add("empty_inner", a({3, 0}, {}), b({0, 4}, {}));
  Operand plain_a = a({3, 40}, {}), plain_b = b({40, 17}, {});
  plain_a.has_zero = plain_b.has_zero = false;
  add("no_zeros", plain_a, plain_b);
  add("zero_of_b", plain_a, b({40, 17}, {}));
  add("zero_of_a", a({3, 40}, {}), plain_b);
  // The largest factors there are.
  Operand most_a = a({2, 64}, {}), most_b = b({64, 16}, {});
  for (Real& value : most_a.data.values) value = most_of(type);
  for (Real& value : most_b.data.values) value = most_of(type);
  most_a.zero.values = most_b.zero.values = {least_of(type)};
  add("most", most_a, most_b);
}

// ---- QLinearMatMul, MatMulIntegerToFloat, DynamicQuantizeMatMul, QGemm ----

Real float32(Real value) { return nearest(TN_FLOAT32, value); }

// What is left of a sum that was scaled by a factor, in a type.
Number rescaled(const Number& sum, Real factor, tn_dtype to, Real zero) {
  if (is_integer(to)) return saturated(to, sum.value * factor, zero);
  const Number exact = sum * Number(factor) + Number(zero);
  return {std::clamp(exact.value, -largest_of(to), largest_of(to)), exact.condition};
}

void add_qlinear_matmul(Cases& cases, const std::string& label, const Operand& a, const Operand& b,
                        tn_dtype to, tn_dtype scale_type = TN_FLOAT32) {
  const Grid<Sum> s = sums(a, b);
  // Floats are smaller than whole numbers by two orders of magnitude.
  const int floats = !is_integer(a.data.dtype) + !is_integer(b.data.dtype);
  const int digits = 8 - 6 * floats;
  const HostTensor y_scale = scales(scale_type, {}, digits, digits + 1, 4);
  const HostTensor y_zero = zeros(to, {}, 5);
  Expected y(to, s.dims);
  for_each_index(s.dims, [&](const Shape& i) {
    const Real factor =
        float32(float32(beside(a.scale, i, true) * beside(b.scale, i, false)) / y_scale.values[0]);
    y.at(i) = rescaled(s.at(i).total_in_sequence(), factor, to, y_zero.values[0]);
  });
  OperatorCase c{"", "QLinearMatMul", label, a.data.dtype};
  c.in(a.data).in(a.scale).in(a.zero).in(b.data).in(b.scale).in(b.zero);
  cases.push_back(c.in(y_scale).in(y_zero).out(y));
}

Operand scaled(Operand operand, tn_dtype scale_type, const Shape& dims, uint32_t seed) {
  operand.scale = scales(scale_type, dims, -1, 1, seed);
  return operand;
}

void add_qlinear_matmul_cases(Cases& cases, tn_dtype type) {
  const auto make = [&](tn_dtype of, const Shape& dims, const Shape& lines, uint32_t seed,
                        tn_dtype scale_type = TN_FLOAT32) {
    return scaled(operand(of, dims, lines, seed), scale_type, lines, seed + 20);
  };
  const tn_dtype other = type == TN_INT8 ? TN_UINT8 : TN_INT8;
  const auto add = [&](const std::string& label, const Operand& a, const Operand& b, tn_dtype to) {
    add_qlinear_matmul(cases, label, a, b, to, a.scale.dtype);
  };
  const bool is_whole = is_integer(type);
  add("matrices", make(type, {5, 7}, {}, 1), make(type, {7, 6}, {}, 2), is_whole ? type : TN_INT8);
  add("other_types", make(type, {5, 7}, {}, 1), make(other, {7, 6}, {}, 2), other);
  add("rows_and_columns", make(type, {5, 7}, {5}, 1), make(type, {7, 6}, {6}, 2), TN_UINT8);
  add("batches", make(type, {2, 3, 4, 5}, {2, 3, 4, 1}, 1),
      make(type, {2, 3, 5, 6}, {2, 3, 1, 6}, 2), TN_INT8);
  for (const tn_dtype by : {TN_FLOAT16, TN_BFLOAT16}) {
    add(std::string("by_") + dtype_name(by), make(type, {5, 7}, {}, 1, by),
        make(type, {7, 6}, {6}, 2, by), TN_UINT8);
  }
  for (const tn_dtype to : types_of("", "QLinearMatMul", true, 0)) {
    const std::string name = dtype_name(to);
    add("to_" + name, make(type, {5, 7}, {}, 1), make(type, {7, 6}, {}, 2), to);
    if (to != type)
      add("with_" + name, make(type, {5, 7}, {}, 1), make(to, {7, 6}, {}, 2), TN_INT8);
  }
  add("tails", make(type, {35, 63}, {}, 1), make(type, {63, 65}, {65}, 2), TN_UINT8);
  add("wide", make(type, {2, 3}, {}, 1), make(type, {3, 4099}, {}, 2), is_whole ? type : TN_INT8);
}

void add_to_float(Cases& cases, const std::string& label, const Operand& a, const Operand& b,
                  const HostTensor* bias, tn_dtype to) {
  const Grid<Sum> s = sums(a, b);
  Expected y(to, s.dims);
  for_each_index(s.dims, [&](const Shape& i) {
    const Number factor = Number(beside(a.scale, i, true)) * Number(beside(b.scale, i, false));
    const Real sum = s.at(i).total().value;
    y.at(i) = Number(sum, std::fabs(sum)) * factor;
    if (bias != nullptr) y.at(i) = y.at(i) + Number(bias->at({i.back()}));
  });
  OperatorCase c{kMicrosoft, "MatMulIntegerToFloat", label, a.data.dtype};
  c.in(a.data).in(b.data).in(a.scale).in(b.scale);
  if (a.has_zero || b.has_zero || bias != nullptr) a.has_zero ? c.in(a.zero) : c.absent();
  if (b.has_zero || bias != nullptr) b.has_zero ? c.in(b.zero) : c.absent();
  if (bias != nullptr) c.in(*bias);
  cases.push_back(c.out(y));
}

void add_to_float_cases(Cases& cases, tn_dtype type) {
  const tn_dtype other = type == TN_INT8 ? TN_UINT8 : TN_INT8;
  const auto make = [&](tn_dtype of, const Shape& dims, const Shape& lines, uint32_t seed,
                        tn_dtype by = TN_FLOAT32) {
    Operand made = operand(of, dims, lines, seed);
    made.scale = HostTensor::random(by, lines, 0.001L, 0.02L, seed + 20);
    return made;
  };
  const HostTensor bias = HostTensor::random(TN_FLOAT32, {6}, -3, 3, 9);
  const HostTensor half = HostTensor::random(TN_FLOAT16, {6}, -3, 3, 9);
  add_to_float(cases, "matrices", make(type, {5, 7}, {}, 1), make(type, {7, 6}, {}, 2), nullptr,
               TN_FLOAT32);
  add_to_float(cases, "bias", make(type, {5, 7}, {}, 1), make(other, {7, 6}, {6}, 2), &bias,
               TN_FLOAT32);
  add_to_float(cases, "half", make(type, {5, 7}, {}, 1, TN_FLOAT16),
               make(other, {7, 6}, {6}, 2, TN_FLOAT16), &half, TN_FLOAT16);
  add_to_float(cases, "batches", make(type, {3, 2, 5}, {}, 1), make(type, {3, 5, 6}, {}, 2), &bias,
               TN_FLOAT32);
  Operand a = make(type, {9, 130}, {}, 1), b = make(type, {130, 33}, {33}, 2);
  a.has_zero = b.has_zero = false;
  add_to_float(cases, "no_zeros", a, b, nullptr, TN_FLOAT32);
  add_to_float(cases, "wide", make(type, {2, 3}, {}, 1), make(type, {3, 4099}, {}, 2), nullptr,
               TN_FLOAT32);
}

// A has 256 values one quantum apart, so that it is quantized exactly.
void add_dynamic(Cases& cases, const char* label, const Shape& a_dims, tn_dtype b_type,
                 const Shape& b_dims, const Shape& lines, bool with_zero, bool with_bias) {
  const Real step = 1.0L / 64;
  Operand a{HostTensor::random(TN_UINT8, a_dims, 0, 255, 1),
            HostTensor::scalar(TN_UINT8, varied(90, 201)), HostTensor::scalar(TN_FLOAT32, step)};
  a.data.values[0] = 0;
  a.data.values[1] = 255;
  Operand b = operand(b_type, b_dims, lines, 2);
  b.has_zero = with_zero;
  b.scale = HostTensor::random(TN_FLOAT32, lines, 0.001L, 0.02L, 22);
  HostTensor x(TN_FLOAT32, a_dims);
  for (size_t i = 0; i < x.values.size(); ++i)
    x.values[i] = (a.data.values[i] - a.zero.values[0]) * step;
  const HostTensor bias = HostTensor::random(TN_FLOAT32, {b_dims.back()}, -3, 3, 9);
  add_to_float(cases, label, a, b, with_bias ? &bias : nullptr, TN_FLOAT32);
  OperatorCase c{kMicrosoft, "DynamicQuantizeMatMul", label, TN_FLOAT32};
  c.in(x).in(b.data).in(b.scale);
  if (with_zero || with_bias) with_zero ? c.in(b.zero) : c.absent();
  if (with_bias) c.in(bias);
  c.out(cases.back().outputs[0]);
  cases.back() = c;
}

void add_dynamic_cases(Cases& cases) {
  add_dynamic(cases, "int8", {5, 7}, TN_INT8, {7, 6}, {}, true, false);
  add_dynamic(cases, "uint8", {5, 7}, TN_UINT8, {7, 6}, {6}, true, true);
  add_dynamic(cases, "no_zero", {2, 3, 40}, TN_INT8, {40, 19}, {19}, false, false);
  add_dynamic(cases, "wide", {2, 3}, TN_INT8, {3, 4099}, {}, true, false);
  add_dynamic(cases, "bias", {3, 33}, TN_INT8, {33, 17}, {}, false, true);
}

struct GemmOptions {
  bool trans_a = false, trans_b = false;
  float alpha = 1;
  Shape c_dims = {};
  bool with_c = false;
  tn_dtype to = TN_FLOAT32;
  bool columns = false;
};

HostTensor turned(const HostTensor& matrix, bool turn) {
  if (!turn) return matrix;
  HostTensor result(matrix.dtype, {matrix.dims[1], matrix.dims[0]});
  for_each_index(result.dims, [&](const Shape& i) { result.at(i) = matrix.at({i[1], i[0]}); });
  return result;
}

void add_qgemm(Cases& cases, const char* label, tn_dtype type, tn_dtype b_type, GemmOptions o) {
  const Shape lines = o.columns ? Shape{6} : Shape{};
  const Operand a = scaled(operand(type, {5, 37}, {}, 1), TN_FLOAT32, {}, 21);
  const Operand b = scaled(operand(b_type, {37, 6}, lines, 2), TN_FLOAT32, lines, 22);
  const HostTensor addend = HostTensor::random(TN_INT32, o.c_dims, -70000, 70000, 3);
  const bool is_whole = is_integer(o.to);
  const HostTensor y_scale = scales(TN_FLOAT32, {}, 10, 11, 4);
  const HostTensor y_zero = zeros(is_whole ? o.to : TN_INT8, {}, 5);
  const Grid<Sum> s = sums(a, b);
  Expected y(o.to, s.dims);
  for_each_index(s.dims, [&](const Shape& i) {
    const Real sum = s.at(i).total().value + (o.with_c ? broadcast_at(addend, i) : 0);
    const Real factor = float32(float32(o.alpha * a.scale.values[0]) * beside(b.scale, i, false));
    y.at(i) =
        is_whole
            ? Number(saturated(o.to, sum * float32(factor / y_scale.values[0]), y_zero.values[0]))
            : Number(sum, std::fabs(sum)) * Number(factor, 2 * std::fabs(factor));
  });
  OperatorCase c{kMicrosoft, "QGemm", label, type};
  c.in(turned(a.data, o.trans_a)).in(a.scale).in(a.zero);
  c.in(turned(b.data, o.trans_b)).in(b.scale).in(b.zero);
  if (o.with_c || is_whole) o.with_c ? c.in(addend) : c.absent();
  if (is_whole) c.in(y_scale).in(y_zero);
  c.attribute("alpha", o.alpha).attribute("transA", int64_t{o.trans_a});
  cases.push_back(c.attribute("transB", int64_t{o.trans_b}).out(y));
}

void add_qgemm_cases(Cases& cases, tn_dtype type) {
  const tn_dtype other = type == TN_INT8 ? TN_UINT8 : TN_INT8;
  add_qgemm(cases, "to_float", type, type, {});
  add_qgemm(cases, "plain", type, other, {false, false, 1, {6}, true, type});
  add_qgemm(cases, "transposed", type, type, {true, true, 0.5f, {5, 6}, true, other});
  add_qgemm(cases, "columns", type, other, {false, true, 2, {5, 1}, true, TN_UINT8, true});
  add_qgemm(cases, "no_c", type, type, {true, false, 1, {}, false, TN_INT8, true});
  add_qgemm(cases, "float_columns", type, other, {false, true, 0.75f, {}, true, TN_FLOAT32, true});
}

// ---- ConvInteger, QLinearConv ----

struct Geometry {
  std::vector<int64_t> strides, pads, dilations;
  int64_t group = 1;
};

// Sums of (x - zero) (w - zero) under each position; what lies in padding is 0.
Grid<Sum> conv_sums(const Operand& x, const Operand& w, const Geometry& g) {
  const Shape &xd = x.data.dims, &wd = w.data.dims;
  const size_t spatial = xd.size() - 2;
  Shape dims{xd[0], wd[0]};
  for (size_t d = 0; d < spatial; ++d) {
    const int64_t reach = g.dilations[d] * (wd[2 + d] - 1) + 1;
    dims.push_back((xd[2 + d] + g.pads[d] + g.pads[spatial + d] - reach) / g.strides[d] + 1);
  }
  Grid<Sum> result{TN_INT32, dims, std::vector<Sum>(static_cast<size_t>(element_count(dims)))};
  const int64_t filters = wd[0] / g.group;
  for_each_index(dims, [&](const Shape& out) {
    for_each_index(Shape(wd.begin() + 1, wd.end()), [&](const Shape& tap) {
      Shape in{out[0], out[1] / filters * wd[1] + tap[0]}, weight{out[1]};
      for (size_t d = 0; d < spatial; ++d) {
        const int64_t at = out[2 + d] * g.strides[d] - g.pads[d] + tap[1 + d] * g.dilations[d];
        if (at < 0 || at >= xd[2 + d]) return;
        in.push_back(at);
      }
      weight.insert(weight.end(), tap.begin(), tap.end());
      const Real w_zero = w.zero.values[w.zero.count() == 1 ? 0 : static_cast<size_t>(out[1])];
      const Real left = x.data.at(in) - (x.has_zero ? x.zero.values[0] : 0);
      result.at(out).add(Number(left * (w.data.at(weight) - (w.has_zero ? w_zero : 0))));
    });
  });
  return result;
}

OperatorCase with(OperatorCase c, const Shape& w, const Geometry& g) {
  c.attribute("kernel_shape", std::vector<int64_t>(w.begin() + 2, w.end()));
  c.attribute("strides", g.strides).attribute("pads", g.pads);
  return c.attribute("dilations", g.dilations).attribute("group", g.group);
}

void add_conv_integer(Cases& cases, const char* label, const Operand& x, const Operand& w,
                      const Geometry& g) {
  const Grid<Sum> s = conv_sums(x, w, g);
  Expected y(TN_INT32, s.dims);
  for (size_t i = 0; i < s.values.size(); ++i) y.values[i] = s.values[i].total().value;
  OperatorCase c = with({"", "ConvInteger", label, x.data.dtype}, w.data.dims, g);
  c.in(x.data).in(w.data);
  if (x.has_zero || w.has_zero) x.has_zero ? c.in(x.zero) : c.absent();
  if (w.has_zero) c.in(w.zero);
  cases.push_back(c.out(y));
}

void add_qlinear_conv(Cases& cases, const char* label, const Operand& x, const Operand& w,
                      const Geometry& g, tn_dtype to, bool with_bias) {
  const Grid<Sum> s = conv_sums(x, w, g);
  const HostTensor y_scale = scales(TN_FLOAT32, {}, 8, 9, 4), y_zero = zeros(to, {}, 5);
  const HostTensor bias = HostTensor::random(TN_INT32, {w.data.dims[0]}, -20000, 20000, 6);
  Expected y(to, s.dims);
  for_each_index(s.dims, [&](const Shape& i) {
    const auto filter = static_cast<size_t>(i[1]);
    const Real scale = w.scale.values[w.scale.count() == 1 ? 0 : filter];
    const Real factor = float32(float32(x.scale.values[0] * scale) / y_scale.values[0]);
    const Real sum = s.at(i).total().value + (with_bias ? bias.values[filter] : 0);
    y.at(i) = saturated(to, sum * factor, y_zero.values[0]);
  });
  OperatorCase c = with({"", "QLinearConv", label, x.data.dtype}, w.data.dims, g);
  c.in(x.data).in(x.scale).in(x.zero).in(w.data).in(w.scale).in(w.zero).in(y_scale).in(y_zero);
  if (with_bias) c.in(bias);
  cases.push_back(c.out(y));
}

void add_conv_cases(Cases& cases, tn_dtype type) {
  const tn_dtype other = type == TN_INT8 ? TN_UINT8 : TN_INT8;
  struct Form {
    const char* label;
    Shape x, w;
    Geometry g;
    bool filters;  // A zero point and a scale for each.
    tn_dtype w_type, to;
  };
  const Form forms[] = {
      {"3x3", {2, 3, 8, 9}, {4, 3, 3, 3}, {{1, 1}, {1, 1, 1, 1}, {1, 1}, 1}, false, type, type},
      {"groups_strides_dilations",
       {1, 6, 9, 12},
       {4, 3, 2, 3},
       {{2, 1}, {1, 2, 0, 1}, {1, 2}, 2},
       true,
       other,
       other},
      {"strides_pads",
       {1, 3, 9, 10},
       {4, 3, 3, 2},
       {{2, 3}, {1, 0, 2, 1}, {1, 1}, 1},
       true,
       type,
       other},
      {"depthwise",
       {1, 5, 7, 7},
       {5, 1, 3, 3},
       {{2, 2}, {1, 1, 1, 1}, {1, 1}, 5},
       true,
       type,
       type},
      {"1x1", {2, 8, 5, 5}, {6, 8, 1, 1}, {{1, 1}, {0, 0, 0, 0}, {1, 1}, 1}, false, other, type},
      {"1d", {2, 3, 20}, {4, 3, 5}, {{2}, {2, 2}, {1}, 1}, false, type, TN_UINT8},
      {"3d",
       {1, 2, 5, 6, 4},
       {3, 2, 2, 3, 2},
       {{1, 1, 1}, {0, 1, 0, 0, 1, 0}, {1, 1, 1}, 1},
       true,
       type,
       TN_INT8},
      {"long", {1, 1, 4103}, {2, 1, 5}, {{1}, {2, 2}, {1}, 1}, false, type, type},
      {"deep",
       {1, 129, 4, 4},
       {19, 129, 3, 3},
       {{1, 1}, {1, 1, 1, 1}, {1, 1}, 1},
       true,
       type,
       type},
  };
  for (const Form& f : forms) {
    const Shape lines = f.filters ? Shape{f.w[0]} : Shape{};
    const Operand x = scaled(operand(type, f.x, {}, 1), TN_FLOAT32, {}, 21);
    const Operand w = scaled(operand(f.w_type, f.w, lines, 2), TN_FLOAT32, lines, 22);
    if (takes("", "ConvInteger", type)) add_conv_integer(cases, f.label, x, w, f.g);
    if (takes("", "QLinearConv", type))
      add_qlinear_conv(cases, f.label, x, w, f.g, f.to, f.filters || f.x.size() != 4);
  }
  Operand x = operand(type, {1, 2, 5, 5}, {}, 1), w = operand(type, {3, 2, 2, 2}, {}, 2);
  x.has_zero = w.has_zero = false;
  add_conv_integer(cases, "no_zeros", x, w, {{1, 1}, {1, 1, 1, 1}, {1, 1}, 1});
}

// ---- MatMulNBits ----

struct BitOptions {
  int64_t rows = 3, k = 70, n = 5, bits = 4, block = 16;
  tn_dtype zero = TN_DTYPE_UNDEFINED;
  bool groups = false, bias = false, flat = false;
};

void add_nbits(Cases& cases, const char* label, tn_dtype type, const BitOptions& o) {
  const int64_t blocks = (o.k + o.block - 1) / o.block, blob = o.block * o.bits / 8;
  const int64_t packed = (blocks * o.bits + 7) / 8, codes = int64_t{1} << o.bits;
  const HostTensor a = HostTensor::random(type, {o.rows, o.k}, -1, 1, 1);
  const HostTensor b = HostTensor::random(TN_UINT8, {o.n, blocks, blob}, 0, 255, 2);
  const HostTensor scale =
      HostTensor::random(type, o.flat ? Shape{o.n * blocks} : Shape{o.n, blocks}, 0.01L, 0.1L, 3);
  const bool is_packed = o.zero == TN_UINT8;
  const HostTensor zero =
      is_packed ? HostTensor::random(TN_UINT8, {o.n, packed}, 0, 255, 4)
                : HostTensor::random(type, {o.n, blocks}, 1, static_cast<Real>(codes - 2), 4);
  HostTensor index = HostTensor::random(TN_INT32, {o.k}, 0, static_cast<Real>(blocks - 1), 5);
  const HostTensor bias = HostTensor::random(type, {o.n}, -1, 1, 6);
  const auto bits_of = [&](Real byte, int64_t at) {
    return static_cast<Real>(static_cast<int64_t>(byte) >> at * o.bits & (codes - 1));
  };
  const auto weight = [&](int64_t k, int64_t n) {
    const int64_t block = k / o.block, in_byte = 8 / o.bits, at = k % o.block;
    const int64_t group = o.groups ? static_cast<int64_t>(index.at({k})) : block;
    const Real q = bits_of(b.at({n, block, at / in_byte}), at % in_byte);
    Real z = static_cast<Real>(codes / 2);
    if (is_packed) z = bits_of(zero.at({n, group / in_byte}), group % in_byte);
    if (!is_packed && o.zero != TN_DTYPE_UNDEFINED) z = zero.at({n, group});
    return (Number(q) - Number(z)) * Number(scale.values[static_cast<size_t>(n * blocks + group)]);
  };
  Expected y(type, {o.rows, o.n});
  for_each_index(y.dims, [&](const Shape& i) {
    Sum sum;
    for (int64_t k = 0; k < o.k; ++k) sum.add(Number(a.at({i[0], k})) * weight(k, i[1]));
    y.at(i) = sum.total_in_sequence();
    if (o.bias) y.at(i) = y.at(i) + Number(bias.at({i[1]}));
  });
  OperatorCase c{kMicrosoft, "MatMulNBits", label, type};
  c.in(a).in(b).in(scale);
  const bool has_zero = o.zero != TN_DTYPE_UNDEFINED;
  if (has_zero || o.groups || o.bias) has_zero ? c.in(zero) : c.absent();
  if (o.groups || o.bias) o.groups ? c.in(index) : c.absent();
  if (o.bias) c.in(bias);
  c.attribute("K", o.k).attribute("N", o.n).attribute("bits", o.bits);
  cases.push_back(c.attribute("block_size", o.block).out(y));
}

void add_nbits_cases(Cases& cases, tn_dtype type) {
  add_nbits(cases, "4_bits", type, {});
  add_nbits(cases, "zeros", type, {.zero = TN_UINT8});
  add_nbits(cases, "float_zeros", type, {.k = 64, .block = 32, .zero = type});
  add_nbits(cases, "groups", type, {.zero = TN_UINT8, .groups = true, .bias = true});
  add_nbits(cases, "2_bits", type, {.bits = 2, .block = 32, .zero = TN_UINT8});
  add_nbits(cases, "8_bits", type, {.bits = 8, .zero = TN_UINT8, .bias = true});
  add_nbits(cases, "flat_scales", type, {.k = 128, .n = 19, .block = 128, .flat = true});
  add_nbits(cases, "wide", type, {.rows = 2, .k = 16, .n = 4099});
  add_nbits(cases, "rows", type, {.rows = 67, .k = 33, .n = 17, .bias = true});
}

}  // namespace

void add_quantized_product_cases(Cases& cases, tn_dtype type) {
  if (takes("", "MatMulInteger", type)) add_matmul_integer_cases(cases, type);
  if (takes("", "QLinearMatMul", type)) add_qlinear_matmul_cases(cases, type);
  if (takes("", "ConvInteger", type)) add_conv_cases(cases, type);
  if (takes(kMicrosoft, "MatMulIntegerToFloat", type)) add_to_float_cases(cases, type);
  if (takes(kMicrosoft, "QGemm", type)) add_qgemm_cases(cases, type);
  if (takes(kMicrosoft, "DynamicQuantizeMatMul", type)) add_dynamic_cases(cases);
  if (takes(kMicrosoft, "MatMulNBits", type)) add_nbits_cases(cases, type);
}

}  // namespace tenon::conformance
