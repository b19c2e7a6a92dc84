// SPDX-License-Identifier: Apache-2.0
//
// The halves of operators that rearrange images: see kernel_of.h.
#pragma once

#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/built_view.h"
#include "tenon/device/operators/kernel_of.h"

namespace tenon::device {

// Equal dims: [batch, channel, row, row in a block, column, column in a block].
struct BlockViews {
  BlockViews(const View& depth, const View& space, int64_t blocksize, bool blocks_first);
  BuiltView depth, space;
};

struct DepthToSpaceOperator : NamedOperator, attributes::DepthToSpace {
  explicit DepthToSpaceOperator(const Description& d);
  void check(const Arguments& a) const;
  BlockViews views(const Arguments& a) const;
};

struct SpaceToDepthOperator : NamedOperator, attributes::SpaceToDepth {
  explicit SpaceToDepthOperator(const Description& d);
  void check(const Arguments& a) const;
  BlockViews views(const Arguments& a) const;
};

struct MaxUnpoolOperator : NamedOperator, attributes::MaxUnpool {
  explicit MaxUnpoolOperator(const Description& d);
  void check(const Arguments& a) const;
  // The part of the output that indices count in: its dims are in `dims`.
  View unpooled(const Arguments& a, int64_t* dims) const;
  // Throws where an index, which is data, is none of `count` elements.
  int64_t checked_place(int64_t index, int64_t count) const;
};

// An axis of an image that blocks are laid over.
struct Col2ImAxis {
  int64_t pixels = 1, taps = 1, blocks = 1;
  int64_t stride = 1, dilation = 1, pad = 0;
};

struct Col2ImOperator : NamedOperator, attributes::Col2Im {
  explicit Col2ImOperator(const Description& d);
  void check(const Arguments& a) const;
  // Throws where the values do not fit the output. Returns how many axes there are.
  int32_t read_axes(const Arguments& a, Col2ImAxis* axes) const;
};

}  // namespace tenon::device
