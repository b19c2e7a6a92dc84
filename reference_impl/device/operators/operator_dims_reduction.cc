// SPDX-License-Identifier: Apache-2.0
//
// Shape rules of reductions.
#include "tenon/device/operators/operator_dims.h"

namespace tenon::device {

void check_arg_reduction(std::string_view op, const Arguments& a, int64_t axis, bool keepdims) {
  const View &data = a.inputs[0], &output = a.outputs[0];
  const int32_t along = normalize_axis(op, axis, data.rank);
  int64_t dims[TN_MAX_RANK];
  const uint32_t axes = data.rank == 0 ? 0 : uint32_t{1} << along;
  check_output(op, "the output", a, 0, reduced_dims(data, axes, keepdims, dims));
  if (data.rank > 0 && data.dims[along] == 0 && output.count() > 0)
    throw_invalid(op, "an axis without elements has no extreme");
}

void check_reduction(std::string_view op, const Arguments& a, bool keepdims, bool noop) {
  const View &data = a.inputs[0], &output = a.outputs[0];
  const View axes = a.input(1);
  if (axes.present() && axes.rank > 1)
    throw_invalid(op, "axes has dims " + dims_text(axes.shape()) + ", expected one dim");
  if (a.asked != nullptr) {
    int64_t dims[TN_MAX_RANK];
    const uint32_t set = reduced_axes(op, known_value(op, "axes", axes), data.rank, noop);
    check_output(op, "the output", a, 0, reduced_dims(data, set, keepdims, dims));
  } else {
    const int32_t dropped = axes.present() && axes.count() > 0 ? static_cast<int32_t>(axes.count())
                                                               : (noop ? 0 : data.rank);
    if (output.rank != (keepdims ? data.rank : data.rank - dropped))
      throw_invalid(op, "the output has dims " + dims_text(output.shape()) +
                            ", which are not dims " + dims_text(data.shape()) + " with " +
                            std::to_string(dropped) + " axes reduced");
  }
  check_output(op, "the second output", a, 1, output.shape());
}

uint32_t reduced_axes(std::string_view op, const View& axes, int32_t rank, bool noop) {
  const uint32_t all = (uint32_t{1} << rank) - 1;
  const int64_t count = axes.present() ? axes.count() : 0;
  if (count == 0) return noop ? 0 : all;
  uint32_t set = 0;
  for (int64_t i = 0; i < count; ++i)
    set |= uint32_t{1} << normalize_axis(op, integer_at(axes, i), rank);
  return set & all;
}

}  // namespace tenon::device
