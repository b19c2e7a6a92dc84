// SPDX-License-Identifier: Apache-2.0
//
// The halves of convolutions and their gradients.
#include "tenon/device/operators/convolutions.h"

#include "tenon/device/operators/shape.h"

namespace tenon::device {

ConvolutionOperator::ConvolutionOperator(const Description& d)
    : NamedOperator(d), attributes(d, d.input(0).rank) {
  d.input(1);                     // It throws if it is missing.
  for (size_t i = 0; i < 3; ++i)  // What follows them is of steps (fused_steps.h).
    if (d.has_input(i) && d.input_dtype(i) != d.output_dtype(0))
      throw_invalid(name, "inputs and output must have one type");
}

}  // namespace tenon::device
