// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/number.h"

namespace tenon::device {

void throw_unsupported_dtype(std::string_view op, tn_dtype dtype) {
  throw KernelError(TN_UNSUPPORTED,
                    std::string(op) + ": not available for element type " + dtype_name(dtype));
}

}  // namespace tenon::device
