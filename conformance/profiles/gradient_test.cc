// SPDX-License-Identifier: Apache-2.0
//
// The profile `training`: gradients against slopes that the device's own forward operators have.
// Along a direction v, the sum of dX * v must be what the sum of dY * f(x) grows by.
#include <cmath>
#include <limits>

#include "profiles/profile_test.h"

namespace tenon::conformance {
namespace {

// What the step of a difference is, and the distance of numbers at 1.
struct Precision {
  Real step, eps;
};
Precision precision_of(tn_dtype type) {
  switch (type) {
    case TN_FLOAT64:
      return {std::ldexp(1.0L, -14), std::ldexp(1.0L, -52)};
    case TN_FLOAT16:
      return {std::ldexp(1.0L, -4), std::ldexp(1.0L, -10)};
    case TN_BFLOAT16:
      return {std::ldexp(1.0L, -3), std::ldexp(1.0L, -7)};
    default:
      return {std::ldexp(1.0L, -7), std::ldexp(1.0L, -23)};
  }
}

// Ones, minus ones and, in half of the directions, mostly zeros, so that few elements decide.
Values direction_of(size_t count, uint32_t seed) {
  const HostTensor noise =
      HostTensor::random(TN_FLOAT64, {static_cast<int64_t>(count)}, -1, 1, seed);
  Values direction(count);
  for (size_t i = 0; i < count; ++i) {
    const Real value = noise.values[i];
    direction[i] = seed % 2 == 0 && std::fabs(value) < 0.8L ? 0 : value < 0 ? -1 : 1;
  }
  return direction;
}

using Forward = std::function<HostTensor(const HostTensor& x)>;

// `dx`: what the device says of x, given dy for the forward's output.
void expect_slope(const char* what, const HostTensor& x, const HostTensor& dx, const HostTensor& dy,
                  const Forward& forward) {
  const auto [step, eps] = precision_of(x.dtype);
  for (uint32_t seed = 1; seed <= 6; ++seed) {
    const Values direction = direction_of(x.values.size(), seed);
    HostTensor more = x, less = x;
    Real claimed = 0, magnitude = 0;
    for (size_t i = 0; i < direction.size(); ++i) {
      more.values[i] += step * direction[i];
      less.values[i] -= step * direction[i];
      claimed += dx.values[i] * direction[i];
      magnitude += std::fabs(dx.values[i] * direction[i]);
    }
    // As the type rounds them, so that the difference is that of what was computed with.
    more = HostTensor(x.dtype, x.dims, more.values);
    less = HostTensor(x.dtype, x.dims, less.values);
    const HostTensor above = forward(more), below = forward(less);
    Real sum = 0, noise = 0;
    for (size_t i = 0; i < above.values.size(); ++i) {
      sum += dy.values[i] * (above.values[i] - below.values[i]);
      const Real size = std::fabs(dy.values[i]) *
                        std::fmax(std::fabs(above.values[i]), std::fabs(below.values[i]));
      noise += size * size;
    }
    // Six deviations of the forward's rounding, what the third derivative adds, and the gradient's
    // own rounding.
    const Real allowed = 6 * eps * std::sqrt(noise) / step + 4 * step * step * magnitude +
                         16 * eps * magnitude + std::numeric_limits<float>::min();
    const Real slope = sum / (2 * step);
    EXPECT_LE(static_cast<double>(std::fabs(slope - claimed)), static_cast<double>(allowed))
        << what << " in direction " << seed << ": the gradient says "
        << static_cast<double>(claimed) << ", the forward's slope is "
        << static_cast<double>(slope);
  }
}

HostTensor away_from_zero(HostTensor x) {
  for (Real& value : x.values) value += value < 0 ? -0.5L : 0.5L;
  return HostTensor(x.dtype, x.dims, x.values);
}

// ---- Elementwise ----

struct Elementwise {
  const char *gradient, *forward;
  bool of_output;  // Whether the gradient takes the forward's output.
  Real low, high;
};
constexpr Elementwise kElementwise[] = {
    {"tenon.TanhGrad", "Tanh", true, -2, 2},        {"tenon.SigmoidGrad", "Sigmoid", true, -3, 3},
    {"tenon.GeluGrad", "Gelu", false, -3, 3},       {"tenon.SiluGrad", "tenon.Silu", false, -4, 4},
    {"tenon.RsqrtGrad", "tenon.Rsqrt", true, 1, 4}, {"tenon.SqrtGrad", "Sqrt", true, 1, 4},
};

template <size_t index>
void elementwise(ProfileTest& test) {
  const Elementwise& e = kElementwise[index];
  const Shape dims{3, 7};
  const HostTensor x = test.random(dims, 2, e.low, e.high), dy = test.random(dims, 1);
  const Forward forward = [&](const HostTensor& at) {
    return test.run_one(e.forward, {at}, test.type, dims);
  };
  const HostTensor seen = e.of_output ? forward(x) : x;
  expect_slope(e.gradient, x, test.run_one(e.gradient, {dy, seen}, test.type, dims), dy, forward);
}

template <size_t... index>
void register_elementwise(std::index_sequence<index...>) {
  const auto add = [](const Elementwise& e, ProfileTest::Body body) {
    const std::string name = std::string(e.gradient).substr(std::string("tenon.").size());
    register_profile_test("Training", kProfileFloats, "TN_gradient_001_" + name,
                          {{e.gradient}, {e.forward}}, body);
  };
  (add(kElementwise[index], elementwise<index>), ...);
}

void relu_gradient(ProfileTest& test) {
  const Shape dims{5, 9};
  const HostTensor x = away_from_zero(test.random(dims, 2)), dy = test.random(dims, 1);
  const HostTensor dx =
      test.run_one("tenon.ReluGrad", {dy, x, on_host(test.type, 0)}, test.type, dims);
  expect_slope("ReluGrad", x, dx, dy,
               [&](const HostTensor& at) { return test.run_one("Relu", {at}, test.type, dims); });
}

void softmax_gradient(ProfileTest& test, const char* gradient, const char* forward_name) {
  const Shape dims{3, 6};
  const std::vector<Attribute> axis = {{"axis", int64_t{-1}}};
  const HostTensor x = test.random(dims, 2), dy = test.random(dims, 1);
  const Forward forward = [&](const HostTensor& at) {
    return test.run_one(forward_name, {at}, test.type, dims, axis);
  };
  const HostTensor dx = test.run_one(gradient, {dy, forward(x)}, test.type, dims, axis);
  expect_slope(gradient, x, dx, dy, forward);
}

// ---- Normalization ----

void layer_norm(ProfileTest& test) {
  const Shape dims{4, 9}, row{9}, rows{4, 1};
  const std::vector<Attribute> axis = {{"axis", int64_t{-1}}};
  const HostTensor x = test.random(dims, 2), dy = test.random(dims, 1);
  const HostTensor scale = test.random(row, 3, 0.5L, 2), b = test.random(row, 4);
  const auto all = [&](const HostTensor& at, const HostTensor& by, const HostTensor& plus) {
    return test.run("LayerNormalization", {at, by, plus},
                    {{test.type, dims}, {test.type, rows}, {test.type, rows}}, axis);
  };
  const std::vector<HostTensor> made = all(x, scale, b);
  const std::vector<HostTensor> d =
      test.run("tenon.LayerNormGrad", {dy, x, made[1], made[2], scale},
               {{test.type, dims}, {test.type, row}, {test.type, row}}, axis);
  expect_slope("dX", x, d[0], dy, [&](const HostTensor& at) { return all(at, scale, b)[0]; });
  expect_slope("dScale", scale, d[1], dy, [&](const HostTensor& at) { return all(x, at, b)[0]; });
  expect_slope("dB", b, d[2], dy, [&](const HostTensor& at) { return all(x, scale, at)[0]; });
}

void batch_norm(ProfileTest& test) {
  const Shape dims{4, 3, 5}, channels{3};
  const HostTensor x = test.random(dims, 2), dy = test.random(dims, 1);
  const HostTensor scale = test.random(channels, 3, 0.5L, 2), b = test.random(channels, 4);
  const auto all = [&](const HostTensor& at, const HostTensor& by, const HostTensor& plus) {
    const HostTensor zeros(test.type, channels);
    return test.run(
        "tenon.BatchNormTraining",
        {at, by, plus, zeros, zeros, on_host(TN_FLOAT64, 0.1L), on_host(TN_FLOAT64, 1e-3L)},
        {{test.type, dims},
         {test.type, channels},
         {test.type, channels},
         {test.type, channels},
         {test.type, channels}});
  };
  const std::vector<HostTensor> made = all(x, scale, b);
  const std::vector<HostTensor> d =
      test.run("tenon.BatchNormGrad", {dy, x, scale, made[1], made[2]},
               {{test.type, dims}, {test.type, channels}, {test.type, channels}});
  expect_slope("dX", x, d[0], dy, [&](const HostTensor& at) { return all(at, scale, b)[0]; });
  expect_slope("dScale", scale, d[1], dy, [&](const HostTensor& at) { return all(x, at, b)[0]; });
  expect_slope("dB", b, d[2], dy, [&](const HostTensor& at) { return all(x, scale, at)[0]; });
}

// ---- Pooling, convolution, embedding ----

const std::vector<Attribute> kWindow = {{"kernel_shape", std::vector<int64_t>{3, 2}},
                                        {"strides", std::vector<int64_t>{2, 1}},
                                        {"pads", std::vector<int64_t>{1, 0, 1, 1}}};

void max_pool(ProfileTest& test) {
  const Shape dims{1, 2, 6, 4}, pooled{1, 2, 3, 4};
  // No two values of a window are as near as a step reaches.
  HostTensor x(test.type, dims);
  for (size_t i = 0; i < x.values.size(); ++i) {
    x.values[i] = static_cast<Real>(i * 29 % x.values.size()) - 24;
  }
  const HostTensor dy = test.random(pooled, 1);
  const auto all = [&](const HostTensor& at) {
    return test.run("tenon.MaxPool", {at}, {{test.type, pooled}, {TN_INT64, pooled}}, kWindow);
  };
  const HostTensor dx = test.run_one("tenon.MaxPoolGrad", {dy, all(x)[1]}, test.type, dims);
  expect_slope("MaxPoolGrad", x, dx, dy, [&](const HostTensor& at) { return all(at)[0]; });
}

void average_pool(ProfileTest& test) {
  const Shape dims{1, 2, 6, 4}, pooled{1, 2, 3, 4};
  for (const int64_t count : {0, 1}) {
    std::vector<Attribute> attributes = kWindow;
    attributes.push_back({"count_include_pad", count});
    const HostTensor x = test.random(dims, 2), dy = test.random(pooled, 1);
    const HostTensor dx = test.run_one("tenon.AveragePoolGrad", {dy}, test.type, dims, attributes);
    expect_slope("AveragePoolGrad", x, dx, dy, [&](const HostTensor& at) {
      return test.run_one("AveragePool", {at}, test.type, pooled, attributes);
    });
  }
}

void convolution(ProfileTest& test) {
  const Shape dims{2, 4, 7, 5}, weights{6, 2, 3, 2}, out{2, 6, 3, 5};
  const std::vector<Attribute> attributes = {{"group", int64_t{2}},
                                             {"strides", std::vector<int64_t>{2, 1}},
                                             {"dilations", std::vector<int64_t>{1, 2}},
                                             {"pads", std::vector<int64_t>{0, 1, 0, 1}}};
  const HostTensor x = test.random(dims, 2), w = test.random(weights, 3), dy = test.random(out, 1);
  const auto forward = [&](const HostTensor& at, const HostTensor& by) {
    return test.run_one("Conv", {at, by}, test.type, out, attributes);
  };
  expect_slope("ConvGradInput", x,
               test.run_one("tenon.ConvGradInput", {dy, w}, test.type, dims, attributes), dy,
               [&](const HostTensor& at) { return forward(at, w); });
  expect_slope("ConvGradWeight", w,
               test.run_one("tenon.ConvGradWeight", {dy, x}, test.type, weights, attributes), dy,
               [&](const HostTensor& at) { return forward(x, at); });
}

void embedding(ProfileTest& test) {
  const Shape table{7, 3}, rows{6, 3};
  const HostTensor w = test.random(table, 2), dy = test.random(rows, 1);
  const HostTensor indices(TN_INT64, {6}, {3, 0, 3, 6, 2, 3});
  const HostTensor dw = test.run_one("tenon.EmbeddingGrad", {dy, indices}, test.type, table);
  expect_slope("EmbeddingGrad", w, dw, dy, [&](const HostTensor& at) {
    return test.run_one("Gather", {at, indices}, test.type, rows, {{"axis", int64_t{0}}});
  });
}

// ---- Losses ----

void nll(ProfileTest& test) {
  const Shape dims{5, 4};
  const HostTensor x = test.random(dims, 2, -3, -0.5L), weight = test.random({4}, 3, 0.5L, 2);
  const HostTensor target(TN_INT64, {5}, {3, 0, -100, 1, 2});
  for (const char* reduction : {"none", "sum", "mean"}) {
    const Shape loss = std::string(reduction) == "none" ? Shape{5} : Shape{};
    const std::vector<Attribute> attributes = {{"reduction", reduction}};
    const HostTensor dy = test.random(loss, 4, 0.5L, 2);
    const auto all = [&](const HostTensor& at) {
      return test.run("tenon.NllLoss", {at, target, weight}, {{test.type, loss}, {test.type, {}}},
                      attributes);
    };
    const HostTensor dx = test.run_one("tenon.NllLossGrad", {dy, x, target, weight, all(x)[1]},
                                       test.type, dims, attributes);
    expect_slope(reduction, x, dx, dy, [&](const HostTensor& at) { return all(at)[0]; });
  }
}

void cross_entropy(ProfileTest& test, const char* name, const HostTensor& labels) {
  const Shape dims{4, 5};
  const HostTensor x = test.random(dims, 2);
  const HostTensor ones(test.type, {4}, Values(4, 1));
  const auto all = [&](const HostTensor& at) {
    return test.run(name, {at, labels}, {{test.type, {4}}, {test.type, dims}});
  };
  expect_slope(name, x, all(x)[1], ones, [&](const HostTensor& at) { return all(at)[0]; });
}

}  // namespace

void register_gradient_tests() {
  register_elementwise(std::make_index_sequence<std::size(kElementwise)>());
  const auto add = [](const char* name, const std::vector<Needed>& needed, ProfileTest::Body body) {
    register_profile_test("Training", kProfileFloats, std::string("TN_gradient_001_") + name,
                          needed, body);
  };
  add("ReluGrad", {{"tenon.ReluGrad"}, {"Relu"}}, relu_gradient);
  add("SoftmaxGrad", {{"tenon.SoftmaxGrad"}, {"Softmax"}},
      [](ProfileTest& test) { softmax_gradient(test, "tenon.SoftmaxGrad", "Softmax"); });
  add("LogSoftmaxGrad", {{"tenon.LogSoftmaxGrad"}, {"LogSoftmax"}},
      [](ProfileTest& test) { softmax_gradient(test, "tenon.LogSoftmaxGrad", "LogSoftmax"); });
  add("LayerNormGrad", {{"tenon.LayerNormGrad"}, {"LayerNormalization"}}, layer_norm);
  add("BatchNormGrad", {{"tenon.BatchNormGrad"}, {"tenon.BatchNormTraining"}}, batch_norm);
  add("MaxPoolGrad", {{"tenon.MaxPoolGrad"}, {"tenon.MaxPool"}}, max_pool);
  add("AveragePoolGrad", {{"tenon.AveragePoolGrad"}, {"AveragePool"}}, average_pool);
  add("ConvGrad", {{"tenon.ConvGradInput"}, {"tenon.ConvGradWeight"}, {"Conv"}}, convolution);
  add("EmbeddingGrad", {{"tenon.EmbeddingGrad"}, {"Gather"}}, embedding);
  add("NllLossGrad", {{"tenon.NllLossGrad"}, {"tenon.NllLoss"}}, nll);
  add("SparseSoftmaxCrossEntropy", {{"tenon.SparseSoftmaxCrossEntropy"}}, [](ProfileTest& test) {
    cross_entropy(test, "tenon.SparseSoftmaxCrossEntropy", HostTensor(TN_INT64, {4}, {2, 0, 4, 1}));
  });
  add("SoftmaxCrossEntropy", {{"tenon.SoftmaxCrossEntropy"}}, [](ProfileTest& test) {
    cross_entropy(test, "tenon.SoftmaxCrossEntropy", test.random({4, 5}, 3, 0, 1));
  });
}

}  // namespace tenon::conformance
