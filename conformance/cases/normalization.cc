// SPDX-License-Identifier: Apache-2.0
//
// Softmax and the normalizations, with their gradients.
#include <algorithm>
#include <cmath>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

HostTensor random(tn_dtype type, Shape dims, uint32_t seed, Real low = -3, Real high = 3) {
  return HostTensor::random(type, std::move(dims), low, high, seed);
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

// ---- Softmax ----

void add_softmax(Cases& cases, const char* label, tn_dtype type, const Shape& dims, int64_t axis) {
  const size_t a = static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(dims.size()) : axis);
  const HostTensor x = random(type, dims, 1, -20, 20), dy = random(type, dims, 2);
  Expected y(type, dims), log_y = y, dx = y, log_dx = y;
  for_each_line(dims, a, [&](const std::vector<size_t>& line) {
    Real most = -INFINITY;
    for (const size_t i : line) most = std::fmax(most, x.values[i]);
    Sum sum;
    for (const size_t i : line) sum.add(exp(Number(x.values[i]) - most));
    for (const size_t i : line) {
      const Number below = Number(x.values[i]) - most;
      y.values[i] = exp(below) / sum.total();
      log_y.values[i] = below - log(sum.total());
    }
  });
  const auto forward = [&](const char* name, const Expected& out) {
    cases.push_back(OperatorCase{"", name, label, type}.in(x).attribute("axis", axis).out(out));
  };
  forward("Softmax", y);
  forward("LogSoftmax", log_y);

  const HostTensor given_y = y.rounded(), given_log = log_y.rounded();
  for_each_line(dims, a, [&](const std::vector<size_t>& line) {
    Sum dot, sum;
    for (const size_t i : line) {
      dot.add(Number(dy.values[i]) * given_y.values[i]);
      sum.add(dy.values[i]);
    }
    for (const size_t i : line) {
      dx.values[i] = Number(given_y.values[i]) * (Number(dy.values[i]) - dot.total());
      log_dx.values[i] = Number(dy.values[i]) - exp(given_log.values[i]) * sum.total();
    }
  });
  const auto backward = [&](const char* name, const HostTensor& given, const Expected& out) {
    cases.push_back(
        OperatorCase{"tenon", name, label, type}.in(dy).in(given).attribute("axis", axis).out(out));
  };
  backward("SoftmaxGrad", given_y, dx);
  backward("LogSoftmaxGrad", given_log, log_dx);
}

// ---- Statistics ----

struct Statistics {
  Number mean, variance;
};

// Of these values. What good ways of computing the variance cannot avoid grows with the values'
// size relative to their spread; E[x^2] - E[x]^2 errs by that squared, which is too much.
Statistics statistics(const Values& values) {
  const auto n = static_cast<Real>(values.size());
  Sum sum;
  Real spread = 0, size = 0;
  for (const Real x : values) sum.add(x);
  const Number mean = sum.total() / n;
  for (const Real x : values) {
    spread += (x - mean.value) * (x - mean.value);
    size += x * x;
  }
  return {mean, {spread / n, (std::sqrt(spread * size) + 2 * spread) / n}};
}

Number inverse_deviation(const Number& variance, Real epsilon) {
  return 1.0L / sqrt(variance + epsilon);
}

