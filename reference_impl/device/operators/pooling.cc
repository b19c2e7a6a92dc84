// SPDX-License-Identifier: Apache-2.0
//
// The halves of pooling operators.
#include "tenon/device/operators/pooling.h"

#include "tenon/device/operators/norm_checks.h"

namespace tenon::device {
namespace {

void require_one_type(const Description& d, const char* message) {
  if (d.output_dtype(0) != d.input_dtype(0)) throw_invalid(d.name(), message);
}

}  // namespace

MaxPoolOperator::MaxPoolOperator(const Description& d, const attributes::MaxPool& a)
    : NamedOperator(d), window(name, a, d.input(0).rank) {
  require_one_type(d, "X and Y must have one type");
  if (d.has_output(1) && d.output_dtype(1) != TN_INT64)
    throw_invalid(name, "Indices must be int64");
}

void MaxPoolOperator::check(const Arguments& a) const {
  window.check_output(name, a);
  check_output(name, "Indices", a, 1, a.output(0).shape());
}

MaxPoolGradOperator::MaxPoolGradOperator(const Description& d) : NamedOperator(d) {
  require_one_type(d, "dY and dX must have one type");
  if (d.input_dtype(1) != TN_INT64) throw_invalid(name, "Indices must be int64");
  if (d.input(0).rank < 3) throw_invalid(name, "dY must have spatial dims");
}

void MaxPoolGradOperator::check(const Arguments& a) const {
  const View &dy = a.inputs[0], &dx = a.outputs[0];
  check_same_dims(name, "Indices", a.inputs[1], dy);
  if (a.asked != nullptr) return;  // Several sizes of dX have windows as many as dY.
  if (dx.rank != dy.rank || dx.dims[0] != dy.dims[0] || dx.dims[1] != dy.dims[1])
    throw_dims(name, "dX", dx.shape(), dy.shape());
}

AveragePoolOperator::AveragePoolOperator(const Description& d, const attributes::AveragePool& a)
    : NamedOperator(d), window(name, a, d.input(0).rank), count_include_pad(a.count_include_pad) {
  require_one_type(d, "input and output must have one type");
}

GlobalPoolOperator::GlobalPoolOperator(const Description& d) : NamedOperator(d) {
  if (d.input(0).rank < 2) throw_invalid(name, "X must have batch and channels");
  require_one_type(d, "X and Y must have one type");
}

void GlobalPoolOperator::check(const Arguments& a) const {
  const View& x = a.inputs[0];
  check_image(name, x);
  int64_t dims[TN_MAX_RANK];
  for (int32_t d = 0; d < x.rank; ++d) dims[d] = d < 2 ? x.dims[d] : 1;
  check_output(name, "Y", a, 0, {dims, static_cast<size_t>(x.rank)});
}

}  // namespace tenon::device
