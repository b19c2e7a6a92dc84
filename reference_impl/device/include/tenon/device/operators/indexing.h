// SPDX-License-Identifier: Apache-2.0
//
// The halves of the operators that gather and scatter: see kernel_of.h.
#pragma once

#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/built_view.h"
#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

struct GatherOperator : NamedOperator, attributes::Gather {
  explicit GatherOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct GatherElementsOperator : NamedOperator, attributes::GatherElements {
  explicit GatherElementsOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct GatherNdOperator : NamedOperator, attributes::GatherND {
  explicit GatherNdOperator(const Description& d);
  void check(const Arguments& a) const;
};

// What of each operand is left without the axis: the starts of lines along it.
struct ScatterLineStarts {
  BuiltView target, updates, indices;
};

struct ScatterElementsOperator : NamedOperator, attributes::ScatterElements {
  explicit ScatterElementsOperator(const Description& d);
  void check(const Arguments& a) const;
  ScatterLineStarts line_starts(const View& output, const View& updates, const View& indices) const;
};

struct ScatterNdOperator : NamedOperator, attributes::ScatterND {
  explicit ScatterNdOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct IndexAddOperator : NamedOperator, attributes::TenonIndexAdd {
  explicit IndexAddOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct EmbeddingGradOperator : NamedOperator, attributes::TenonEmbeddingGrad {
  explicit EmbeddingGradOperator(const Description& d);
  void check(const Arguments& a) const;
};

}  // namespace tenon::device
