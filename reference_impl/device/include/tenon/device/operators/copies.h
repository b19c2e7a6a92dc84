// SPDX-License-Identifier: Apache-2.0
//
// The halves of Identity, Cast and tenon.Fill: see kernel_of.h.
#pragma once

#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/kernel_of.h"

namespace tenon::device {

struct IdentityOperator : NamedOperator {
  explicit IdentityOperator(const Description& d);
  void check(const Arguments& a) const;
};

// `saturate` is of 8-bit floats.
struct CastOperator : NamedOperator, attributes::Cast {
  explicit CastOperator(const Description& d);
  void check(const Arguments& a) const;
};

struct FillOperator : NamedOperator {
  explicit FillOperator(const Description& d);
  void check(const Arguments&) const {}  // The caller alone decides Y's dims.
};

}  // namespace tenon::device
