// SPDX-License-Identifier: Apache-2.0
//
// The forms that a device's tensors have in memory: for reorder, constants and the kernels that
// take tokens.
#pragma once

#include <cstdint>
#include <span>

#include "tenon/device/kernel.h"

namespace tenon::device {

// What a platform knows of them. This class is for a device without tokens. Any thread; both may
// throw KernelError.
class Layouts {
 public:
  virtual ~Layouts() = default;

  // Whether `layout` is a token of this device.
  virtual bool is_token(tn_layout layout) const;

  // Bytes of a tensor in any layout. Throws TN_INVALID_ARGUMENT for an unknown token or one that
  // does not fit dtype and dims, and what strided_bytes() does.
  virtual uint64_t bytes(tn_layout layout, tn_dtype dtype, std::span<const int64_t> dims) const;

  // Copies between two layouts, as work of `execution`. Both views have equal dims and dtype, do
  // not overlap, and have passed bytes(). Here: of strided tensors, element by element where one is
  // not dense, which is slow; throws TN_UNSUPPORTED for such ones with elements of less than a
  // byte.
  virtual void reorder(const View& dst, const View& src, const Execution& execution) const;
};

// Bytes of a dense tensor. Throws TN_UNSUPPORTED for an unknown type, TN_INVALID_ARGUMENT for a
// negative dim, TN_OUT_OF_RANGE beyond 2^63 bytes.
uint64_t strided_bytes(tn_dtype dtype, std::span<const int64_t> dims);

// Throws TN_INVALID_ARGUMENT: "layout 7 is no token of this device".
[[noreturn]] void throw_no_token(tn_layout layout);

// A Layouts of no device in particular.
const Layouts& plain_layouts();

}  // namespace tenon::device
