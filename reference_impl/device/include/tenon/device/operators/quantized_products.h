// SPDX-License-Identifier: Apache-2.0
//
// The halves of products of quantized tensors: see kernel_of.h.
#pragma once

#include "tenon/device/operators/conv_window.h"
#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/matmul_plan.h"

namespace tenon::device {

// At which input an operator has what; kNone: it has no such.
struct QuantizedPlaces {
  static constexpr size_t kNone = SIZE_MAX;
  size_t a = 0, b = 1;
  size_t a_zero = kNone, b_zero = kNone, a_scale = kNone, b_scale = kNone;
  size_t bias = kNone, y_scale = kNone, y_zero = kNone;
};

// A scale or a zero point for each row of A, or each column of B: of Y's batches, rows and columns.
struct QuantizedMatmulPlan {
  MatmulPlan product;
  BatchedMatrix a_zero, b_zero, a_scale, b_scale, bias;
};

struct QuantizedMatmulOperator : NamedOperator {
  QuantizedMatmulOperator(const Description& d, const QuantizedPlaces& at,
                          bool transposes_a = false, bool transposes_b = false)
      : NamedOperator(d), places(at), transpose_a(transposes_a), transpose_b(transposes_b) {}
  void check(const Arguments& a) const;
  QuantizedMatmulPlan plan(const Arguments& a) const;

  QuantizedPlaces places;
  bool transpose_a, transpose_b;
};

struct MatMulIntegerOperator : QuantizedMatmulOperator {
  explicit MatMulIntegerOperator(const Description& d)
      : QuantizedMatmulOperator(d, {.a_zero = 2, .b_zero = 3}) {}
};

struct MatMulIntegerToFloatOperator : QuantizedMatmulOperator {
  explicit MatMulIntegerToFloatOperator(const Description& d)
      : QuantizedMatmulOperator(
            d, {.a_zero = 4, .b_zero = 5, .a_scale = 2, .b_scale = 3, .bias = 6}) {}
};

struct DynamicQuantizeMatMulOperator : QuantizedMatmulOperator {
  explicit DynamicQuantizeMatMulOperator(const Description& d)
      : QuantizedMatmulOperator(d, {.b_zero = 3, .b_scale = 2, .bias = 4}) {}
};

struct QLinearMatMulOperator : QuantizedMatmulOperator {
  explicit QLinearMatMulOperator(const Description& d)
      : QuantizedMatmulOperator(d, {0, 3, 2, 5, 1, 4, QuantizedPlaces::kNone, 6, 7}) {}
};

struct QGemmOperator : attributes::MicrosoftQGemm, QuantizedMatmulOperator {
  explicit QGemmOperator(const Description& d);
  void check(const Arguments& a) const;
};

// ConvInteger and QLinearConv.
struct QuantizedConvOperator : NamedOperator, attributes::ConvInteger {
  QuantizedConvOperator(const Description& d, const QuantizedPlaces& at);
  void check(const Arguments& a) const;

  QuantizedPlaces places;
  ConvWindow window;
};

struct ConvIntegerOperator : QuantizedConvOperator {
  explicit ConvIntegerOperator(const Description& d)
      : QuantizedConvOperator(d, {.a_zero = 2, .b_zero = 3}) {}
};

struct QLinearConvOperator : QuantizedConvOperator {
  explicit QLinearConvOperator(const Description& d)
      : QuantizedConvOperator(d, {0, 3, 2, 5, 1, 4, 8, 6, 7}) {}
};

struct MatMulNBitsOperator : NamedOperator, attributes::MicrosoftMatMulNBits {
  explicit MatMulNBitsOperator(const Description& d);
  void check(const Arguments& a) const;
  int64_t blocks() const { return (K + block_size - 1) / block_size; }
  int64_t blob() const { return block_size * bits / 8; }            // Bytes of a block.
  int64_t zero_bytes() const { return (blocks() * bits + 7) / 8; }  // Of a column's zero points.
};

}  // namespace tenon::device
