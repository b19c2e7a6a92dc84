// SPDX-License-Identifier: Apache-2.0
//
// What is worked out row by row: Softmax, LayerNormalization, ArgMax.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "conformance/accelerator/work.h"
#include "tenon/device/operators/number.h"

namespace tenon::accelerator {
namespace {

int64_t axis_of(const Description& d) {
  const int64_t axis = d.integer("axis");
  return axis < 0 ? axis + d.input(0).rank : axis;
}

// Calls row(first, step, length) for each line of elements along an axis.
template <class Row>
void for_each_line(const Numbers& numbers, int64_t axis, Row row) {
  int64_t step = 1;
  for (int64_t d = axis + 1; d < numbers.rank(); ++d) step *= numbers.dim(d);
  const int64_t length = numbers.dim(axis);
  for (int64_t i = 0; length != 0 && i < numbers.count() / length; ++i) {
    row(i / step * step * length + i % step, step, length);
  }
}

class Softmax final : public Work {
 public:
  Softmax(const Description& d, Fault fault) : fault_(fault), axis_(axis_of(d)) {}
  void run(const Arguments& arguments) const override {
    Numbers x = load(arguments.inputs[0]);
    for_each_line(x, axis_, [&](int64_t first, int64_t step, int64_t length) {
      float most = -std::numeric_limits<float>::infinity();
      for (int64_t i = 0; i < length; ++i) {
        most = std::max(most, static_cast<float>(x.at(first + i * step)));
      }
      if (fault_ == Fault::softmax_without_maximum) most = 0;
      double sum = 0;
      for (int64_t i = 0; i < length; ++i) {
        double& value = x.at(first + i * step);
        const float power = std::exp(static_cast<float>(value) - most);
        value = power;
        sum += power;
      }
      for (int64_t i = 0; i < length; ++i) x.at(first + i * step) /= sum;
    });
    store(x, arguments.outputs[0], fault_);
  }

 private:
  const Fault fault_;
  const int64_t axis_;
};

class LayerNormalization final : public Work {
 public:
  LayerNormalization(const Description& d, Fault fault)
      : fault_(fault), axis_(axis_of(d)), epsilon_(d.real("epsilon")) {}

  void run(const Arguments& arguments) const override {
    Numbers x = load(arguments.inputs[0]);
    const Numbers scale = load(arguments.inputs[1]), bias = load(arguments.input(2));
    Numbers means = like(arguments.output(1)), deviations = like(arguments.output(2));
    int64_t length = 1;
    for (int64_t d = axis_; d < x.rank(); ++d) length *= x.dim(d);
    for (int64_t row = 0; row * length < x.count(); ++row) {
      const auto [mean, deviation] = normalize(x, row * length, length, scale, bias);
      if (row < means.count()) means.at(row) = mean;
      if (row < deviations.count()) deviations.at(row) = deviation;
    }
    store(x, arguments.outputs[0], fault_);
    if (means.count() != 0) store(means, arguments.outputs[1], fault_);
    if (deviations.count() != 0) store(deviations, arguments.outputs[2], fault_);
  }

 private:
  // The row's mean and one over its deviation.
  std::pair<double, double> normalize(Numbers& x, int64_t first, int64_t length,
                                      const Numbers& scale, const Numbers& bias) const {
    double sum = 0, distance = 0;
    float squares = 0;
    for (int64_t i = 0; i < length; ++i) {
      const auto value = static_cast<float>(x.at(first + i));
      sum += value;
      squares += value * value;
    }
    const double mean = sum / static_cast<double>(length);
    for (int64_t i = 0; i < length; ++i) distance += std::pow(x.at(first + i) - mean, 2);
    double variance = distance / static_cast<double>(length);
    if (fault_ == Fault::variance_of_squares) {
      const auto single = static_cast<float>(mean);
      variance = std::max(squares / static_cast<float>(length) - single * single, 0.0f);
    }
    const double epsilon = fault_ == Fault::epsilon_ignored ? 1e-12 : epsilon_;
    const double inverse = 1 / std::sqrt(variance + epsilon);
    for (int64_t i = 0; i < length; ++i) {
      // Scale and bias may have fewer dims, or dims of 1: those the reference device does.
      double& value = x.at(first + i);
      value = (value - mean) * inverse * scale.at(i) +
              (bias.dtype != TN_DTYPE_UNDEFINED ? bias.at(i) : 0);
    }
    return {mean, inverse};
  }

  const Fault fault_;
  const int64_t axis_;
  const double epsilon_;
};

class ArgMax final : public Work {
 public:
  ArgMax(const Description& d, Fault fault)
      : axis_(axis_of(d)),
        last_((d.integer("select_last_index") != 0) != (fault == Fault::argmax_of_ties)) {}
  void run(const Arguments& arguments) const override {
    const Numbers x = load(arguments.inputs[0]);
    // Dense, as all tensors of this device that are not packed.
    auto* y = arguments.outputs[0].as<int64_t>();
    for_each_line(x, axis_, [&](int64_t first, int64_t step, int64_t length) {
      int64_t place = 0;
      for (int64_t i = 1; i < length; ++i) {
        const double value = x.at(first + i * step), most = x.at(first + place * step);
        if (std::isnan(most)) break;
        if (std::isnan(value) || value > most || (last_ && value == most)) place = i;
      }
      *y++ = place;
    });
  }

 private:
  const int64_t axis_;
  const bool last_;
};

// Whether an argument has exactly the last dims of X from `axis` on.
bool fits(const tn_argument& argument, const tn_argument& x, int64_t axis) {
  return argument.rank == x.rank - axis &&
         std::equal(argument.dims, argument.dims + argument.rank, x.dims + axis);
}

}  // namespace

std::unique_ptr<Work> make_rows(const Description& d, Fault fault) {
  if ((device::dtype_bit(d.input_dtype(0)) & device::kFloatTypes) == 0) return nullptr;
  if (d.name() == "Softmax" && d.version() >= 13 && d.input(0).rank > 0) {
    return std::make_unique<Softmax>(d, fault);
  }
  if (d.name() == "LayerNormalization" && d.has_input(1)) {
    const int64_t axis = axis_of(d);
    const bool whole = fits(d.input(1), d.input(0), axis) &&
                       (!d.has_input(2) || fits(d.input(2), d.input(0), axis));
    if (whole) return std::make_unique<LayerNormalization>(d, fault);
  }
  if (d.name() == "ArgMax" && d.input(0).rank > 0 && fault == Fault::argmax_of_ties) {
    return std::make_unique<ArgMax>(d, fault);
  }
  return nullptr;
}

}  // namespace tenon::accelerator
