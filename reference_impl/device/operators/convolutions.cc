// SPDX-License-Identifier: Apache-2.0
//
// The halves of convolutions and their gradients.
#include "tenon/device/operators/convolutions.h"

#include "reference_impl/device/operators/rule_calls.h"
#include "reference_impl/shapes/vision_rules.h"

namespace tenon::device {

ConvolutionOperator::ConvolutionOperator(const Description& d)
    : NamedOperator(d), attributes::Conv(d), window(name, *this, d.input(0).rank) {
  d.input(1);                     // It throws if it is missing.
  for (size_t i = 0; i < 3; ++i)  // What follows them is of steps (fused_steps.h).
    if (d.has_input(i) && d.input_dtype(i) != d.output_dtype(0))
      throw_invalid(name, "inputs and output must have one type");
}

void ConvolutionOperator::check_dims(const View& x, const View& w, const View& y,
                                     const char* y_name) const {
  const View inputs[] = {x, w};
  const Arguments a{inputs, {&y, 1}};
  check_output(name, y_name, a, 0, shapes::conv(PointCall(name, a), *this, 0));
}

ConvTransposeOperator::ConvTransposeOperator(const Description& d)
    : ConvolutionOperator(d), transposed(d) {
  const int32_t spatial = d.input(0).rank - 2;
  int64_t list[3];
  place_window_list(name, "output_padding", spatial, transposed.output_padding, 0, {list});
  if (!transposed.output_shape.empty())
    throw KernelError(TN_UNSUPPORTED, name + ": output_shape is resolved by the host");
}

void ConvTransposeOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::conv_transpose(PointCall(name, a), transposed, 0));
  const View w = a.input(1), bias = a.input(2);
  const int64_t filters[] = {w.dims[1] * transposed.group};
  if (bias.present() && !has_dims(bias, filters)) throw_dims(name, "B", bias.shape(), filters);
}

void ConvOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::conv(PointCall(name, a), *this, 0));
  const View w = a.input(1), bias = a.input(2);
  if (bias.present() && (bias.rank != 1 || bias.dims[0] != w.dims[0]))
    throw_dims(name, "B", bias.shape(), w.shape().first(1));
}

}  // namespace tenon::device
