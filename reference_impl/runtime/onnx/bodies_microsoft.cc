// SPDX-License-Identifier: Apache-2.0
//
// com.microsoft, as ONNX Runtime documents it: activations, products and normalizations.
#include "runtime/onnx/bodies.h"

namespace tenon::runtime::onnx_import {
namespace {

std::string float_attribute(const char* name, float value) {
  return std::string(name) + " = " + float_text(value);
}

void gelu(BodyWriter& b) { b.result(0, "Gelu(" + b.in(0) + ")"); }

void bias_gelu(BodyWriter& b) {
  b.result(0, "Gelu(" + b.make("Add(" + b.in(0) + ", " + b.in(1) + ")") + ")");
}

void fast_gelu(BodyWriter& b) {
  const std::string x = b.has(1) ? b.make("Add(" + b.in(0) + ", " + b.in(1) + ")") : b.in(0);
  b.result(0, "Gelu<approximate = \"tanh\">(" + x + ")");
}

void quick_gelu(BodyWriter& b) {
  const std::string alpha = b.number_like(b.real("alpha", 1.702f), b.in(0));
  const std::string scaled = b.make("Mul(" + b.in(0) + ", " + alpha + ")");
  b.result(0, "Mul(" + b.in(0) + ", " + b.make("Sigmoid(" + scaled + ")") + ")");
}

void bias_add(BodyWriter& b) {
  const std::string sum = b.make("Add(" + b.in(0) + ", " + b.in(1) + ")");
  b.result(0, "Add(" + sum + ", " + b.in(2) + ")");
}

// A factor whose rows come first among the batch dims, and which may be transposed.
std::string factor(BodyWriter& b, int input, const char* batch, const char* matrix) {
  std::string x = b.in(input);
  if (b.integer(batch, 0) != 0) x = b.make("Einsum<equation = \"i...j->...ij\">(" + x + ")");
  if (b.integer(matrix, 0) != 0 && b.rank(input) != size_t{1})
    x = b.make("Einsum<equation = \"...ij->...ji\">(" + x + ")");
  return x;
}

void fused_matmul(BodyWriter& b) {
  const std::string left = factor(b, 0, "transBatchA", "transA");
  const std::string right = factor(b, 1, "transBatchB", "transB");
  const float alpha = b.real("alpha", 1);
  const std::string product = "MatMul(" + left + ", " + right + ")";
  if (alpha == 1) return b.result(0, product);
  b.result(0, "Mul(" + b.make(product) + ", " + b.number_like(alpha, b.in(0)) + ")");
}

// The sum of input, skip and bias, which is an output of its own.
std::string skipped(BodyWriter& b, int bias) {
  std::string sum = b.make("Add(" + b.in(0) + ", " + b.in(1) + ")");
  if (b.has(bias)) sum = b.make("Add(" + sum + ", " + b.in(bias) + ")");
  b.result(3, "Identity(" + sum + ")");
  return sum;
}

void refuse_statistics(BodyWriter& b) {
  if (b.has_out(1) || b.has_out(2)) b.fail("its statistics are not given for inference");
}

void skip_layer_normalization(BodyWriter& b) {
  refuse_statistics(b);
  const std::string sum = skipped(b, 4);
  const std::string shift = b.has(3) ? ", " + b.in(3) : "";
  b.result(0, "LayerNormalization<axis = -1, " +
                  float_attribute("epsilon", b.real("epsilon", 1e-12f)) + ">(" + sum + ", " +
                  b.in(2) + shift + ")");
}

// x / sqrt(mean(x^2) + epsilon) along the last dims, in float32, then the scale in x's type.
std::string mean_square_normalized(BodyWriter& b, const std::string& x, const std::string& scale,
                                   int64_t axis, float epsilon, std::string* inverse) {
  const std::string wide = b.make("Cast<to = 1>(" + x + ")");
  const std::string squares = b.make("Mul(" + wide + ", " + wide + ")");
  std::string axes = b.integers({axis});
  if (axis != -1) {
    const std::string rank = b.make("Size(" + b.make("Shape(" + x + ")") + ")");
    const std::string first = axis < 0 ? b.make("Add(" + rank + ", " + b.integer_number(axis) + ")")
                                       : b.integer_number(axis);
    axes = b.make("Range(" + first + ", " + rank + ", " + b.integer_number(1) + ")");
  }
  const std::string mean = b.make("ReduceMean<keepdims = 1>(" + squares + ", " + axes + ")");
  const std::string moved = b.make("Add(" + mean + ", " + b.number(epsilon) + ")");
  *inverse = b.make("Reciprocal(" + b.make("Sqrt(" + moved + ")") + ")");
  const std::string normal = b.make("Mul(" + wide + ", " + *inverse + ")");
  const std::string narrow = b.make("CastLike(" + normal + ", " + scale + ")");
  return "Mul(" + narrow + ", " + scale + ")";
}

void simplified_layer_normalization(BodyWriter& b) {
  std::string inverse;
  const std::string y = mean_square_normalized(b, b.in(0), b.in(1), b.integer("axis", -1),
                                               b.real("epsilon", 1e-5f), &inverse);
  b.result(0, y);
  b.result(1, "Identity(" + inverse + ")");
}

void skip_simplified_layer_normalization(BodyWriter& b) {
  refuse_statistics(b);
  const std::string sum = skipped(b, 3);
  std::string inverse;
  b.result(0, mean_square_normalized(b, sum, b.in(2), -1, b.real("epsilon", 1e-12f), &inverse));
}

// Words, places and segments; the mask's outputs count its ones.
void embed_layer_normalization(BodyWriter& b) {
  std::string sum = b.make("Gather(" + b.in(2) + ", " + b.in(0) + ")");
  std::string places;
  if (b.has(8)) {
    places = b.make("Gather(" + b.in(3) + ", " + b.in(8) + ")");
  } else {
    const std::string dims = b.make("Shape(" + b.in(0) + ")");
    const std::string length = b.make("Gather(" + dims + ", " + b.integer_number(1) + ")");
    const std::string range =
        b.make("Range(" + b.integer_number(0) + ", " + length + ", " + b.integer_number(1) + ")");
    places = b.make("Gather(" + b.in(3) + ", " + range + ")");
  }
  sum = b.make("Add(" + sum + ", " + places + ")");
  if (b.has(1))
    sum = b.make("Add(" + sum + ", " + b.make("Gather(" + b.in(4) + ", " + b.in(1) + ")") + ")");
  b.result(0, "LayerNormalization<axis = -1, " +
                  float_attribute("epsilon", b.real("epsilon", 1e-12f)) + ">(" + sum + ", " +
                  b.in(5) + ", " + b.in(6) + ")");
  b.result(2, "Identity(" + sum + ")");
  if (!b.has_out(1)) return;
  const std::string axes = b.integers({1});
  if (b.has(7)) {
    const std::string ones = b.make("Cast<to = 6>(" + b.in(7) + ")");
    return b.result(1, "ReduceSum<keepdims = 0>(" + ones + ", " + axes + ")");
  }
  const std::string dims = b.make("Shape(" + b.in(0) + ")");
  const std::string batch =
      b.make("Slice(" + dims + ", " + b.integers({0}) + ", " + b.integers({1}) + ")");
  b.result(1, "ConstantOfShape<value = int32[1] {0}>(" + batch + ")");
}

}  // namespace

std::span<const Body> microsoft_bodies() {
  static constexpr char kDomain[] = "com.microsoft";
  static constexpr int kHasCastLike = 15, kOpset = 18, kHasGelu = 20;
  static constexpr Body kBodies[] = {
      {kDomain, "Gelu", kHasGelu, gelu},
      {kDomain, "BiasGelu", kHasGelu, bias_gelu},
      {kDomain, "FastGelu", kHasGelu, fast_gelu},
      {kDomain, "QuickGelu", kHasCastLike, quick_gelu},
      {kDomain, "BiasAdd", kHasCastLike, bias_add},
      {kDomain, "FusedMatMul", kOpset, fused_matmul},
      {kDomain, "TransposeMatMul", kOpset, fused_matmul},
      {kDomain, "SkipLayerNormalization", kOpset, skip_layer_normalization},
      {kDomain, "SimplifiedLayerNormalization", kOpset, simplified_layer_normalization},
      {kDomain, "SkipSimplifiedLayerNormalization", kOpset, skip_simplified_layer_normalization},
      {kDomain, "EmbedLayerNormalization", kOpset, embed_layer_normalization},
  };
  return kBodies;
}

}  // namespace tenon::runtime::onnx_import