// Normalizes over all axes from `axis` on.
void add_layer_norm(Cases& cases, const char* label, const HostTensor& x, size_t axis) {
  constexpr Real kEpsilon = 1e-5f;
  const tn_dtype type = x.dtype;
  const Shape inner(x.dims.begin() + static_cast<long>(axis), x.dims.end());
  Shape stats = x.dims;
  std::fill(stats.begin() + static_cast<long>(axis), stats.end(), 1);
  const size_t n = static_cast<size_t>(element_count(inner));
  const HostTensor scale = random(type, inner, 2), b = random(type, inner, 3);
  const HostTensor dy = random(type, x.dims, 4);
  Expected y(type, x.dims), mean(type, stats), invstd(type, stats);
  const auto row_begin = [&](size_t row) { return x.values.begin() + static_cast<long>(row * n); };
  for (size_t row = 0; row < mean.values.size(); ++row) {
    const Statistics s = statistics({row_begin(row), row_begin(row + 1)});
    mean.values[row] = s.mean;
    invstd.values[row] = inverse_deviation(s.variance, kEpsilon);
    for (size_t i = 0; i < n; ++i) {
      const Number hat = (Number(x.values[row * n + i]) - s.mean) * invstd.values[row];
      y.values[row * n + i] = hat * scale.values[i] + b.values[i];
    }
  }
  cases.push_back(OperatorCase{"", "LayerNormalization", label, type}
                      .in(x)
                      .in(scale)
                      .in(b)
                      .attribute("axis", static_cast<int64_t>(axis))
                      .out(y)
                      .out(mean)
                      .out(invstd));
  const HostTensor given_mean = mean.rounded(), given_invstd = invstd.rounded();
  Expected dx(type, x.dims), d_scale(type, inner), d_b(type, inner);
  std::vector<Sum> scale_sums(n), b_sums(n);
  for (size_t row = 0; row < mean.values.size(); ++row) {
    Sum sum, dot;
    const auto hat = [&](size_t i) {
      return (Number(x.values[row * n + i]) - given_mean.values[row]) * given_invstd.values[row];
    };
    const auto g = [&](size_t i) { return Number(dy.values[row * n + i]) * scale.values[i]; };
    for (size_t i = 0; i < n; ++i) {
      sum.add(g(i));
      dot.add(g(i) * hat(i));
      scale_sums[i].add(Number(dy.values[row * n + i]) * hat(i));
      b_sums[i].add(dy.values[row * n + i]);
    }
    const Number sum_mean = sum.total() / Real(n), dot_mean = dot.total() / Real(n);
    for (size_t i = 0; i < n; ++i) {
      dx.values[row * n + i] =
          Number(given_invstd.values[row]) * (g(i) - sum_mean - hat(i) * dot_mean);
    }
  }
  for (size_t i = 0; i < n; ++i) {
    d_scale.values[i] = scale_sums[i].total();
    d_b.values[i] = b_sums[i].total();
  }
  cases.push_back(OperatorCase{"tenon", "LayerNormGrad", label, type}
                      .in(dy)
                      .in(x)
                      .in(given_mean)
                      .in(given_invstd)
                      .in(scale)
                      .attribute("axis", static_cast<int64_t>(axis))
                      .out(dx)
                      .out(d_scale)
                      .out(d_b));
}

// ---- Batch norm: over all axes but 1 ----

struct BatchNorm {
  static constexpr int64_t kChannels = 4;
  HostTensor x, scale, b, running_mean, running_var, dy;

  explicit BatchNorm(tn_dtype type, Real low, Real high)
      : x(random(type, {3, kChannels, 5, 6}, 1, low, high)),
        scale(random(type, {kChannels}, 2)),
        b(random(type, {kChannels}, 3)),
        running_mean(random(type, {kChannels}, 4)),
        running_var(random(type, {kChannels}, 5, 0.5, 2)),
        dy(random(type, x.dims, 6)) {}

  static size_t channel(const Shape& i) { return static_cast<size_t>(i[1]); }
  Values values_of(size_t channel) const {
    Values result;
    for_each_index(x.dims, [&](const Shape& i) {
      if (this->channel(i) == channel) result.push_back(x.at(i));
    });
    return result;
  }
  Number normalized(const Shape& i, const Number& mean, const Number& invstd) const {
    const size_t c = channel(i);
    return (Number(x.at(i)) - mean) * invstd * scale.values[c] + b.values[c];
  }
};

void add_batch_norm_inference(Cases& cases, const BatchNorm& n) {
  Expected y(n.x.dtype, n.x.dims);
  for_each_index(n.x.dims, [&](const Shape& i) {
    const size_t c = n.channel(i);
    y.at(i) = n.normalized(i, n.running_mean.values[c],
                           inverse_deviation(n.running_var.values[c], 1e-5f));
  });
  cases.push_back(OperatorCase{"", "BatchNormalization", "inference", n.x.dtype}
                      .in(n.x)
                      .in(n.scale)
                      .in(n.b)
                      .in(n.running_mean)
                      .in(n.running_var)
                      .out(y));
}

