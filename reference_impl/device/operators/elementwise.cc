// SPDX-License-Identifier: Apache-2.0
//
// What elementwise operators say beyond their function.
#include "tenon/device/operators/elementwise.h"

#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

ElementwiseNumbers elementwise_numbers(const Description& d) {
  const std::string_view name = d.name();
  if (name == "IsInf") {
    const attributes::IsInf is_inf(d);
    return {is_inf.detect_negative ? 1.0f : 0.0f, is_inf.detect_positive ? 1.0f : 0.0f};
  }
  if (name == "HardSigmoid") {
    const attributes::HardSigmoid sigmoid(d);
    return {sigmoid.alpha, sigmoid.beta};
  }
  if (name == "Selu") {
    const attributes::Selu selu(d);
    return {selu.alpha, selu.gamma};
  }
  if (name == "Shrink") {
    const attributes::Shrink shrink(d);
    return {shrink.lambd, shrink.bias};
  }
  if (name == "LeakyRelu") return {attributes::LeakyRelu(d).alpha};
  return {attributes::Elu(d).alpha};  // Celu's, Swish's and ThresholdedRelu's is the same.
}

bool is_right_shift(const Description& d) {
  return attributes::BitShift(d).direction == BitShiftDirection::kRight;
}

bool is_truncated_mod(const Description& d) { return attributes::Mod(d).fmod; }

bool is_tanh_gelu(const Description& d) {
  return attributes::Gelu(d).approximate == GeluApproximate::kTanh;
}

void require_one_type(const Description& d, size_t inputs) {
  require_inputs(d, inputs);
  require_same_inputs(d);
  require_output(d, d.input_dtype(0));
}

void require_test(const Description& d, size_t inputs) {
  require_inputs(d, inputs);
  require_same_inputs(d);
  require_output(d, TN_BOOL);
}

void require_where(const Description& d) {
  require_inputs(d, 3);
  require_same_inputs(d, 1);
  require_output(d, d.input_dtype(1));
  if (d.input_dtype(0) != TN_BOOL)
    throw_invalid(d.name(), "the condition is " + std::string(dtype_name(d.input_dtype(0))) +
                                ", expected bool");
}

void require_clip(const Description& d) {
  if (!d.has_input(0) || d.input_count() > 3 || d.output_count() != 1)
    throw_invalid(d.name(), "takes one to three inputs and gives one output");
  require_same_inputs(d);
  require_output(d, d.input_dtype(0));
}

}  // namespace tenon::device
