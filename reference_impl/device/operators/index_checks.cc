// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/index_checks.h"

#include <string>

namespace tenon::device {

void throw_index(std::string_view op, int64_t index, int64_t extent) {
  throw_invalid(op, "index " + std::to_string(index) + " is out of range [" +
                        std::to_string(-extent) + ", " + std::to_string(extent - 1) + "]");
}

void require_index_type(const Description& desc, size_t input) {
  if (!desc.has_input(input))
    throw_invalid(desc.name(), "input " + std::to_string(input) + " is missing");
  if (!(kIndexTypes & dtype_bit(desc.input_dtype(input))))
    throw KernelError(TN_UNSUPPORTED, std::string(desc.name()) + ": indices are " +
                                          dtype_name(desc.input_dtype(input)) +
                                          ", expected int32 or int64");
}

}  // namespace tenon::device
