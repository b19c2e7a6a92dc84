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

void add_softmax(Cases& cases, const char* label, const HostTensor& x, int64_t axis) {
  const tn_dtype type = x.dtype;
  const Shape& dims = x.dims;
  const size_t a = static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(dims.size()) : axis);
  const HostTensor dy = random(type, dims, 2);
  Expected y(type, dims), log_y = y, dx = y, log_dx = y;
  for_each_line(dims, a, [&](const std::vector<size_t>& line) {
    Real most = -INFINITY;
    for (const size_t i : line) {
      most = std::isnan(x.values[i]) ? x.values[i] : std::fmax(most, x.values[i]);
    }
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

struct LayerNormOptions {
  float epsilon = 1e-5f;
  bool scaled = true, shifted = true;
  bool statistics = true;              // Outputs Mean and InvStdDev.
  tn_dtype kept = TN_DTYPE_UNDEFINED;  // Their type; default: that of x.
  bool gradient = true;
};

// Normalizes over all axes from `axis` on.
struct LayerNorm {
  const HostTensor& x;
  int64_t given_axis;
  LayerNormOptions options;
  tn_dtype type = x.dtype;
  tn_dtype kept = options.kept == TN_DTYPE_UNDEFINED ? type : options.kept;
  size_t axis =
      static_cast<size_t>(given_axis < 0 ? given_axis + int64_t(x.dims.size()) : given_axis);
  Shape inner = Shape(x.dims.begin() + static_cast<long>(axis), x.dims.end());
  Shape stats = [this] {
    Shape dims = x.dims;
    std::fill(dims.begin() + static_cast<long>(axis), dims.end(), 1);
    return dims;
  }();
  size_t n = static_cast<size_t>(element_count(inner));
  HostTensor scale = random(type, inner, 2), b = random(type, inner, 3),
             dy = random(type, x.dims, 4);
  Expected mean{kept, stats}, invstd{kept, stats};

  Number scale_at(size_t i) const { return options.scaled ? Number(scale.values[i]) : Number(1); }
  void describe(OperatorCase& c) const { c.attribute("axis", given_axis); }
};

void add_layer_norm_forward(Cases& cases, const std::string& label, LayerNorm& l) {
  const HostTensor& x = l.x;
  Expected y(l.type, x.dims);
  const auto row_begin = [&](size_t row) {
    return x.values.begin() + static_cast<long>(row * l.n);
  };
  for (size_t row = 0; row < l.mean.values.size(); ++row) {
    const Statistics s = statistics({row_begin(row), row_begin(row + 1)});
    l.mean.values[row] = s.mean;
    l.invstd.values[row] = inverse_deviation(s.variance, l.options.epsilon);
    for (size_t i = 0; i < l.n; ++i) {
      const Number hat = (Number(x.values[row * l.n + i]) - s.mean) * l.invstd.values[row];
      y.values[row * l.n + i] = hat * l.scale_at(i);
      if (l.options.shifted) y.values[row * l.n + i] = y.values[row * l.n + i] + l.b.values[i];
    }
  }
  OperatorCase c{"", "LayerNormalization", label, l.type};
  c.in(x);
  l.options.scaled ? c.in(l.scale) : c.absent();
  if (l.options.shifted) c.in(l.b);
  l.describe(c);
  if (l.options.epsilon != 1e-5f) c.attribute("epsilon", l.options.epsilon);
  c.out(y);
  if (l.options.statistics) c.out(l.mean).out(l.invstd);
  cases.push_back(c);
}

void add_layer_norm_gradient(Cases& cases, const std::string& label, const LayerNorm& l) {
  const HostTensor given_mean = l.mean.rounded(), given_invstd = l.invstd.rounded();
  Expected dx(l.type, l.x.dims), d_scale(l.type, l.inner), d_b(l.type, l.inner);
  std::vector<Sum> scale_sums(l.n), b_sums(l.n);
  for (size_t row = 0; row < l.mean.values.size(); ++row) {
    Sum sum, dot;
    const auto dy = [&](size_t i) { return Number(l.dy.values[row * l.n + i]); };
    const auto hat = [&](size_t i) {
      return (Number(l.x.values[row * l.n + i]) - given_mean.values[row]) *
             given_invstd.values[row];
    };
    const auto g = [&](size_t i) { return dy(i) * l.scale_at(i); };
    for (size_t i = 0; i < l.n; ++i) {
      sum.add(g(i));
      dot.add(g(i) * hat(i));
      scale_sums[i].add(dy(i) * hat(i));
      b_sums[i].add(dy(i));
    }
    const Number sum_mean = sum.total() / Real(l.n), dot_mean = dot.total() / Real(l.n);
    for (size_t i = 0; i < l.n; ++i) {
      dx.values[row * l.n + i] =
          Number(given_invstd.values[row]) * (g(i) - sum_mean - hat(i) * dot_mean);
    }
  }
  for (size_t i = 0; i < l.n; ++i) {
    d_scale.values[i] = scale_sums[i].total();
    d_b.values[i] = b_sums[i].total();
  }
  OperatorCase c{"tenon", "LayerNormGrad", label, l.type};
  c.in(l.dy).in(l.x).in(given_mean).in(given_invstd);
  if (l.options.scaled) c.in(l.scale);
  l.describe(c);
  c.out(dx);
  if (l.options.scaled) c.out(d_scale).out(d_b);
  cases.push_back(c);
}

void add_layer_norm(Cases& cases, const std::string& label, const HostTensor& x, int64_t axis,
                    const LayerNormOptions& options = {}) {
  LayerNorm l{x, axis, options};
  add_layer_norm_forward(cases, label, l);
  if (options.gradient) add_layer_norm_gradient(cases, label, l);
}

void add_layer_norm_cases(Cases& cases, tn_dtype type) {
  add_layer_norm(cases, "two_axes", random(type, {3, 4, 5}, 1), 1);
  // So small a variance that epsilon counts.
  add_layer_norm(cases, "epsilon", random(type, {5, 17}, 1, -0.25, 0.25), -1,
                 {.epsilon = 0.125f, .statistics = false});
  add_layer_norm(cases, "far_from_zero", random(type, {3, 200}, 1, 100, 110), 1);
  add_layer_norm(cases, "one_axis", random(type, {6, 33}, 1), 1);
  add_layer_norm(cases, "last_axis", random(type, {2, 3, 65}, 1), -1);
  add_layer_norm(cases, "no_scale", random(type, {4, 9}, 1), 1,
                 {.scaled = false, .shifted = false});
  add_layer_norm(cases, "no_shift", random(type, {4, 9}, 1), 1, {.shifted = false});
  add_layer_norm(cases, "long", random(type, {2, 4099}, 1), 1);
  add_layer_norm(cases, "rows", random(type, {4099, 3}, 1), 1, {.gradient = false});
  add_layer_norm(cases, "all_axes", random(type, {3, 5}, 1), 0);
  if (type != TN_FLOAT64) {
    add_layer_norm(cases, "very_far", random(type, {3, 257}, 1, 1000, 1100), 1,
                   {.gradient = false});
  }
  if (type == TN_FLOAT16 || type == TN_BFLOAT16) {
    add_layer_norm(cases, "kept_in_float32", random(type, {3, 40}, 1), 1, {.kept = TN_FLOAT32});
  }
}

// ---- Batch norm: over all axes but 1 ----

struct BatchNorm {
  static constexpr int64_t kChannels = 4;
  HostTensor x, scale, b, running_mean, running_var, dy;

  BatchNorm(tn_dtype type, Real low, Real high, const Shape& dims = {3, kChannels, 5, 6})
      : x(random(type, dims, 1, low, high)),
        scale(HostTensor::plain(type, {kChannels}, -3, 3, 2)),
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

void add_batch_norm_inference(Cases& cases, const std::string& label, const BatchNorm& n,
                              float epsilon = 1e-5f) {
  Expected y(n.x.dtype, n.x.dims);
  for_each_index(n.x.dims, [&](const Shape& i) {
    const size_t c = n.channel(i);
    y.at(i) = n.normalized(i, n.running_mean.values[c],
                           inverse_deviation(n.running_var.values[c], epsilon));
  });
  OperatorCase c{"", "BatchNormalization", label, n.x.dtype};
  c.in(n.x).in(n.scale).in(n.b).in(n.running_mean).in(n.running_var);
  if (epsilon != 1e-5f) c.attribute("epsilon", epsilon);
  cases.push_back(c.out(y));
}

// With running statistics the gradient passes through the scale alone.
void add_batch_norm_gradient_of_inference(Cases& cases, const BatchNorm& n) {
  const tn_dtype type = n.x.dtype;
  HostTensor invstd = n.running_var;
  for (Real& value : invstd.values) value = 1 / std::sqrt(value);
  invstd = HostTensor(type, invstd.dims, invstd.values);
  const Shape channels{n.kChannels};
  Expected dx(type, n.x.dims), d_scale(type, channels), d_b(type, channels);
  std::vector<Sum> scale_sums(d_b.values.size()), b_sums(d_b.values.size());
  for_each_index(n.x.dims, [&](const Shape& i) {
    const size_t c = n.channel(i);
    const Number dy = n.dy.at(i);
    const Number hat = (Number(n.x.at(i)) - n.running_mean.values[c]) * invstd.values[c];
    dx.at(i) = dy * n.scale.values[c] * invstd.values[c];
    scale_sums[c].add(dy * hat);
    b_sums[c].add(dy);
  });
  for (size_t c = 0; c < d_b.values.size(); ++c) {
    d_scale.values[c] = scale_sums[c].total();
    d_b.values[c] = b_sums[c].total();
  }
  cases.push_back(OperatorCase{"tenon", "BatchNormGrad", "inference", type}
                      .in(n.dy)
                      .in(n.x)
                      .in(n.scale)
                      .in(n.running_mean)
                      .in(invstd)
                      .attribute("training", int64_t{0})
                      .out(dx)
                      .out(d_scale)
                      .out(d_b));
}

// Adds the case of training and that of its gradient.
void add_batch_norm_training(Cases& cases, const std::string& label, const BatchNorm& n) {
  // Host values, which change from launch to launch; one epsilon is so large that it counts.
  const auto kEpsilon = static_cast<double>(varied(1e-5L, 0.5L));
  const auto kMomentum = static_cast<double>(varied(0.1L, 0.375L));
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

void add_lp(Cases& cases, const std::string& label, const HostTensor& x, int64_t axis, int64_t p) {
  const size_t a =
      static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(x.dims.size()) : axis);
  Expected y(x.dtype, x.dims);
  for_each_line(x.dims, a, [&](const std::vector<size_t>& line) {
    Sum sum;
    for (const size_t i : line) {
      const Real magnitude = std::fabs(x.values[i]);
      sum.add(p == 1 ? Number(magnitude) : Number(magnitude) * magnitude);
    }
    const Number norm = p == 1 ? sum.total() : sqrt(sum.total());
    // A row whose norm is 0 gives 0.
    for (const size_t i : line) y.values[i] = norm.value == 0 ? Number() : x.values[i] / norm;
  });
  cases.push_back(OperatorCase{"", "LpNormalization", label, x.dtype}
                      .in(x)
                      .attribute("axis", axis)
                      .attribute("p", p)
                      .out(y));
}

void add_lp_cases(Cases& cases, tn_dtype type) {
  for (const int64_t p : {1, 2}) {
    const std::string label = "p" + std::to_string(p);
    add_lp(cases, label, random(type, {4, 6}, 1), -1, p);
    add_lp(cases, label + "_middle", random(type, {3, 5, 4}, 1), 1, p);
    add_lp(cases, label + "_long", random(type, {2, 4099}, 1), 1, p);
    add_lp(cases, label + "_first", random(type, {65, 3}, 1), 0, p);
    HostTensor zeros = random(type, {3, 4}, 1);
    std::fill_n(zeros.values.begin() + 4, 4, 0);
    add_lp(cases, label + "_zeros", zeros, 1, p);
  }
}

void add_softmax_cases(Cases& cases, tn_dtype type) {
  const auto values = [&](Shape dims, Real low = -20, Real high = 20) {
    return random(type, std::move(dims), 1, low, high);
  };
  add_softmax(cases, "last_axis", values({5, 33}), -1);
  add_softmax(cases, "middle_axis", values({3, 7, 5}), 1);
  // Exponentials of such numbers are infinite.
  add_softmax(cases, "large", values({3, 17}, 940, 1000), 1);
  add_softmax(cases, "long", values({2, 4099}), 1);
  add_softmax(cases, "first_axis", values({65, 3}), 0);
  add_softmax(cases, "below", values({3, 17}, -1000, -940), 1);
  add_softmax(cases, "expanded", values({3, 7, 5}).expanded({0}), 2);
  add_softmax(cases, "one", values({4, 1}), 1);
  add_softmax(cases, "empty", values({0, 5}), 1);
}

}  // namespace

void add_normalization_cases(Cases& cases, tn_dtype type) {
  if (!in_set(type, type_set::kFloat)) return;
  add_softmax_cases(cases, type);
  add_layer_norm_cases(cases, type);
  const BatchNorm around_zero(type, -3, 3);
  add_batch_norm_inference(cases, "inference", around_zero);
  add_batch_norm_inference(cases, "epsilon", around_zero, 0.5f);
  add_batch_norm_inference(cases, "rank_2", BatchNorm(type, -3, 3, {17, 4}));
  add_batch_norm_inference(cases, "rank_5", BatchNorm(type, -3, 3, {2, 4, 2, 3, 2}));
  add_batch_norm_inference(cases, "long", BatchNorm(type, -3, 3, {1, 4, 4099}));
  add_batch_norm_training(cases, "values", around_zero);
  {
    const NoInfinities open;
    add_batch_norm_gradient_of_inference(cases, BatchNorm(type, -3, 3));
  }
  add_batch_norm_training(cases, "far_from_zero", BatchNorm(type, 100, 110));
  add_batch_norm_training(cases, "long", BatchNorm(type, -3, 3, {1, 4, 4099}));
  add_batch_norm_training(cases, "rank_2", BatchNorm(type, -3, 3, {65, 4}));
  add_lp_cases(cases, type);
}

}  // namespace tenon::conformance
