// SPDX-License-Identifier: Apache-2.0
//
// Softmax and the normalizations, with their gradients.
#include <cmath>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

HostTensor random(Shape dims, uint32_t seed, double low = -3, double high = 3) {
  return HostTensor::random(TN_FLOAT32, std::move(dims), low, high, seed);
}

// Calls body(positions of one line along `axis`) for each such line.
template <class Body>
void for_each_line(const Shape& dims, size_t axis, Body&& body) {
  Shape outer = dims;
  outer[axis] = 1;
  const HostTensor positions(TN_INT64, dims);
  for_each_index(outer, [&](const Shape& first) {
    std::vector<size_t> line;
    Shape index = first;
    for (index[axis] = 0; index[axis] < dims[axis]; ++index[axis]) {
      line.push_back(static_cast<size_t>(positions.position(index)));
    }
    body(line);
  });
}

void add_softmax(Cases& cases, const char* label, const Shape& dims, int64_t axis) {
  const size_t a = static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(dims.size()) : axis);
  const HostTensor x = random(dims, 1, -20, 20), dy = random(dims, 2);
  HostTensor y = x, log_y = x;
  for_each_line(dims, a, [&](const std::vector<size_t>& line) {
    double most = -INFINITY, sum = 0;
    for (const size_t i : line) most = std::fmax(most, x.values[i]);
    for (const size_t i : line) sum += std::exp(x.values[i] - most);
    for (const size_t i : line) {
      log_y.values[i] = x.values[i] - most - std::log(sum);
      y.values[i] = std::exp(log_y.values[i]);
    }
  });
  const auto forward = [&](const char* name, const HostTensor& out) {
    cases.push_back(
        OperatorCase{"", name, 13, label, TN_FLOAT32, 1e-6}.in(x).attribute("axis", axis).out(out));
  };
  forward("Softmax", y);
  forward("LogSoftmax", log_y);

  // Gradients take the forward's output as float32.
  const HostTensor y32(TN_FLOAT32, dims, y.values), log32(TN_FLOAT32, dims, log_y.values);
  HostTensor dx = dy, log_dx = dy;
  for_each_line(dims, a, [&](const std::vector<size_t>& line) {
    double dot = 0, sum = 0;
    for (const size_t i : line) dot += dy.values[i] * y32.values[i], sum += dy.values[i];
    for (const size_t i : line) {
      dx.values[i] = y32.values[i] * (dy.values[i] - dot);
      log_dx.values[i] = dy.values[i] - std::exp(log32.values[i]) * sum;
    }
  });
  const auto backward = [&](const char* name, const HostTensor& out_y, const HostTensor& out) {
    cases.push_back(OperatorCase{"tenon", name, 1, label, TN_FLOAT32, 1e-6}
                        .in(dy)
                        .in(out_y)
                        .attribute("axis", axis)
                        .out(out));
  };
  backward("SoftmaxGrad", y32, dx);
  backward("LogSoftmaxGrad", log32, log_dx);
}

// Normalizes over all axes from `axis` on.
void add_layer_norm(Cases& cases, const char* label, const Shape& dims, size_t axis) {
  constexpr double kEpsilon = 1e-5f;
  const Shape inner(dims.begin() + static_cast<long>(axis), dims.end());
  Shape stats = dims;
  std::fill(stats.begin() + static_cast<long>(axis), stats.end(), 1);
  const size_t n = static_cast<size_t>(element_count(inner));
  const HostTensor x = random(dims, 1), scale = random(inner, 2), b = random(inner, 3);
  const HostTensor dy = random(dims, 4);
  HostTensor y = x, mean(TN_FLOAT32, stats), invstd(TN_FLOAT32, stats);
  for (size_t row = 0; row < mean.values.size(); ++row) {
    const double* values = &x.values[row * n];
    double m = 0, v = 0;
    for (size_t i = 0; i < n; ++i) m += values[i] / static_cast<double>(n);
    for (size_t i = 0; i < n; ++i) v += (values[i] - m) * (values[i] - m) / static_cast<double>(n);
    mean.values[row] = m;
    invstd.values[row] = 1 / std::sqrt(v + kEpsilon);
    for (size_t i = 0; i < n; ++i) {
      y.values[row * n + i] = (values[i] - m) * invstd.values[row] * scale.values[i] + b.values[i];
    }
  }
  cases.push_back(OperatorCase{"", "LayerNormalization", 17, label, TN_FLOAT32, 2e-6}
                      .in(x)
                      .in(scale)
                      .in(b)
                      .attribute("axis", static_cast<int64_t>(axis))
                      .out(y)
                      .out(mean)
                      .out(invstd));
  const HostTensor mean32(TN_FLOAT32, stats, mean.values);
  const HostTensor invstd32(TN_FLOAT32, stats, invstd.values);
  HostTensor dx = x, d_scale(TN_FLOAT32, inner), d_b(TN_FLOAT32, inner);
  for (size_t row = 0; row < mean.values.size(); ++row) {
    double sum = 0, dot = 0;
    const auto hat = [&](size_t i) {
      return (x.values[row * n + i] - mean32.values[row]) * invstd32.values[row];
    };
    for (size_t i = 0; i < n; ++i) {
      const double g = dy.values[row * n + i] * scale.values[i];
      sum += g / static_cast<double>(n);
      dot += g * hat(i) / static_cast<double>(n);
      d_scale.values[i] += dy.values[row * n + i] * hat(i);
      d_b.values[i] += dy.values[row * n + i];
    }
    for (size_t i = 0; i < n; ++i) {
      dx.values[row * n + i] =
          invstd32.values[row] * (dy.values[row * n + i] * scale.values[i] - sum - hat(i) * dot);
    }
  }
  cases.push_back(OperatorCase{"tenon", "LayerNormGrad", 1, label, TN_FLOAT32, 5e-6}
                      .in(dy)
                      .in(x)
                      .in(mean32)
                      .in(invstd32)
                      .in(scale)
                      .attribute("axis", static_cast<int64_t>(axis))
                      .out(dx)
                      .out(d_scale)
                      .out(d_b));
}

