// SPDX-License-Identifier: Apache-2.0
//
// The numbers of a pooling launch: `Pool` of kernels/pool.h.
#pragma once

#include "plugins/gpu_common/kernel.h"
#include "plugins/gpu_common/types.h"
#include "tenon/device/operators/pool_window.h"

namespace tenon::gpu {

inline constexpr uint64_t kPoolFloats = kFloat32 | device::dtype_bit(TN_FLOAT64);

struct Pool {
  int64_t count = 0;
  int32_t channels = 0;
  int32_t taps[3] = {1, 1, 1}, strides[3] = {1, 1, 1}, dilations[3] = {1, 1, 1};
  int32_t pads_begin[3] = {}, pads_end[3] = {};
  int32_t x_dims[3] = {1, 1, 1}, y_dims[3] = {1, 1, 1};
  int64_t x[5] = {}, y[5] = {}, indices[5] = {};
  int32_t option = 0;

  // Dims and strides of [N, C, ...] with 1 to 3 spatial dims.
  static void place(const View& view, int32_t* dims, int64_t* strides_of) {
    const int32_t spatial = view.rank - 2, first = 3 - spatial;
    for (int32_t d = 0; d < 2; ++d) strides_of[d] = view.strides[d];
    for (int32_t d = 0; d < spatial; ++d) {
      dims[first + d] = narrow(view.dims[2 + d]);
      strides_of[2 + first + d] = view.strides[2 + d];
    }
  }

  void set_window(const device::PoolWindow& window) {
    for (int d = 0; d < 3; ++d) {
      taps[d] = narrow(window.kernel[d]);
      strides[d] = narrow(window.strides[d]);
      dilations[d] = narrow(window.dilations[d]);
      pads_begin[d] = narrow(window.pads_begin[d]);
      pads_end[d] = narrow(window.pads_end[d]);
    }
  }

 private:
  static int32_t narrow(int64_t value) {
    // So that a place, two pads and a step add up within 31 bits.
    if (value >= int64_t{1} << 29) {
      throw KernelError(TN_UNSUPPORTED, "pooling with a dim, a pad or a step of 2^29 or more");
    }
    return static_cast<int32_t>(value);
  }
};

}  // namespace tenon::gpu
