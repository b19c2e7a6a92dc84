// SPDX-License-Identifier: Apache-2.0
//
// The named shape rules of spec/ops (spec/operators/shape.py lists them) are templates
//
//     Shape<D> rule(const Call& call, const Attributes& a, size_t output)
//
// which give the dims of output `output`, where `a` is a struct with the operator's attributes by
// their names (tenon/device/operators/attributes.h) and D = Call::Dim is a number or an Interval.
// A call says what a rule may know:
//
//     size_t inputs(), bool has(i)            how many there are, whether one is given
//     dims(i)                                 its dims: size(), [d]
//     size_t value_count(i, argument)         elements of an input that decides dims,
//     D value(i, j, argument)                 and element j; it may refuse, by the argument's name
//     bool is_float(i)                        whether a value is a float
//     D real_range(f, argument)               f(inputs 0, 1 and 2 as double), or any from 0 on
//     optional<double> real(i, j, argument)   element j as double; nothing where it is not known
//     size_t outputs()
//     fail(message)                           throws: the call is wrong, and why
//
// This file: elementwise operators, reductions, normalizations, losses.
#pragma once

#include "reference_impl/shapes/shape.h"

namespace tenon::shapes {

template <class Call>
using ShapeOf = Shape<typename Call::Dim>;

// An axis from 0 on. A scalar counts as having one, as ONNX's own rules have it.
template <class Call>
size_t axis_of(const Call& call, int64_t axis, size_t rank) {
  const auto axes = static_cast<int64_t>(std::max<size_t>(rank, 1));
  if (axis < -axes || axis >= axes)
    call.fail("axis " + std::to_string(axis) + " is out of range for rank " + std::to_string(rank));
  return static_cast<size_t>(axis < 0 ? axis + axes : axis);
}

// A value that must be known for a rank to be.
template <class Call>
int64_t exact_value(const Call& call, size_t input, size_t j, const char* argument) {
  const auto value = call.value(input, j, argument);
  if (!is_exact(value)) call.fail(std::string("the rank follows from ") + argument);
  return low(value);
}

// Values that are dims. More of them than a tensor has dims are cut short.
template <class Call>
ShapeOf<Call> values_of(const Call& call, size_t input, const char* argument) {
  ShapeOf<Call> dims;
  const size_t count = std::min(call.value_count(input, argument), ShapeOf<Call>::kMost);
  for (size_t i = 0; i < count; ++i) dims.add(call.value(input, i, argument));
  return dims;
}

// An input of one number.
template <class Call>
void require_number(const Call& call, size_t input, const char* argument) {
  const auto dims = call.dims(input);
  if (!may_be(count_of<typename Call::Dim>(dims, 0, dims.size()), 1))
    call.fail(std::string(argument) + " must be one number, not dims " + dims_text(dims));
}

template <class Call, class Attributes>
ShapeOf<Call> same(const Call& call, const Attributes&, size_t) {
  return ShapeOf<Call>::of(call.dims(0));
}

// Joins `dims` into `all`, from the last dim on; false if they do not broadcast.
template <class D, class Dims>
bool broadcast_into(Shape<D>* all, const Dims& dims) {
  if (dims.size() > all->size()) {
    Shape<D> wider;
    for (size_t i = all->size(); i < dims.size(); ++i) wider.add(exactly<D>(1));
    wider.append(*all);
    *all = wider;
  }
  for (size_t d = 0; d < dims.size(); ++d) {
    D& dim = (*all)[all->size() - dims.size() + d];
    const std::optional<D> joined = broadcast<D>(dim, dims[d]);
    if (!joined) return false;
    dim = *joined;
  }
  return true;
}

template <class Call, class Attributes>
ShapeOf<Call> broadcast(const Call& call, const Attributes&, size_t) {
  ShapeOf<Call> all;
  bool fits = true;
  for (size_t i = 0; i < call.inputs(); ++i)
    fits = fits && (!call.has(i) || broadcast_into(&all, call.dims(i)));
  if (fits) return all;
  std::string text;
  for (size_t i = 0; i < call.inputs(); ++i)
    if (call.has(i)) text += (text.empty() ? "" : ", ") + dims_text(call.dims(i));
  call.fail("inputs of dims " + text + " do not broadcast");
}

// Output i has the dims of input kOf[i]; both may be absent.
template <size_t... kOf>
struct Like {
  template <class Call, class Attributes>
  ShapeOf<Call> operator()(const Call& call, const Attributes&, size_t output) const {
    constexpr size_t kInputs[] = {kOf...};
    const size_t input = kInputs[output];
    return call.has(input) ? ShapeOf<Call>::of(call.dims(input)) : ShapeOf<Call>();
  }
};

// A dim that data decides, at most.
struct RankOf {
  size_t input;
};
struct CountOf {
  size_t input;
};
template <class Call>
void add_most(ShapeOf<Call>* dims, const Call& call, RankOf of) {
  dims->add(exactly<typename Call::Dim>(static_cast<int64_t>(call.dims(of.input).size())));
}
template <class Call>
void add_most(ShapeOf<Call>* dims, const Call& call, CountOf of) {
  const auto input = call.dims(of.input);
  dims->add(count_of<typename Call::Dim>(input, 0, input.size()));
}
struct Exactly {
  int64_t number;
};
template <class Call>
void add_most(ShapeOf<Call>* dims, const Call&, Exactly of) {
  dims->add(exactly<typename Call::Dim>(of.number));
}
template <auto... kMost>
struct Data {
  template <class Call, class Attributes>
  ShapeOf<Call> operator()(const Call& call, const Attributes&, size_t) const {
    ShapeOf<Call> dims;
    (add_most(&dims, call, kMost), ...);
    return dims;
  }
};

// Dims without the axes, which are bits of `axes`, or 1 there.
template <class D, class Dims>
Shape<D> reduced(const Dims& dims, uint32_t axes, bool keepdims) {
  Shape<D> left;
  for (size_t d = 0; d < dims.size(); ++d) {
    const bool gone = (axes >> d & 1) != 0;
    if (!gone || keepdims) left.add(gone ? exactly<D>(1) : dims[d]);
  }
  return left;
}

// Bits of the axes in input 1. Without any all are meant, or none.
template <class Call, class Attributes>
uint32_t reduced_axes(const Call& call, const Attributes& a) {
  const size_t rank = call.dims(0).size();
  const uint32_t all = (uint32_t{1} << rank) - 1;
  const size_t count = call.has(1) ? call.value_count(1, "axes") : 0;
  if (count == 0) {
    if constexpr (requires { a.noop_with_empty_axes; }) return a.noop_with_empty_axes ? 0 : all;
    return all;
  }
  uint32_t axes = 0;
  for (size_t i = 0; i < count; ++i)
    axes |= uint32_t{1} << axis_of(call, exact_value(call, 1, i, "axes"), rank);
  return axes & all;
}

template <class Call, class Attributes>
ShapeOf<Call> reduce(const Call& call, const Attributes& a, size_t) {
  return reduced<typename Call::Dim>(call.dims(0), reduced_axes(call, a), a.keepdims);
}

template <class Call, class Attributes>
ShapeOf<Call> arg_reduce(const Call& call, const Attributes& a, size_t) {
  const auto x = call.dims(0);
  const uint32_t axes = uint32_t{1} << axis_of(call, a.axis, x.size());
  return reduced<typename Call::Dim>(x, axes, a.keepdims);
}

template <class Call>
void require_channels(const Call& call, size_t input, const char* argument) {
  const auto x = call.dims(input);
  if (x.size() < 2)
    call.fail(std::string(argument) + " has dims " + dims_text(x) + ", expected [N, C, ...]");
}

template <class Call, class Attributes>
ShapeOf<Call> channels(const Call& call, const Attributes&, size_t output) {
  require_channels(call, 0, "X");
  const auto x = call.dims(0);
  ShapeOf<Call> dims;
  dims.append(x, output == 0 ? 0 : 1, output == 0 ? x.size() : 2);
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> layer_norm(const Call& call, const Attributes& a, size_t output) {
  auto dims = ShapeOf<Call>::of(call.dims(0));
  const size_t first = axis_of(call, a.axis, dims.size());
  for (size_t d = first; output != 0 && d < dims.size(); ++d)
    dims[d] = exactly<typename Call::Dim>(1);
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> layer_norm_grad(const Call& call, const Attributes& a, size_t output) {
  const auto x = call.dims(1);
  const size_t first = axis_of(call, a.axis, x.size());
  ShapeOf<Call> dims;
  dims.append(x, output == 0 ? 0 : std::min(first, x.size()), x.size());
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> nll_loss(const Call& call, const Attributes& a, size_t output) {
  using Reduction = decltype(a.reduction);
  if (output == 0 && a.reduction == Reduction::kNone) return ShapeOf<Call>::of(call.dims(1));
  return {};
}

template <class Call, class Attributes>
ShapeOf<Call> cross_entropy(const Call& call, const Attributes&, size_t output) {
  const auto logits = call.dims(0);
  if (logits.size() != 2) call.fail("logits have dims " + dims_text(logits));
  ShapeOf<Call> dims;
  dims.append(logits, 0, output == 0 ? 1 : 2);
  return dims;
}

template <class Call, class Attributes>
ShapeOf<Call> scalar(const Call&, const Attributes&, size_t) {
  return {};
}

}  // namespace tenon::shapes
