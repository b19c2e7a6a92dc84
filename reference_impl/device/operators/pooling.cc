// SPDX-License-Identifier: Apache-2.0
//
// The halves of pooling operators.
#include "tenon/device/operators/pooling.h"

#include "reference_impl/device/operators/rule_calls.h"
#include "reference_impl/shapes/contraction_rules.h"

namespace tenon::device {
namespace {

void require_same_type(const Description& d, const char* message) {
  if (d.output_dtype(0) != d.input_dtype(0)) throw_invalid(d.name(), message);
}

// Y's dims are those of the rule. With ceil_mode a host may have chosen anything from the rounded
// down to the rounded up ones, whether a window begins behind X or not.
template <class Attributes>
void check_pooled(std::string_view op, const Attributes& pool, const Arguments& a) {
  const shapes::Shape<int64_t> dims = shapes::pool(PointCall(op, a), pool, 0);
  if (a.asked != nullptr || !pool.ceil_mode) return check_output(op, "Y", a, 0, dims);
  auto allowed = shapes::Shape<shapes::Interval>();
  const std::span<const int64_t> x = a.inputs[0].shape();
  for (size_t d = 0; d < dims.size(); ++d) allowed.add({dims[d], dims[d]});
  for (size_t i = 0; i + 2 < x.size(); ++i) {
    const shapes::WindowAxis axis = shapes::window_axis(pool, i, x.size() - 2);
    allowed[i + 2] = {axis.positions(x[i + 2], pool.kernel_shape[i], false),
                      axis.positions(x[i + 2], pool.kernel_shape[i], true)};
  }
  check_within(op, "Y", a, 0, allowed);
}

}  // namespace

MaxPoolOperator::MaxPoolOperator(const Description& d)
    : NamedOperator(d), attributes::MaxPool(d), window(name, *this, d.input(0).rank) {
  require_same_type(d, "X and Y must have one type");
  if (d.has_output(1) && d.output_dtype(1) != TN_INT64)
    throw_invalid(name, "Indices must be int64");
}

void MaxPoolOperator::check(const Arguments& a) const {
  check_pooled(name, *this, a);
  check_output(name, "Indices", a, 1, a.output(0).shape());
}

MaxPoolGradOperator::MaxPoolGradOperator(const Description& d) : NamedOperator(d) {
  require_same_type(d, "dY and dX must have one type");
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

AveragePoolOperator::AveragePoolOperator(const Description& d)
    : NamedOperator(d), attributes::AveragePool(d), window(name, *this, d.input(0).rank) {
  require_same_type(d, "input and output must have one type");
}

void AveragePoolOperator::check(const Arguments& a) const { check_pooled(name, *this, a); }

void AveragePoolGradOperator::check(const Arguments& a) const {
  if (a.asked != nullptr) return;
  const Arguments forward{a.outputs.first(1), a.inputs.first(1)};
  check_pooled(name, *this, forward);
}

LpPoolOperator::LpPoolOperator(const Description& d)
    : NamedOperator(d), attributes::LpPool(d), window(name, *this, d.input(0).rank) {
  require_same_type(d, "X and Y must have one type");
}

void LpPoolOperator::check(const Arguments& a) const { check_pooled(name, *this, a); }

GlobalPoolOperator::GlobalPoolOperator(const Description& d) : NamedOperator(d) {
  if (d.input(0).rank < 2) throw_invalid(name, "X must have batch and channels");
  require_same_type(d, "X and Y must have one type");
}

void GlobalPoolOperator::check(const Arguments& a) const {
  check_output(name, "Y", a, 0, shapes::global_pool(PointCall(name, a), *this, 0));
}

}  // namespace tenon::device