// Adds the case of training and that of its gradient.
void add_batch_norm_training(Cases& cases, const std::string& label, const BatchNorm& n) {
  constexpr double kEpsilon = 1e-5, kMomentum = 0.1;
  const tn_dtype type = n.x.dtype;
  const Shape channels{n.kChannels};
  const Number keep = 1.0L - Number(kMomentum);
  Expected y(type, n.x.dims), mean(type, channels), invstd = mean, new_mean = mean, new_var = mean;
  Real count = 0;
  for (size_t c = 0; c < mean.values.size(); ++c) {
    const Values values = n.values_of(c);
    count = static_cast<Real>(values.size());
    const Statistics s = statistics(values);
    mean.values[c] = s.mean;
    invstd.values[c] = inverse_deviation(s.variance, kEpsilon);
    new_mean.values[c] = keep * n.running_mean.values[c] + Number(kMomentum) * s.mean;
    new_var.values[c] =
        keep * n.running_var.values[c] + Number(kMomentum) * (s.variance * count / (count - 1));
  }
  for_each_index(n.x.dims, [&](const Shape& i) {
    y.at(i) = n.normalized(i, mean.values[n.channel(i)], invstd.values[n.channel(i)]);
  });
  for (const bool in_place : {false, true}) {
    cases.push_back(
        OperatorCase{"tenon", "BatchNormTraining", label + (in_place ? "_in_place" : ""), type}
            .in(n.x)
            .in(n.scale)
            .in(n.b)
            .in(n.running_mean)
            .in(n.running_var)
            .host(HostTensor::scalar(TN_FLOAT64, kMomentum))
            .host(HostTensor::scalar(TN_FLOAT64, kEpsilon))
            .out(y)
            .out(mean)
            .out(invstd)
            .out(new_mean, in_place ? 4 : 0)
            .out(new_var, in_place ? 5 : 0));
  }

  const HostTensor given_mean = mean.rounded(), given_invstd = invstd.rounded();
  Expected dx(type, n.x.dims), d_scale(type, channels), d_b(type, channels);
  std::vector<Sum> scale_sums(d_b.values.size()), b_sums(d_b.values.size());
  const auto hat = [&](const Shape& i) {
    const size_t c = n.channel(i);
    return (Number(n.x.at(i)) - given_mean.values[c]) * given_invstd.values[c];
  };
  for_each_index(n.x.dims, [&](const Shape& i) {
    scale_sums[n.channel(i)].add(Number(n.dy.at(i)) * hat(i));
    b_sums[n.channel(i)].add(n.dy.at(i));
  });
  for (size_t c = 0; c < d_b.values.size(); ++c) {
    d_scale.values[c] = scale_sums[c].total();
    d_b.values[c] = b_sums[c].total();
  }
  for_each_index(n.x.dims, [&](const Shape& i) {
    const size_t c = n.channel(i);
    dx.at(i) = Number(n.scale.values[c]) * given_invstd.values[c] *
               (Number(n.dy.at(i)) - d_b.values[c] / count - hat(i) * (d_scale.values[c] / count));
  });
  cases.push_back(OperatorCase{"tenon", "BatchNormGrad", label, type}
                      .in(n.dy)
                      .in(n.x)
                      .in(n.scale)
                      .in(given_mean)
                      .in(given_invstd)
                      .out(dx)
                      .out(d_scale)
                      .out(d_b));
}

void add_lp(Cases& cases, tn_dtype type, int64_t p) {
  const HostTensor x = random(type, {4, 6}, 1);
  Expected y(type, x.dims);
  for_each_line(x.dims, 1, [&](const std::vector<size_t>& line) {
    Sum sum;
    for (const size_t i : line) {
      const Real magnitude = std::fabs(x.values[i]);
      sum.add(p == 1 ? Number(magnitude) : Number(magnitude) * magnitude);
    }
    const Number norm = p == 1 ? sum.total() : sqrt(sum.total());
    for (const size_t i : line) y.values[i] = x.values[i] / norm;
  });
  cases.push_back(OperatorCase{"", "LpNormalization", "p" + std::to_string(p), type}
                      .in(x)
                      .attribute("p", p)
                      .out(y));
}

}  // namespace

void add_normalization_cases(Cases& cases, tn_dtype type) {
  if (!in_set(type, type_set::kFloat)) return;
  add_softmax(cases, "last_axis", type, {5, 33}, -1);
  add_softmax(cases, "middle_axis", type, {3, 7, 5}, 1);
  add_softmax(cases, "long", type, {2, 1037}, 1);
  add_layer_norm(cases, "one_axis", random(type, {6, 33}, 1), 1);
  add_layer_norm(cases, "two_axes", random(type, {3, 4, 5}, 1), 1);
  add_layer_norm(cases, "far_from_zero", random(type, {3, 200}, 1, 100, 110), 1);
  const BatchNorm around_zero(type, -3, 3);
  add_batch_norm_inference(cases, around_zero);
  add_batch_norm_training(cases, "values", around_zero);
  add_batch_norm_training(cases, "far_from_zero", BatchNorm(type, 100, 110));
  add_lp(cases, type, 1);
  add_lp(cases, type, 2);
}

}  // namespace tenon::conformance
