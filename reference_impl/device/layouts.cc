// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/layouts.h"

#include <string>

namespace tenon::device {

bool Layouts::is_token(tn_layout) const { return false; }

uint64_t Layouts::bytes(tn_layout layout, tn_dtype dtype, std::span<const int64_t> dims) const {
  if (layout != TN_LAYOUT_STRIDED) throw_no_token(layout);
  return strided_bytes(dtype, dims);
}

namespace {

// Of element `n`, counted row by row, from the first one, in elements.
int64_t place(const View& view, int64_t n) {
  int64_t at = 0;
  for (int32_t d = view.rank; d-- > 0; n /= view.dims[d]) at += n % view.dims[d] * view.strides[d];
  return at;
}

}  // namespace

void Layouts::reorder(const View& dst, const View& src, const Execution& execution) const {
  const int64_t count = dst.count();
  if (count == 0) return;
  if (dst.dense() && src.dense()) {
    return execution.copy(dst.data, src.data, strided_bytes(dst.dtype, dst.shape()));
  }
  const int64_t size = tn_dtype_bits(dst.dtype) / 8;
  if (size == 0) {
    throw KernelError(TN_UNSUPPORTED, "elements of less than a byte are reordered densely alone");
  }
  for (int64_t n = 0; n < count; ++n) {
    execution.copy(dst.data + place(dst, n) * size, src.data + place(src, n) * size,
                   static_cast<uint64_t>(size));
  }
}

uint64_t strided_bytes(tn_dtype dtype, std::span<const int64_t> dims) {
  int64_t total = tn_dtype_bits(dtype);
  if (total == 0) {
    throw KernelError(TN_UNSUPPORTED, "unknown element type " + std::to_string(dtype));
  }
  bool fits = true;
  bool empty = false;
  for (const int64_t dim : dims) {
    if (dim < 0) throw KernelError(TN_INVALID_ARGUMENT, "a dim is negative");
    empty |= dim == 0;
    fits &= !__builtin_mul_overflow(total, dim == 0 ? 1 : dim, &total);
  }
  if (empty) return 0;
  if (!fits) throw KernelError(TN_OUT_OF_RANGE, "the tensor has more than 2^63 bytes");
  return (static_cast<uint64_t>(total) + 7) / 8;
}

void throw_no_token(tn_layout layout) {
  throw KernelError(TN_INVALID_ARGUMENT,
                    "layout " + std::to_string(layout) + " is no token of this device");
}

const Layouts& plain_layouts() {
  static const Layouts self;
  return self;
}

}  // namespace tenon::device
