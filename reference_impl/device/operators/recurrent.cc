// SPDX-License-Identifier: Apache-2.0
//
// The halves of RNN, GRU and LSTM.
#include "tenon/device/operators/recurrent.h"

#include <algorithm>

#include "reference_impl/device/operators/rule_calls.h"
#include "reference_impl/shapes/recurrent_rules.h"

namespace tenon::device {
namespace {

// What ONNX calls a function, which numbers it takes, and what they are where none is given.
struct FunctionRow {
  const char* name;
  RecurrentFunction function;
  bool takes_alpha, takes_beta;
  float alpha, beta;
};

constexpr FunctionRow kFunctions[] = {
    {"Affine", RecurrentFunction::kAffine, true, true, 1, 0},
    {"Relu", RecurrentFunction::kRelu, false, false, 0, 0},
    {"LeakyRelu", RecurrentFunction::kLeakyRelu, true, false, 0.01f, 0},
    {"ThresholdedRelu", RecurrentFunction::kThresholdedRelu, true, false, 1, 0},
    {"Tanh", RecurrentFunction::kTanh, false, false, 0, 0},
    {"ScaledTanh", RecurrentFunction::kScaledTanh, true, true, 1, 1},
    {"Sigmoid", RecurrentFunction::kSigmoid, false, false, 0, 0},
    {"HardSigmoid", RecurrentFunction::kHardSigmoid, true, true, 0.2f, 0.5f},
    {"Elu", RecurrentFunction::kElu, true, false, 1, 0},
    {"Softsign", RecurrentFunction::kSoftsign, false, false, 0, 0},
    {"Softplus", RecurrentFunction::kSoftplus, false, false, 0, 0},
};

// The next of a list, where there is one left.
float next(const std::vector<float>& list, size_t* at, bool takes, float otherwise) {
  return takes && *at < list.size() ? list[(*at)++] : otherwise;
}

void require_dims(std::string_view op, const char* argument, const View& view,
                  std::initializer_list<int64_t> expected) {
  const std::span<const int64_t> dims(expected.begin(), expected.size());
  if (view.present() && !has_dims(view, dims)) throw_dims(op, argument, view.shape(), dims);
}

// Inputs but sequence_lens, and outputs, are of X's type.
void require_types(const Description& d) {
  constexpr size_t kLengths = 4;
  const tn_dtype type = d.input_dtype(0);
  d.input(0), d.input(1), d.input(2);  // They throw if it is missing.
  for (size_t i = 1; i < d.input_count(); ++i) {
    if (!d.has_input(i)) continue;
    const tn_dtype wanted = i == kLengths ? tn_dtype{TN_INT32} : type;
    if (d.input_dtype(i) != wanted)
      throw_invalid(d.name(), "input " + std::to_string(i) + " is of type " +
                                  dtype_name(d.input_dtype(i)) + " where " + dtype_name(wanted) +
                                  " is needed");
  }
  for (size_t i = 0; i < d.output_count(); ++i)
    if (d.has_output(i) && d.output_dtype(i) != type)
      throw_invalid(d.name(), "outputs must be of the type of X");
}

template <class Operator>
void check_outputs(const Operator& o, const Arguments& a) {
  static constexpr const char* kOutputs[] = {"Y", "Y_h", "Y_c"};
  for (size_t i = 0; i < a.outputs.size(); ++i)
    check_output(o.name, kOutputs[i], a, i, shapes::recurrent(PointCall(o.name, a), o, i));
}

}  // namespace

RecurrentDims RecurrentOperator::dims(const Arguments& a) const {
  const View &x = a.inputs[0], &r = a.inputs[2];
  return {x.dims[batch_first ? 1 : 0], x.dims[batch_first ? 0 : 1], x.dims[2], r.dims[2],
          direction_count};
}

int64_t RecurrentOperator::length(const Arguments& a, const RecurrentDims& dims,
                                  int64_t element) const {
  const View lengths = a.input(4);
  if (!lengths.present()) return dims.steps;
  const int64_t length = integer_at(lengths, element);
  if (a.check_data && (length < 0 || length > dims.steps))
    throw_invalid(name, "sequence_lens has " + std::to_string(length) + " at " +
                            std::to_string(element) + ", and X has " + std::to_string(dims.steps) +
                            " steps");
  return std::clamp<int64_t>(length, 0, dims.steps);
}

template <class Attributes>
void RecurrentOperator::read(const Description& d, const Attributes& a,
                             std::initializer_list<const char*> defaults) {
  require_types(d);
  direction_count = shapes::directions_of(a);
  starts_backwards = a.direction == std::remove_cvref_t<decltype(a.direction)>::kReverse;
  batch_first = a.layout;
  limit = a.clip;
  std::vector<std::string> names = a.activations;
  // ONNX's default of RNN is of two directions.
  const bool given = d.has_attribute("activations");
  if (!given || names.empty()) {
    names.clear();
    for (int64_t i = 0; i < direction_count; ++i)
      names.insert(names.end(), defaults.begin(), defaults.end());
  }
  set_activations(names, a.activation_alpha, a.activation_beta,
                  defaults.size() * static_cast<size_t>(direction_count));
}

void RecurrentOperator::set_activations(const std::vector<std::string>& names,
                                        const std::vector<float>& alphas,
                                        const std::vector<float>& betas, size_t needed) {
  // A list of two is RNN's default, of which one direction uses one.
  const bool spare = needed == 1 && names.size() == 2;
  if (names.size() != needed && !spare)
    throw_invalid(name, "activations has " + std::to_string(names.size()) + " names where " +
                            std::to_string(needed) + " are needed");
  size_t alpha = 0, beta = 0;
  for (size_t i = 0; i < needed; ++i) {
    const auto* row =
        std::ranges::find_if(kFunctions, [&](const FunctionRow& f) { return names[i] == f.name; });
    if (row == std::end(kFunctions))
      throw_invalid(name, "'" + names[i] +
                              "' is no activation; there are Affine, Relu, LeakyRelu, "
                              "ThresholdedRelu, Tanh, ScaledTanh, Sigmoid, HardSigmoid, Elu, "
                              "Softsign and Softplus");
    functions.push_back({row->function, next(alphas, &alpha, row->takes_alpha, row->alpha),
                         next(betas, &beta, row->takes_beta, row->beta)});
  }
}

void RecurrentOperator::check_state(const char* argument, const View& state,
                                    const RecurrentDims& of) const {
  if (batch_first)
    require_dims(name, argument, state, {of.batch, of.directions, of.hidden});
  else
    require_dims(name, argument, state, {of.directions, of.batch, of.hidden});
}

void RecurrentOperator::check_inputs(const Arguments& a, int64_t gates) const {
  const RecurrentDims of = dims(a);
  const int64_t rows = gates * of.hidden;
  require_dims(name, "W", a.inputs[1], {of.directions, rows, of.inputs});
  require_dims(name, "R", a.inputs[2], {of.directions, rows, of.hidden});
  require_dims(name, "B", a.input(3), {of.directions, 2 * rows});
  require_dims(name, "sequence_lens", a.input(4), {of.batch});
  check_state("initial_h", a.input(5), of);
}

RnnOperator::RnnOperator(const Description& d) : RecurrentOperator(d), attributes::RNN(d) {
  read(d, *this, {"Tanh"});
}

void RnnOperator::check(const Arguments& a) const {
  check_outputs(*this, a);
  check_inputs(a, kGates);
}

GruOperator::GruOperator(const Description& d) : RecurrentOperator(d), attributes::GRU(d) {
  read(d, *this, {"Sigmoid", "Tanh"});
}

void GruOperator::check(const Arguments& a) const {
  check_outputs(*this, a);
  check_inputs(a, kGates);
}

LstmOperator::LstmOperator(const Description& d) : RecurrentOperator(d), attributes::LSTM(d) {
  read(d, *this, {"Sigmoid", "Tanh", "Tanh"});
}

void LstmOperator::check(const Arguments& a) const {
  check_outputs(*this, a);
  check_inputs(a, kGates);
  const RecurrentDims of = dims(a);
  check_state("initial_c", a.input(6), of);
  require_dims(name, "P", a.input(7), {of.directions, 3 * of.hidden});
}

}  // namespace tenon::device
