// SPDX-License-Identifier: Apache-2.0
//
// The host half of kernels/indices.h, and checks that kernels with indices share.
#pragma once

#include "plugins/gpu_common/kernel.h"
#include "tenon/device/operators/built_view.h"
#include "tenon/device/operators/index_checks.h"

namespace tenon::gpu {

// As in kernels/indices.h.
inline constexpr int kIndexDepth = 8;
struct Places {
  int32_t depth = 0, reserved = 0;
  int64_t index_step = 0;
  int64_t extents[kIndexDepth] = {};
  int64_t steps[kIndexDepth] = {};

  // Indices along one dim of `view`.
  static Places along(const View& view, int32_t axis) {
    Places places;
    places.depth = 1;
    places.extents[0] = view.rank == 0 ? 1 : view.dims[axis];
    places.steps[0] = view.rank == 0 ? 0 : view.strides[axis];
    return places;
  }
};

// Throws TN_UNSUPPORTED for inputs that are host values: kernels read them on the device.
inline void require_device_inputs(const Description& d, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (d.has_input(i) && d.input(i).kind == TN_ARGUMENT_HOST) {
      throw KernelError(TN_UNSUPPORTED, std::string(d.name()) + ": input " + std::to_string(i) +
                                            " must be a tensor on the device");
    }
  }
}

// Throws TN_UNSUPPORTED where a place, a row of `indices`, has more of them than kernels take.
inline void require_index_depth(std::string_view op, const View& indices) {
  if (indices.dims[indices.rank - 1] > kIndexDepth) {
    throw KernelError(TN_UNSUPPORTED, std::string(op) + ": more than " +
                                          std::to_string(kIndexDepth) + " indices for a place");
  }
}

// Throws TN_UNSUPPORTED unless the input, where it is given, is a host value.
inline void require_host_value(const Description& d, size_t i) {
  if (d.has_input(i) && d.input(i).kind != TN_ARGUMENT_HOST) {
    throw KernelError(TN_UNSUPPORTED, std::string(d.name()) + ": input " + std::to_string(i) +
                                          " must be a host value");
  }
}

}  // namespace tenon::gpu