// Over all axes but 1.
void add_batch_norm(Cases& cases) {
  constexpr double kEpsilon = 1e-5, kMomentum = 0.1;
  const Shape dims{3, 4, 5, 6};
  const Shape channels{4};
  const double n = 3 * 5 * 6;
  const HostTensor x = random(dims, 1), scale = random(channels, 2), b = random(channels, 3);
  const HostTensor running_mean = random(channels, 4), running_var = random(channels, 5, 0.5, 2);
  const HostTensor dy = random(dims, 6);
  const auto channel = [](const Shape& i) { return static_cast<size_t>(i[1]); };

  HostTensor inference = x;
  for_each_index(dims, [&](const Shape& i) {
    const size_t c = channel(i);
    inference.at(i) = (x.at(i) - running_mean.values[c]) /
                          std::sqrt(running_var.values[c] + double(1e-5f)) * scale.values[c] +
                      b.values[c];
  });
  cases.push_back(OperatorCase{"", "BatchNormalization", 15, "inference", TN_FLOAT32, 2e-6}
                      .in(x)
                      .in(scale)
                      .in(b)
                      .in(running_mean)
                      .in(running_var)
                      .out(inference));

  HostTensor mean(TN_FLOAT32, channels), var = mean, invstd = mean, new_mean = mean, new_var = mean;
  for_each_index(dims, [&](const Shape& i) { mean.values[channel(i)] += x.at(i) / n; });
  for_each_index(dims, [&](const Shape& i) {
    const double distance = x.at(i) - mean.values[channel(i)];
    var.values[channel(i)] += distance * distance / n;
  });
  for (size_t c = 0; c < 4; ++c) {
    invstd.values[c] = 1 / std::sqrt(var.values[c] + kEpsilon);
    new_mean.values[c] = (1 - kMomentum) * running_mean.values[c] + kMomentum * mean.values[c];
    new_var.values[c] =
        (1 - kMomentum) * running_var.values[c] + kMomentum * var.values[c] * n / (n - 1);
  }
  HostTensor y = x;
  for_each_index(dims, [&](const Shape& i) {
    const size_t c = channel(i);
    y.at(i) = (x.at(i) - mean.values[c]) * invstd.values[c] * scale.values[c] + b.values[c];
  });
  for (const bool in_place : {false, true}) {
    cases.push_back(OperatorCase{"tenon", "BatchNormTraining", 1, in_place ? "in_place" : "values",
                                 TN_FLOAT32, 2e-6}
                        .in(x)
                        .in(scale)
                        .in(b)
                        .in(running_mean)
                        .in(running_var)
                        .host(HostTensor::scalar(TN_FLOAT64, kMomentum))
                        .host(HostTensor::scalar(TN_FLOAT64, kEpsilon))
                        .out(y)
                        .out(mean)
                        .out(invstd)
                        .out(new_mean, in_place ? 4 : 0)
                        .out(new_var, in_place ? 5 : 0));
  }

  const HostTensor mean32(TN_FLOAT32, channels, mean.values);
  const HostTensor invstd32(TN_FLOAT32, channels, invstd.values);
  HostTensor dx = x, d_scale(TN_FLOAT32, channels), d_b(TN_FLOAT32, channels);
  const auto hat = [&](const Shape& i) {
    return (x.at(i) - mean32.values[channel(i)]) * invstd32.values[channel(i)];
  };
  for_each_index(dims, [&](const Shape& i) {
    d_scale.values[channel(i)] += dy.at(i) * hat(i);
    d_b.values[channel(i)] += dy.at(i);
  });
  for_each_index(dims, [&](const Shape& i) {
    const size_t c = channel(i);
    dx.at(i) = scale.values[c] * invstd32.values[c] *
               (dy.at(i) - d_b.values[c] / n - hat(i) * d_scale.values[c] / n);
  });
  cases.push_back(OperatorCase{"tenon", "BatchNormGrad", 1, "training", TN_FLOAT32, 5e-6}
                      .in(dy)
                      .in(x)
                      .in(scale)
                      .in(mean32)
                      .in(invstd32)
                      .out(dx)
                      .out(d_scale)
                      .out(d_b));
}

void add_lp(Cases& cases, int64_t p) {
  const HostTensor x = random({4, 6}, 1);
  HostTensor y = x;
  for_each_line(x.dims, 1, [&](const std::vector<size_t>& line) {
    double norm = 0;
    for (const size_t i : line) norm += std::pow(std::fabs(x.values[i]), double(p));
    norm = std::pow(norm, 1.0 / double(p));
    for (const size_t i : line) y.values[i] /= norm;
  });
  cases.push_back(OperatorCase{"", "LpNormalization", 22, "p" + std::to_string(p), TN_FLOAT32, 1e-6}
                      .in(x)
                      .attribute("p", p)
                      .out(y));
}

}  // namespace

void add_normalization_cases(Cases& cases) {
  add_softmax(cases, "last_axis", {5, 33}, -1);
  add_softmax(cases, "middle_axis", {3, 7, 5}, 1);
  add_softmax(cases, "long", {2, 1037}, 1);
  add_layer_norm(cases, "one_axis", {6, 33}, 1);
  add_layer_norm(cases, "two_axes", {3, 4, 5}, 1);
  add_batch_norm(cases);
  add_lp(cases, 1);
  add_lp(cases, 2);
}

}  // namespace tenon::conformance
