// SPDX-License-Identifier: Apache-2.0
//
// The halves of operators that quantize a tensor, or the reverse: see kernel_of.h.
#pragma once

#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/kernel_of.h"

namespace tenon::device {

// Which scale an element has: that of its indices, each divided by the block in its axis.
struct ScaleBlocks {
  int32_t axis = -1;      // -1: one scale for all.
  int64_t block = 1;      // Along the axis.
  bool has_rank = false;  // The scale has all of the tensor's axes, not this one alone.
};

struct QuantizeLinearOperator : NamedOperator, attributes::QuantizeLinear {
  explicit QuantizeLinearOperator(const Description& d);
  void check(const Arguments& a) const;
  ScaleBlocks blocks(const Arguments& a) const;
  // The type that x, the scale and the quotient are rounded to; undefined where they are not.
  tn_dtype quotient = TN_DTYPE_UNDEFINED;
};

struct DequantizeLinearOperator : NamedOperator, attributes::DequantizeLinear {
  explicit DequantizeLinearOperator(const Description& d);
  void check(const Arguments& a) const;
  ScaleBlocks blocks(const Arguments& a) const;
};

struct DynamicQuantizeLinearOperator : NamedOperator {
  explicit DynamicQuantizeLinearOperator(const Description& d) : NamedOperator(d) {}
  void check(const Arguments& a) const;
};

// Throws TN_INVALID_ARGUMENT unless the input is absent or one number, of whatever rank.
void check_one_number(std::string_view op, const char* argument, const View& view);

}  // namespace tenon::device
