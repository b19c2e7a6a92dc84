// SPDX-License-Identifier: Apache-2.0
//
// The halves of operators that move elements, and of those that name places of elements.
#include "tenon/device/operators/movement.h"

#include <algorithm>

#include "reference_impl/device/operators/rule_calls.h"
#include "reference_impl/shapes/movement_rules.h"
#include "tenon/device/operators/description_checks.h"
#include "tenon/device/operators/number.h"

namespace tenon::device {

ConcatOperator::ConcatOperator(const Description& d) : NamedOperator(d), attributes::Concat(d) {
  require_inputs(d, std::max<size_t>(1, d.input_count()));
  require_same_inputs(d);
  require_output(d, d.input_dtype(0));
}

void ConcatOperator::check(const Arguments& a) const {
  check_output(name, "the output", a, 0, shapes::concat(PointCall(name, a), *this, 0));
}

TileOperator::TileOperator(const Description& d) : NamedOperator(d) {
  require_inputs(d, 2);
  require_output(d, d.input_dtype(0));
}

void TileOperator::check(const Arguments& a) const {
  check_valued(name, "the output", a, 0,
               [&](const auto& call) { return shapes::tile(call, *this, 0); });
  if (a.asked != nullptr) return;
  const View &input = a.inputs[0], &output = a.outputs[0];
  int32_t rank = 0;
  for (int32_t d = 0; d < input.rank; ++d)
    rank += (input.dims[d] != 1 ? 1 : 0) + (output.dims[d] != input.dims[d] ? 1 : 0);
  if (rank > TN_MAX_RANK)
    throw KernelError(TN_UNSUPPORTED, name + ": more than " + std::to_string(TN_MAX_RANK) +
                                          " dims and repeats together");
}

TileViews TileOperator::views(const Arguments& a) const {
  const View &input = a.inputs[0], &output = a.outputs[0];
  check_output(name, "the output", a, 0, shapes::tile(PointCall(name, a), *this, 0));
  TileViews views(output, input);
  for (int32_t d = 0; d < input.rank; ++d) {
    const int64_t repeats = integer_at(a.inputs[1], d);
    if (repeats != 1) {
      views.to.add(repeats, output.strides[d] * input.dims[d]);
      views.from.add(repeats, 0);
    }
    if (input.dims[d] != 1) {
      views.to.add(input.dims[d], output.strides[d]);
      views.from.add(input.dims[d], input.strides[d]);
    }
  }
  return views;
}

PadOperator::PadOperator(const Description& d) : NamedOperator(d), attributes::Pad(d) {
  if (!d.has_input(0) || !d.has_input(1) || d.input_count() > 4 || d.output_count() != 1)
    throw_invalid(d.name(), "takes data, pads, constant_value and axes");
  require_output(d, d.input_dtype(0));
  if (d.has_input(2) && d.input_dtype(2) != d.input_dtype(0))
    throw_unsupported_dtype(d.name(), d.input_dtype(2));
}

void PadOperator::check(const Arguments& a) const {
  if (a.input(2).present() && a.input(2).count() != 1)
    throw_invalid(name, "constant_value has dims " + dims_text(a.input(2).shape()));
  if (a.asked != nullptr || !a.input(3).present()) {
    check_valued(name, "the output", a, 0,
                 [&](const auto& call) { return shapes::pad(call, *this, 0); });
    return;
  }
  // Which dims are padded, a value says, too.
  const int64_t padded = a.input(3).count();
  if (a.inputs[1].count() != 2 * padded || a.outputs[0].rank != a.inputs[0].rank)
    throw_invalid(name, std::to_string(a.inputs[1].count()) + " pads for " +
                            std::to_string(padded) + " axes of dims " +
                            dims_text(a.inputs[0].shape()) + " and an output of rank " +
                            std::to_string(a.outputs[0].rank));
}

void PadOperator::read_pads(const Arguments& a, int64_t* front) const {
  std::fill(front, front + a.inputs[0].rank, 0);
  check_output(name, "the output", a, 0,
               shapes::padded(PointCall(name, a), [&](size_t d, int64_t pad) { front[d] = pad; }));
  if (mode != PadMode::kConstant && a.outputs[0].count() != 0 && a.inputs[0].count() == 0)
    throw_invalid(name, "there is nothing to pad with");
}

PadInside::PadInside(const View& output, const View& data, const int64_t* front)
    : to(output), from(data) {
  for (int32_t d = 0; d < data.rank; ++d) {
    const int64_t first = std::max<int64_t>(0, -front[d]);
    const int64_t last = std::min(data.dims[d], output.dims[d] - front[d]);
    const int64_t size = std::max<int64_t>(0, last - first);
    if (size > 0) {
      to.move((first + front[d]) * output.strides[d]);
      from.move(first * data.strides[d]);
    }
    to.add(size, output.strides[d]);
    from.add(size, data.strides[d]);
  }
}

TriluOperator::TriluOperator(const Description& d) : NamedOperator(d), attributes::Trilu(d) {
  if (!d.has_input(0) || d.input_count() > 2 || d.output_count() != 1)
    throw_invalid(d.name(), "takes an input and k");
  require_output(d, d.input_dtype(0));
}

void TriluOperator::check(const Arguments& a) const {
  const View& input = a.inputs[0];
  if (input.rank < 2)
    throw_invalid(name, "the input has dims " + dims_text(input.shape()) + ", expected a matrix");
  check_output(name, "the output", a, 0, shapes::same(PointCall(name, a), *this, 0));
  if (a.input(1).present() && a.input(1).count() != 1)
    throw_invalid(name, "k must be one number, not dims " + dims_text(a.input(1).shape()));
}

RangeOperator::RangeOperator(const Description& d) : NamedOperator(d) {
  require_inputs(d, 3);
  require_same_inputs(d);
  require_output(d, d.input_dtype(0));
}

void RangeOperator::check(const Arguments& a) const {
  check_valued(name, "the output", a, 0,
               [&](const auto& call) { return shapes::range(call, *this, 0); });
}

int64_t RangeOperator::count(const Arguments& a) const {
  check_output(name, "the output", a, 0, shapes::range(PointCall(name, a), *this, 0));
  return a.outputs[0].dims[0];
}

OneHotOperator::OneHotOperator(const Description& d) : NamedOperator(d), attributes::OneHot(d) {
  require_inputs(d, 3);
  if (!(kNumericTypes & dtype_bit(d.input_dtype(0))))
    throw_unsupported_dtype(d.name(), d.input_dtype(0));
  require_output(d, d.input_dtype(2));
  if (!(kMovedTypes & dtype_bit(d.input_dtype(2))))
    throw_unsupported_dtype(d.name(), d.input_dtype(2));
}

void OneHotOperator::check(const Arguments& a) const {
  const View& values = a.inputs[2];
  if (values.rank != 1 || values.dims[0] != 2)
    throw_invalid(name, "values have dims " + dims_text(values.shape()) + ", expected [2]");
  check_valued(name, "the output", a, 0,
               [&](const auto& call) { return shapes::one_hot(call, *this, 0); });
}

int64_t OneHotOperator::depth(const Arguments& a, int32_t along) const {
  check_output(name, "the output", a, 0, shapes::one_hot(PointCall(name, a), *this, 0));
  return a.outputs[0].dims[along];
}

NonZeroOperator::NonZeroOperator(const Description& d) : NamedOperator(d) {
  require_inputs(d, 1);
  require_output(d, TN_INT64);
}

void NonZeroOperator::check(const Arguments& a) const {
  const View &x = a.inputs[0], &y = a.outputs[0];
  if (a.asked != nullptr) {
    constexpr shapes::Data<shapes::RankOf{0}, shapes::CountOf{0}> kMost;
    return check_output(name, "the output", a, 0, kMost(PointCall(name, a), *this, 0));
  }
  // Any number of columns is a caller's choice of how many it has room for.
  if (y.rank != 2 || y.dims[0] != x.rank)
    throw_invalid(name, "the output has dims " + dims_text(y.shape()) + " for an input of dims " +
                            dims_text(x.shape()));
}

UniqueOperator::UniqueOperator(const Description& d) : NamedOperator(d), attributes::Unique(d) {
  if (d.input_count() != 1 || !d.has_input(0) || !d.has_output(0) || d.output_count() > 4)
    throw_invalid(name, "takes X and gives Y, indices, inverse_indices and counts");
  if (d.output_dtype(0) != d.input_dtype(0))
    throw KernelError(TN_UNSUPPORTED, name + ": Y is not of X's type");
  for (size_t i = 1; i < d.output_count(); ++i)
    if (d.has_output(i) && d.output_dtype(i) != TN_INT64)
      throw KernelError(TN_UNSUPPORTED, name + ": output " + std::to_string(i) + " is not int64");
}

void UniqueOperator::check(const Arguments& a) const {
  static constexpr const char* kOutputs[] = {"Y", "indices", "inverse_indices", "counts"};
  const PointCall call(name, a);
  for (size_t i = 0; i < a.outputs.size(); ++i) {
    const auto most = shapes::unique(call, *this, i);
    const View& output = a.outputs[i];
    if (!output.present()) continue;
    if (a.asked != nullptr || i == 2) {
      check_output(name, kOutputs[i], a, i, most);
      continue;
    }
    // How many there is room for is the caller's choice.
    const size_t free = i == 0 && axis ? shapes::axis_of(call, *axis, most.size()) : 0;
    bool fits = output.shape().size() == most.size();
    for (size_t d = 0; fits && d < most.size(); ++d)
      fits = d == free || output.shape()[d] == most[d];
    if (!fits)
      throw_invalid(name, std::string(kOutputs[i]) + " has dims " + dims_text(output.shape()) +
                              " where at most " + dims_text(most) + " come out");
  }
}

UniqueOperator::Slices UniqueOperator::slices(const Arguments& a) const {
  const View& x = a.inputs[0];
  if (!axis) return {x.count(), 1, -1};
  const int32_t along = normalize_axis(name, *axis, x.rank);
  return {x.dims[along], extent(x, 0, along) * extent(x, along + 1, x.rank), along};
}

void UniqueOperator::require_room(const Arguments& a, int64_t found) const {
  for (size_t i = 0; i < a.outputs.size(); ++i) {
    const View& output = a.outputs[i];
    if (!output.present() || i == 2) continue;
    const int64_t room = output.dims[i == 0 ? std::max(slices(a).axis, 0) : 0];
    if (found > room)
      throw_invalid(name, std::to_string(found) + " differ: output " + std::to_string(i) +
                              " has room for " + std::to_string(room));
  }
}

TopKOperator::TopKOperator(const Description& d)
    : NamedOperator(d), attributes::TopK(d) {  // The order is always that of `sorted`.
  if (d.input_count() != 2 || !d.has_input(0) || !d.has_input(1) || !d.has_output(0) ||
      !d.has_output(1) || d.output_dtype(1) != TN_INT64)
    throw_invalid(d.name(), "takes X and K and gives Values and int64 Indices");
  require_output(d, d.input_dtype(0));
}

void TopKOperator::check(const Arguments& a) const {
  static constexpr const char* kOutputs[] = {"Values", "Indices"};
  for (size_t i = 0; i < 2; ++i)
    check_valued(name, kOutputs[i], a, i,
                 [&](const auto& call) { return shapes::top_k(call, *this, i); });
  check_output(name, "Indices", a, 1, a.outputs[0].shape());
}

int64_t TopKOperator::k(const Arguments& a, int32_t along) const {
  check_output(name, "Values", a, 0, shapes::top_k(PointCall(name, a), *this, 0));
  return a.outputs[0].dims[along];
}

}  // namespace tenon::device
