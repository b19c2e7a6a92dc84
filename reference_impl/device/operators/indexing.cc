// SPDX-License-Identifier: Apache-2.0
//
// The halves of the operators that gather and scatter.
#include "tenon/device/operators/indexing.h"

#include "reference_impl/device/operators/rule_calls.h"
#include "reference_impl/shapes/movement_rules.h"
#include "tenon/device/operators/description_checks.h"
#include "tenon/device/operators/index_checks.h"

namespace tenon::device {
namespace {

// Indices that each name a place along `axis` of the data, at their own place in the other dims.
void check_elements(std::string_view op, const View& data, const View& indices, int64_t axis) {
  const int32_t along = normalize_axis(op, axis, data.rank);
  bool fits = data.rank == indices.rank;
  for (int32_t d = 0; fits && d < data.rank; ++d)
    fits = d == along || indices.dims[d] <= data.dims[d];
  if (!fits) throw_dims(op, "indices", indices.shape(), data.shape());
}

// Data, indices and, where there are three, updates of the data's type; the output has that type.
void require_indexed(const Description& d, size_t inputs) {
  require_inputs(d, inputs);
  require_index_type(d, 1);
  require_output(d, d.input_dtype(0));
  if (inputs == 3 && d.input_dtype(2) != d.input_dtype(0))
    throw_unsupported_dtype(d.name(), d.input_dtype(2));
}

}  // namespace

GatherOperator::GatherOperator(const Description& d) : NamedOperator(d), attributes::Gather(d) {
  require_indexed(d, 2);
}

void GatherOperator::check(const Arguments& a) const {
  check_output(name, "the output", a, 0, shapes::gather(PointCall(name, a), *this, 0));
}

GatherElementsOperator::GatherElementsOperator(const Description& d)
    : NamedOperator(d), attributes::GatherElements(d) {
  require_indexed(d, 2);
}

void GatherElementsOperator::check(const Arguments& a) const {
  check_output(name, "the output", a, 0, shapes::Like<1>()(PointCall(name, a), *this, 0));
  check_elements(name, a.inputs[0], a.inputs[1], axis);
}

GatherNdOperator::GatherNdOperator(const Description& d)
    : NamedOperator(d), attributes::GatherND(d) {
  require_indexed(d, 2);
}

void GatherNdOperator::check(const Arguments& a) const {
  check_output(name, "the output", a, 0, shapes::gather_nd(PointCall(name, a), *this, 0));
}

ScatterElementsOperator::ScatterElementsOperator(const Description& d)
    : NamedOperator(d), attributes::ScatterElements(d) {
  require_indexed(d, 3);
}

void ScatterElementsOperator::check(const Arguments& a) const {
  check_output(name, "the output", a, 0, shapes::same(PointCall(name, a), *this, 0));
  check_same_dims(name, "updates", a.inputs[2], a.inputs[1]);
  check_elements(name, a.inputs[0], a.inputs[1], axis);
}

ScatterLineStarts ScatterElementsOperator::line_starts(const View& output, const View& updates,
                                                       const View& indices) const {
  ScatterLineStarts starts{BuiltView(output), BuiltView(updates), BuiltView(indices)};
  const int32_t along = normalize_axis(name, axis, output.rank);
  for (int32_t d = 0; d < indices.rank; ++d) {
    if (d == along) continue;
    starts.target.add(indices.dims[d], output.strides[d]);
    starts.updates.add(indices.dims[d], updates.strides[d]);
    starts.indices.add(indices.dims[d], indices.strides[d]);
  }
  return starts;
}

ScatterNdOperator::ScatterNdOperator(const Description& d)
    : NamedOperator(d), attributes::ScatterND(d) {
  require_indexed(d, 3);
}

void ScatterNdOperator::check(const Arguments& a) const {
  const View &data = a.inputs[0], &indices = a.inputs[1], &updates = a.inputs[2];
  check_output(name, "the output", a, 0, shapes::same(PointCall(name, a), *this, 0));
  const int32_t places = indices.rank - 1;
  bool fits = places >= 0 && indices.dims[places] <= data.rank;
  const int64_t depth = fits ? indices.dims[places] : 0;
  fits = fits && updates.rank == places + data.rank - depth;
  for (int32_t d = 0; fits && d < updates.rank; ++d)
    fits = updates.dims[d] == (d < places ? indices.dims[d] : data.dims[d - places + depth]);
  if (!fits)
    throw_invalid(name, "updates of dims " + dims_text(updates.shape()) +
                            " do not fit indices of dims " + dims_text(indices.shape()) +
                            " into dims " + dims_text(data.shape()));
}

IndexAddOperator::IndexAddOperator(const Description& d)
    : NamedOperator(d), attributes::TenonIndexAdd(d) {
  if (!d.has_input(0) || !d.has_input(2) || d.input_count() > 4 || d.output_count() != 1)
    throw_invalid(d.name(), "takes data, indices, updates and alpha");
  require_index_type(d, 1);
  require_output(d, d.input_dtype(0));
  for (size_t i = 2; i <= 3; ++i)
    if (d.has_input(i) && d.input_dtype(i) != d.input_dtype(0))
      throw_unsupported_dtype(d.name(), d.input_dtype(i));
}

void IndexAddOperator::check(const Arguments& a) const {
  const View &data = a.inputs[0], &indices = a.inputs[1], &updates = a.inputs[2];
  check_output(name, "the output", a, 0, shapes::same(PointCall(name, a), *this, 0));
  if (indices.rank != 1 || data.rank == 0)
    throw_invalid(name, "indices have dims " + dims_text(indices.shape()) + ", data " +
                            dims_text(data.shape()));
  const int32_t along = normalize_axis(name, axis, data.rank);
  bool fits = updates.rank == data.rank;
  for (int32_t d = 0; fits && d < data.rank; ++d)
    fits = updates.dims[d] == (d == along ? indices.dims[0] : data.dims[d]);
  if (!fits) throw_dims(name, "updates", updates.shape(), data.shape());
  if (a.input(3).present() && a.input(3).count() != 1)
    throw_dims(name, "alpha", a.input(3).shape(), {});
}

EmbeddingGradOperator::EmbeddingGradOperator(const Description& d)
    : NamedOperator(d), attributes::TenonEmbeddingGrad(d) {
  require_indexed(d, 2);
}

void EmbeddingGradOperator::check(const Arguments& a) const {
  const View &dy = a.inputs[0], &indices = a.inputs[1], &dw = a.outputs[0];
  bool fits = dy.rank == indices.rank + 1;
  for (int32_t d = 0; fits && d < indices.rank; ++d) fits = dy.dims[d] == indices.dims[d];
  // How many rows dW has, the caller alone decides.
  if (a.asked == nullptr) fits = fits && dw.rank == 2 && dy.dims[dy.rank - 1] == dw.dims[1];
  if (!fits)
    throw_invalid(name, "dY of dims " + dims_text(dy.shape()) + " does not fit indices of dims " +
                            dims_text(indices.shape()) +
                            (a.asked != nullptr ? "" : " and dW of dims " + dims_text(dw.shape())));
}

}  // namespace tenon::device
