// SPDX-License-Identifier: Apache-2.0
//
// The core's layouts.h for devices without layout tokens: everything is strided.
#include "tenon/device/layouts.h"

#include <string>

#include "plugins/gpu_common/kernel.h"
#include "plugins/gpu_common/types.h"
#include "plugins/gpu_common/walk.h"

namespace tenon::device {

bool is_token(tn_layout) { return false; }

uint64_t layout_bytes(tn_layout layout, tn_dtype dtype, std::span<const int64_t> dims) {
  if (layout != TN_LAYOUT_STRIDED) {
    throw KernelError(TN_INVALID_ARGUMENT,
                      "layout " + std::to_string(layout) + " is no token of this device");
  }
  int64_t total = tn_dtype_bits(dtype);
  if (total == 0) {
    throw KernelError(TN_INVALID_ARGUMENT, "unknown element type " + std::to_string(dtype));
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

void reorder(const View& dst, const View& src, const Execution& execution) {
  const int64_t count = dst.count();
  if (count == 0) return;
  if (dst.dense() && src.dense()) {
    execution.copy(dst.data, src.data, layout_bytes(TN_LAYOUT_STRIDED, dst.dtype, dst.shape()));
    return;
  }
  const auto& stream = static_cast<const gpu::StreamExecution&>(execution);
  const gpu::Walk<2> walk({&dst, &src});
  const gpu::Function& function = stream.machine().function(
      "reorder", std::string("-DT=") + gpu::bits_type(dst.dtype), "reorder");
  int64_t chunk = 0;
  const gpu::Grid grid = gpu::element_grid(stream.machine().limits(), count, &chunk);
  using gpu::Parameter;
  stream.queue().launch(
      function, grid,
      {Parameter::memory(dst), Parameter::memory(src), Parameter::value(walk.count),
       Parameter::value(walk.rank), Parameter::value(walk.dims), Parameter::value(walk.steps[0]),
       Parameter::value(walk.steps[1]), Parameter::value(chunk)});
}

}  // namespace tenon::device
