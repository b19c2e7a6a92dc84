// SPDX-License-Identifier: Apache-2.0
//
// The halves of the operators that gather and scatter: see kernel_of.h.
#pragma once

#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/scatter_reduction.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

struct GatherOperator : NamedOperator {
  explicit GatherOperator(const Description& d);
  void check(const Arguments& a) const;
  int64_t axis;
};

struct GatherElementsOperator : NamedOperator {
  explicit GatherElementsOperator(const Description& d);
  void check(const Arguments& a) const;
  int64_t axis;
};

struct GatherNdOperator : NamedOperator {
  explicit GatherNdOperator(const Description& d);
  void check(const Arguments& a) const;
  int32_t batch_dims;
};

struct ScatterElementsOperator : NamedOperator {
  explicit ScatterElementsOperator(const Description& d);
  void check(const Arguments& a) const;
  int64_t axis;
  Update update;
};

struct ScatterNdOperator : NamedOperator {
  explicit ScatterNdOperator(const Description& d);
  void check(const Arguments& a) const;
  Update update;
};

struct IndexAddOperator : NamedOperator {
  explicit IndexAddOperator(const Description& d);
  void check(const Arguments& a) const;
  int64_t axis;
};

struct EmbeddingGradOperator : NamedOperator {
  explicit EmbeddingGradOperator(const Description& d);
  void check(const Arguments& a) const;
  int64_t padding;  // The row that gets nothing; none below 0.
};

}  // namespace tenon::device
