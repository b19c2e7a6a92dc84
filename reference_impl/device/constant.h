// SPDX-License-Identifier: Apache-2.0
//
// Constants: device memory of their own, dense or in a layout token.
#pragma once

#include <array>
#include <atomic>
#include <span>

#include "reference_impl/device/device.h"

namespace tenon::device {

class Constant : public DeviceObject {
 public:
  // Allocates; the caller fills it. Throws what layout_bytes and Memory do.
  static Constant* make(OpenDevice& device, tn_layout layout, tn_dtype dtype,
                        std::span<const int64_t> dims);

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release();

  // Valid as long as the constant.
  const View& view() const { return view_; }
  uint64_t bytes() const { return block_.size; }
  tn_constant_info info() const;

 private:
  explicit Constant(OpenDevice& device) : DeviceObject(device) {}

  std::atomic<int64_t> references_{1};
  Block block_;
  std::array<int64_t, TN_MAX_RANK> dims_{};
  std::array<int64_t, TN_MAX_RANK> strides_{};
  View view_;
};

// Row-major strides without gaps.
void dense_strides(std::span<const int64_t> dims, int64_t* strides);

}  // namespace tenon::device
