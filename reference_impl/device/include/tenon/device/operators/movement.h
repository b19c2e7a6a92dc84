// SPDX-License-Identifier: Apache-2.0
//
// The halves of operators that move elements, and of those that name places of elements: see
// kernel_of.h. What a value in an input decides is known to a launch alone: functions that read one
// throw where the outputs' dims do not fit it.
#pragma once

#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/built_view.h"
#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

struct ConcatOperator : NamedOperator, attributes::Concat {
  explicit ConcatOperator(const Description& d);
  void check(const Arguments& a) const;
};

// Views of one shape whose copy tiles. There are two dims for one of the input: the repeats, along
// which the input does not move, and the dim itself.
struct TileViews {
  TileViews(const View& output, const View& input) : to(output), from(input) {}
  BuiltView to, from;
};

struct TileOperator : NamedOperator {
  explicit TileOperator(const Description& d);
  // Throws TN_UNSUPPORTED for more dims and repeats together than a view has.
  void check(const Arguments& a) const;
  TileViews views(const Arguments& a) const;
};

struct PadOperator : NamedOperator, attributes::Pad {
  explicit PadOperator(const Description& d);
  void check(const Arguments& a) const;
  // How much is in front of each dim.
  void read_pads(const Arguments& a, int64_t* front) const;
};

// What of the input lies in the output, as a view of each: pads may be negative.
struct PadInside {
  PadInside(const View& output, const View& data, const int64_t* front);
  BuiltView to, from;
};

struct TriluOperator : NamedOperator, attributes::Trilu {
  explicit TriluOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct RangeOperator : NamedOperator {
  explicit RangeOperator(const Description& d);
  void check(const Arguments& a) const;
  // The elements that start, limit and delta give.
  int64_t count(const Arguments& a) const;
};

struct OneHotOperator : NamedOperator, attributes::OneHot {
  explicit OneHotOperator(const Description& d);
  void check(const Arguments& a) const;
  // The output's dim `along`, which is the axis.
  int64_t depth(const Arguments& a, int32_t along) const;
};

struct NonZeroOperator : NamedOperator {
  explicit NonZeroOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct UniqueOperator : NamedOperator, attributes::Unique {
  explicit UniqueOperator(const Description& d);
  void check(const Arguments& a) const;
  // What is compared: the elements of X, or its slices along an axis, as many as there are.
  struct Slices {
    int64_t count, size;
    int32_t axis;  // -1 without one.
  };
  Slices slices(const Arguments& a) const;
  // Throws where an output has room for fewer than are found.
  void require_room(const Arguments& a, int64_t found) const;
};

struct TopKOperator : NamedOperator, attributes::TopK {
  explicit TopKOperator(const Description& d);
  void check(const Arguments& a) const;
  // The outputs' dim `along`, which is the axis.
  int64_t k(const Arguments& a, int32_t along) const;
};

}  // namespace tenon::device
