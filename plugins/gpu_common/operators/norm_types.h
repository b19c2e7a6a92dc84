// SPDX-License-Identifier: Apache-2.0
//
// What normalizations on GPUs ask of a description.
#pragma once

#include "plugins/gpu_common/kernel.h"
#include "plugins/gpu_common/types.h"

namespace tenon::gpu {

// Throws unless every tensor has the type of input 0; HOST inputs may have any.
inline void require_norm_types(const Description& d) {
  require_arithmetic(d, d.input_dtype(0));
  const auto require = [&](const tn_argument& argument) {
    if (argument.kind != TN_ARGUMENT_HOST && argument.dtype != d.input_dtype(0)) {
      throw KernelError(TN_UNSUPPORTED,
                        std::string(d.name()) + ": statistics have another type than the data");
    }
  };
  for (size_t i = 0; i < d.input_count(); ++i) {
    if (d.has_input(i)) require(d.input(i));
  }
  for (size_t i = 0; i < d.output_count(); ++i) {
    if (d.has_output(i)) require(d.output(i));
  }
}

}  // namespace tenon::gpu
