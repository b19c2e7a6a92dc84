// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/description_checks.h"

#include "tenon/device/operators/number.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

void require_inputs(const Description& desc, size_t count) {
  bool complete = desc.input_count() == count && desc.output_count() == 1 && desc.has_output(0);
  for (size_t i = 0; complete && i < count; ++i) complete = desc.has_input(i);
  if (!complete)
    throw_invalid(desc.name(), "takes " + std::to_string(count) + " inputs and gives one output");
}

void require_same_inputs(const Description& desc, size_t first) {
  for (size_t i = first + 1; i < desc.input_count(); ++i)
    if (desc.has_input(i) && desc.input_dtype(i) != desc.input_dtype(first))
      throw KernelError(TN_UNSUPPORTED, std::string(desc.name()) + ": input " + std::to_string(i) +
                                            " is " + dtype_name(desc.input_dtype(i)) + ", input " +
                                            std::to_string(first) + " is " +
                                            dtype_name(desc.input_dtype(first)));
}

void require_output(const Description& desc, tn_dtype dtype) {
  if (desc.output_dtype(0) != dtype)
    throw KernelError(TN_UNSUPPORTED, std::string(desc.name()) + ": the output is " +
                                          dtype_name(desc.output_dtype(0)) + ", expected " +
                                          dtype_name(dtype));
}

}  // namespace tenon::device
