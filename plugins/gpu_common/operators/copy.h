// SPDX-License-Identifier: Apache-2.0
//
// The strided copy, for operators that consist of copies into parts of their output.
#pragma once

#include "plugins/gpu_common/kernel.h"

namespace tenon::gpu {

class Copy {
 public:
  // For elements of this type's size. Throws TN_UNSUPPORTED for those that kernels do not move.
  Copy(const Description& d, tn_dtype dtype);

  // Equal dims and type (the source may broadcast), any strides, no overlap or the very same view.
  void enqueue(const View& dst, const View& src, Queue& queue) const;
  // Every element becomes a value in host memory.
  void fill(const View& dst, const void* value, Queue& queue) const;

 private:
  const Limits& limits_;
  const Function& function_;
};

}  // namespace tenon::gpu
