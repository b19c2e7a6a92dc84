// SPDX-License-Identifier: Apache-2.0
//
// The halves of reductions, and of operators along one axis.
#include "tenon/device/operators/reductions.h"

#include "reference_impl/device/operators/rule_calls.h"
#include "tenon/device/operators/description_checks.h"
#include "tenon/device/operators/number.h"

namespace tenon::device {

ReductionOperator::ReductionOperator(const Description& d, Form form)
    : NamedOperator(d), attributes::ReduceSum(d) {
  const bool variance = form == Form::kVariance;
  const size_t inputs = variance ? 3 : 2, outputs = variance ? 2 : 1;
  if (!d.has_input(0) || !d.has_output(0) || d.input_count() > inputs || d.output_count() > outputs)
    throw_invalid(name, "takes data and axes, and gives the reduced data");
  for (size_t i = 0; i < outputs; ++i)
    if (d.has_output(i) && d.output_dtype(i) != d.input_dtype(0))
      throw KernelError(TN_UNSUPPORTED, name + ": the output is " + dtype_name(d.output_dtype(i)) +
                                            ", the input " + dtype_name(d.input_dtype(0)));
  if (variance && !d.has_input(2)) throw_invalid(name, "needs a correction");
}

void ReductionOperator::check(const Arguments& a) const {
  const View &data = a.inputs[0], &output = a.outputs[0];
  const View axes = a.input(1);
  if (axes.present() && axes.rank > 1)
    throw_invalid(name, "axes has dims " + dims_text(axes.shape()) + ", expected one dim");
  if (a.asked != nullptr) {
    check_output(name, "the output", a, 0, shapes::reduce(PointCall(name, a), *this, 0));
  } else {  // How many axes there are is known, which they are is not.
    const int32_t dropped = axes.present() && axes.count() > 0
                                ? static_cast<int32_t>(axes.count())
                                : (noop_with_empty_axes ? 0 : data.rank);
    if (output.rank != (keepdims ? data.rank : data.rank - dropped))
      throw_invalid(name, "the output has dims " + dims_text(output.shape()) +
                              ", which are not dims " + dims_text(data.shape()) + " with " +
                              std::to_string(dropped) + " axes reduced");
  }
  check_output(name, "the second output", a, 1, output.shape());
}

uint32_t ReductionOperator::axes_of(const Arguments& a) const {
  return shapes::reduced_axes(PointCall(name, a), *this);
}

void ReductionOperator::check_dims(const Arguments& a, size_t output, uint32_t axes) const {
  check_output(name, "the output", a, output,
               shapes::reduced<int64_t>(a.inputs[0].shape(), axes, keepdims));
}

ArgReductionOperator::ArgReductionOperator(const Description& d)
    : NamedOperator(d), attributes::ArgMax(d) {
  if (!d.has_input(0) || !d.has_output(0) || d.output_dtype(0) != TN_INT64)
    throw_invalid(name, "takes one input and gives int64 indices");
}

void ArgReductionOperator::check(const Arguments& a) const {
  const View &data = a.inputs[0], &output = a.outputs[0];
  const int32_t along = normalize_axis(name, axis, data.rank);
  check_output(name, "the output", a, 0, shapes::arg_reduce(PointCall(name, a), *this, 0));
  if (data.rank > 0 && data.dims[along] == 0 && output.count() > 0)
    throw_invalid(name, "an axis without elements has no extreme");
}

CumulativeOperator::CumulativeOperator(const Description& d)
    : NamedOperator(d), attributes::CumSum(d) {
  if (!d.has_input(0) || !d.has_input(1) || !d.has_output(0) ||
      d.output_dtype(0) != d.input_dtype(0))
    throw_invalid(name, "takes x and an axis and gives y of x's type");
}

void CumulativeOperator::check(const Arguments& a) const {
  if (a.inputs[1].count() != 1)
    throw_invalid(name, "the axis must be one number, not dims " + dims_text(a.inputs[1].shape()));
  check_output(name, "the output", a, 0, shapes::same(PointCall(name, a), *this, 0));
}

AlongAxisOperator::AlongAxisOperator(const Description& d, int64_t axis, size_t inputs)
    : NamedOperator(d), axis(axis) {
  require_inputs(d, inputs);
  require_same_inputs(d);
  require_output(d, d.input_dtype(0));
}

void AlongAxisOperator::check(const Arguments& a) const {
  for (size_t i = 1; i < a.inputs.size(); ++i)
    check_same_dims(name, "the second input", a.inputs[i], a.inputs[0]);
  check_output(name, "the output", a, 0, shapes::same(PointCall(name, a), *this, 0));
  normalize_axis(name, axis, a.inputs[0].rank);
}

}  // namespace tenon::device
