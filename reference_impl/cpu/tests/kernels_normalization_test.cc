// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/tests/kernel_harness.h"

namespace tenon::cpu {
namespace {

using namespace tenon::cpu::testing;

constexpr double kInf = INFINITY, kNaN = NAN;
using Values = std::vector<double>;

Operation op(const char* name, const char* domain = "") {
  return Operation(name, normalization_operators(), domain);
}

// Gradients take statistics that were saved in float32; these oracles go on with those of double.
// A unit of float32 is 2^29 of float64; in float32 and less it is lost in the rounding.
double of_saved(tn_dtype dtype, const std::vector<Array>& results) {
  double largest = 0;
  for (const Array& a : results) largest = std::max(largest, a.largest());
  return dtype == TN_FLOAT64 ? 0x1p29 * largest : 0;
}

constexpr tn_dtype kFloats[] = {TN_FLOAT32, TN_FLOAT64, TN_FLOAT16, TN_BFLOAT16};

// Applies `f` to the lines of all inputs along `axis`; f returns the output's line.
Array lines(const std::vector<Array>& inputs, int64_t axis,
            const std::function<Values(std::vector<Values>&)>& f) {
  const Array& x = inputs[0];
  Array y(x.dtype(), x.dims());
  const int64_t n = x.dims()[axis], step = Array::row_major(x.dims())[axis];
  for (int64_t i = 0; i < x.count(); ++i) {
    if (i / step % n != 0) continue;
    std::vector<Values> line(inputs.size());
    for (size_t k = 0; k < inputs.size(); ++k)
      for (int64_t j = 0; j < n; ++j) line[k].push_back(inputs[k].get(i + j * step));
    const Values out = f(line);
    for (int64_t j = 0; j < n; ++j) y.set(i + j * step, out[size_t(j)]);
  }
  return y;
}

Values softmax(const Values& x) {
  const double largest = *std::max_element(x.begin(), x.end());
  double sum = 0;
  Values y;
  for (double v : x) sum += std::exp(v - largest);
  for (double v : x) y.push_back(std::exp(v - largest) / sum);
  return y;
}

// The condition of SoftmaxGrad, y * (d - sum of d * y), is 3 * y: |d| is at most 1, y adds up to 1,
// and terms of a sum count twice.
TEST(Softmax, MatchesOnEveryAxis) {
  for (tn_dtype dtype : kFloats)
    for (int64_t axis : {0, 1, 2}) {
      SCOPED_TRACE(std::string(dtype_name(dtype)) + " axis " + std::to_string(axis));
      const Array x = Array::random(dtype, {5, 6, 37}, -8, 8),
                  d = Array::random(dtype, {5, 6, 37}, -1, 1);
      const Array y = lines({x}, axis, [](auto& l) { return softmax(l[0]); });
      const Array log = lines({x}, axis, [](auto& l) {
        Values v = softmax(l[0]);
        for (double& e : v) e = std::log(e);
        return v;
      });
      op("Softmax").set("axis", axis).expect_near({x}, {y});
      op("LogSoftmax").set("axis", axis - 3).expect_near({x}, {log});
      op("SoftmaxGrad", "tenon")
          .set("axis", axis)
          .expect_near({d, y},
                       {lines({d, y}, axis,
                              [](auto& l) {
                                double sum = 0;
                                for (size_t i = 0; i < l[0].size(); ++i) sum += l[0][i] * l[1][i];
                                for (size_t i = 0; i < l[0].size(); ++i)
                                  l[0][i] = l[1][i] * (l[0][i] - sum);
                                return l[0];
                              })},
                       3 * y.largest());
      op("LogSoftmaxGrad", "tenon")
          .set("axis", axis)
          .expect_near({d, log}, {lines({d, log}, axis, [](auto& l) {
                         double sum = 0;
                         for (double v : l[0]) sum += v;
                         for (size_t i = 0; i < l[0].size(); ++i)
                           l[0][i] -= std::exp(l[1][i]) * sum;
                         return l[0];
                       })});
    }
}

TEST(Softmax, HandlesLongLines) {
  const Array x = Array::random(TN_FLOAT32, {2, 5000}, -30, 30),
              d = Array::random(TN_FLOAT32, {2, 5000}, -1, 1);
  const Array y = lines({x}, 1, [](auto& l) { return softmax(l[0]); });
  op("Softmax").expect_near({x}, {y});
  op("LogSoftmax").expect_near({x}, {lines({x}, 1, [](auto& l) {
                                 Values v = softmax(l[0]);
                                 for (double& e : v) e = std::log(e);
                                 return v;
                               })});
  op("SoftmaxGrad", "tenon")
      .expect_near({d, y},
                   {lines({d, y}, 1,
                          [](auto& l) {
                            double sum = 0;
                            for (size_t i = 0; i < l[0].size(); ++i) sum += l[0][i] * l[1][i];
                            for (size_t i = 0; i < l[0].size(); ++i)
                              l[0][i] = l[1][i] * (l[0][i] - sum);
                            return l[0];
                          })},
                   3 * y.largest());
}

TEST(Softmax, HandlesExtremes) {
  op("Softmax").expect({Array(TN_FLOAT32, {3}, {-kInf, -kInf, -kInf})},
                       {Array(TN_FLOAT32, {3}, {kNaN, kNaN, kNaN})});
  op("Softmax").expect({Array(TN_FLOAT32, {3}, {-kInf, 7, 7})},
                       {Array(TN_FLOAT32, {3}, {0, 0.5, 0.5})});
  op("Softmax").expect({Array(TN_FLOAT32, {3}, {1, kNaN, 7})},
                       {Array(TN_FLOAT32, {3}, {kNaN, kNaN, kNaN})});
  op("Softmax").expect({Array(TN_FLOAT32, {}, {9})}, {Array(TN_FLOAT32, {}, {1})});
  op("Softmax").expect({Array(TN_FLOAT32, {0, 4})}, {Array(TN_FLOAT32, {0, 4})});
  op("Softmax").expect({Array(TN_FLOAT32, {4, 0})}, {Array(TN_FLOAT32, {4, 0})});
  // Only in the second piece of a long line is the row's largest element found.
  Array late(TN_FLOAT32, {3000}), hot(TN_FLOAT32, {3000});
  for (int64_t i = 0; i < 2500; ++i) late.set(i, -kInf);
  late.set(2999, 100);
  hot.set(2999, 1);
  op("Softmax").expect_near({late}, {hot});
  op("Softmax").set("axis", 2).expect_error({hot}, {hot}, TN_INVALID_ARGUMENT, "axis is 2");
  op("Softmax").expect_error({hot}, {Array(TN_FLOAT32, {3})}, TN_INVALID_ARGUMENT, "[3000]");
}

TEST(LpNormalization, DividesByTheNorm) {
  for (int64_t p : {1, 2})
    for (int64_t axis : {0, 1}) {
      Array x = Array::random(TN_FLOAT32, {9, 21}, -3, 3);
      for (int64_t i = 0; i < 9; ++i)
        for (int64_t j = 0; j < 21; ++j)
          if (i == 2 || j == 3) x.set(i * 21 + j, 0);
      op("LpNormalization")
          .set("p", p)
          .set("axis", axis)
          .expect_near({x}, {lines({x}, axis, [p](auto& l) {
                         double norm = 0;
                         for (double v : l[0]) norm += p == 1 ? std::fabs(v) : v * v;
                         norm = p == 1 ? norm : std::sqrt(norm);
                         for (double& v : l[0]) v = norm == 0 ? 0 : v / norm;
                         return l[0];
                       })});
    }
  op("LpNormalization")
      .set("p", 3)
      .expect_error({Array(TN_FLOAT32, {2})}, {Array(TN_FLOAT32, {2})}, TN_INVALID_ARGUMENT,
                    "p is 3");
}

struct LayerNorm {
  Array y, mean, inv, dx, dscale, dshift;
};

// Rows of n elements, in double.
LayerNorm layer_norm(const Array& x, int64_t axis, const Array& scale, const Array& shift,
                     const Array& dy, double epsilon) {
  Dims outer = x.dims(), inner;
  int64_t n = 1;
  for (size_t d = size_t(axis); d < outer.size(); ++d) {
    n *= outer[d];
    inner.push_back(outer[d]);
    outer[d] = 1;
  }
  LayerNorm r{Array(x.dtype(), x.dims()), Array(TN_FLOAT32, outer), Array(TN_FLOAT32, outer),
              Array(x.dtype(), x.dims()), Array(x.dtype(), inner),  Array(x.dtype(), inner)};
  Values dscale(n), dshift(n);
  const auto s = [&](int64_t j) { return scale.present() ? scale.broadcast(inner).get(j) : 1; };
  for (int64_t row = 0; row < x.count() / n; ++row) {
    double mean = 0, squares = 0, g_sum = 0, gx_sum = 0;
    for (int64_t j = 0; j < n; ++j) mean += x.get(row * n + j) / double(n);
    for (int64_t j = 0; j < n; ++j) squares += std::pow(x.get(row * n + j) - mean, 2);
    const double inv = 1 / std::sqrt(squares / double(n) + epsilon);
    r.mean.set(row, mean);
    r.inv.set(row, inv);
    const auto normal = [&](int64_t j) { return (x.get(row * n + j) - mean) * inv; };
    for (int64_t j = 0; j < n; ++j) {
      const double d = dy.get(row * n + j);
      r.y.set(row * n + j,
              normal(j) * s(j) + (shift.present() ? shift.broadcast(inner).get(j) : 0));
      g_sum += d * s(j) / double(n);
      gx_sum += d * s(j) * normal(j) / double(n);
      dscale[size_t(j)] += d * normal(j);
      dshift[size_t(j)] += d;
    }
    for (int64_t j = 0; j < n; ++j)
      r.dx.set(row * n + j, inv * (dy.get(row * n + j) * s(j) - g_sum - normal(j) * gx_sum));
  }
  for (int64_t j = 0; j < n; ++j)
    r.dscale.set(j, dscale[size_t(j)]), r.dshift.set(j, dshift[size_t(j)]);
  return r;
}

TEST(LayerNorm, MatchesWithItsGradient) {
  for (tn_dtype dtype : kFloats)
    for (const auto& [dims, axis] : {std::pair{Dims{3, 4, 50}, -1},
                                     {Dims{3, 4, 50}, 1},
                                     {Dims{7}, 0},
                                     {Dims{2, 300}, 1},
                                     {Dims{4, 1}, -1}})
      for (bool affine : {true, false}) {
        const int64_t first = axis < 0 ? axis + int64_t(dims.size()) : axis;
        const Dims inner(dims.begin() + first, dims.end());
        SCOPED_TRACE(std::string(dtype_name(dtype)) + " axis " + std::to_string(axis));
        const Array x = Array::random(dtype, dims, -2, 6, 1),
                    dy = Array::random(dtype, dims, -1, 1, 2);
        const Array scale = affine ? Array::random(dtype, inner, 0.5, 2, 3) : Array();
        const Array shift = affine ? Array::random(dtype, inner, -1, 1, 4) : Array();
        const LayerNorm r = layer_norm(x, first, scale, shift, dy, double(1e-5f));
        Array mean = r.mean, inv = r.inv;
        op("LayerNormalization").set("axis", axis).expect_near({x, scale, shift}, {r.y, mean, inv});
        op("LayerNormalization").set("axis", axis).expect_near({x, scale, shift}, {r.y});
        if (dims.back() == 1) continue;
        const double condition = of_saved(dtype, {r.dx, r.dscale, r.dshift});
        op("LayerNormGrad", "tenon")
            .set("axis", axis)
            .expect_near({dy, x, mean, inv, scale}, {r.dx, r.dscale, r.dshift}, condition);
        op("LayerNormGrad", "tenon")
            .set("axis", axis)
            .expect_near({dy, x, mean, inv, scale}, {Array(), r.dscale}, condition);
        op("LayerNormGrad", "tenon")
            .set("axis", axis)
            .expect_near({dy, x, mean, inv, scale}, {r.dx}, condition);
      }
}

TEST(LayerNorm, KeepsPrecisionFarFromZero) {
  const Array x = Array::random(TN_FLOAT32, {3, 1000}, 5000, 5001), none;
  op("LayerNormalization")
      .expect_near({x, none, none}, {layer_norm(x, 1, none, none, x, double(1e-5f)).y});
}

TEST(LayerNorm, HandlesEmptyAndWrongDims) {
  const Array scale(TN_FLOAT32, {4});
  op("LayerNormalization").expect({Array(TN_FLOAT32, {0, 4}), scale}, {Array(TN_FLOAT32, {0, 4})});
  op("LayerNormGrad", "tenon")
      .expect({Array(TN_FLOAT32, {0, 4}), Array(TN_FLOAT32, {0, 4}), Array(TN_FLOAT32, {0, 1}),
               Array(TN_FLOAT32, {0, 1})},
              {Array(TN_FLOAT32, {0, 4}), scale, scale});
  op("LayerNormalization")
      .expect_error({Array(TN_FLOAT32, {2, 3}), scale}, {Array(TN_FLOAT32, {2, 3})},
                    TN_INVALID_ARGUMENT, "Scale has dims [4], expected [3]");
}

// Channel of element i of an [N, C, ...] tensor.
int64_t channel(const Array& x, int64_t i) {
  return i / Array::row_major(x.dims())[1] % x.dims()[1];
}

struct Statistics {
  Values mean, variance;
  double count;
};
Statistics statistics(const Array& x) {
  const size_t channels = size_t(x.dims()[1]);
  Statistics s{Values(channels), Values(channels), double(x.count()) / double(channels)};
  for (int64_t i = 0; i < x.count(); ++i) s.mean[channel(x, i)] += x.get(i) / s.count;
  for (int64_t i = 0; i < x.count(); ++i)
    s.variance[channel(x, i)] += std::pow(x.get(i) - s.mean[channel(x, i)], 2) / s.count;
  return s;
}

const Dims kImages[] = {{4, 3, 5, 6}, {6, 20}, {2, 16, 33}, {1, 2, 150, 260}};

TEST(BatchNorm, InfersForEveryType) {
  for (tn_dtype dtype : kFloats)
    for (const Dims& dims : {kImages[0], kImages[1], kImages[2]}) {
      const int64_t c = dims[1];
      const Array x = Array::random(dtype, dims, -3, 5);
      const Array scale = Array::random(TN_FLOAT32, {c}, 0.5, 2, 1),
                  shift = Array::random(TN_FLOAT32, {c}, -1, 1, 2);
      const Array mean = Array::random(TN_FLOAT32, {c}, -1, 1, 3),
                  variance = Array::random(TN_FLOAT32, {c}, 0.5, 2, 4);
      Array y(dtype, dims);
      for (int64_t i = 0; i < x.count(); ++i) {
        const int64_t k = channel(x, i);
        y.set(i,
              (x.get(i) - mean.get(k)) / std::sqrt(variance.get(k) + double(1e-3f)) * scale.get(k) +
                  shift.get(k));
      }
      op("BatchNormalization")
          .set("epsilon", 1e-3f)
          .expect_near({x, scale, shift, mean, variance}, {y});
    }
  const Array x(TN_FLOAT32, {1, 2, 3}), c(TN_FLOAT32, {2});
  op("BatchNormalization")
      .set("training_mode", 1)
      .expect_error({x, c, c, c, c}, {x}, TN_INVALID_ARGUMENT, "training_mode is 1");
  op("BatchNormalization")
      .expect_error({x, c, c, c, Array(TN_FLOAT32, {3})}, {x}, TN_INVALID_ARGUMENT, "[3]");
}

TEST(BatchNorm, TrainsWithItsGradient) {
  for (tn_dtype dtype : kFloats)
    for (const Dims& dims : kImages)
      for (bool affine : {true, false}) {
        SCOPED_TRACE(std::string(dtype_name(dtype)) + (affine ? " affine" : ""));
        const int64_t c = dims[1];
        const Array x = Array::random(dtype, dims, -3, 5, 1),
                    dy = Array::random(dtype, dims, -1, 1, 2);
        const Array scale = affine ? Array::random(TN_FLOAT32, {c}, 0.5, 2, 1) : Array();
        const Array shift = affine ? Array::random(TN_FLOAT32, {c}, -1, 1, 2) : Array();
        const Array running_mean = Array::random(TN_FLOAT32, {c}, -1, 1, 3);
        const Array running_var = Array::random(TN_FLOAT32, {c}, 0.5, 2, 4);
        const Statistics s = statistics(x);
        const double epsilon = 1e-5, momentum = 0.1;
        Array y(dtype, dims), mean(TN_FLOAT32, {c}), inv(TN_FLOAT32, {c}), new_mean = mean,
                                                                           new_var = mean;
        Values sum(c), dot(c);
        for (int64_t k = 0; k < c; ++k) {
          mean.set(k, s.mean[k]);
          inv.set(k, 1 / std::sqrt(s.variance[k] + epsilon));
          new_mean.set(k, (1 - momentum) * running_mean.get(k) + momentum * s.mean[k]);
          new_var.set(k, (1 - momentum) * running_var.get(k) +
                             momentum * s.variance[k] * s.count / (s.count - 1));
        }
        const auto factor = [&](int64_t k) { return affine ? scale.get(k) : 1; };
        for (int64_t i = 0; i < x.count(); ++i) {
          const int64_t k = channel(x, i);
          const double normal = (x.get(i) - s.mean[k]) / std::sqrt(s.variance[k] + epsilon);
          y.set(i, normal * factor(k) + (affine ? shift.get(k) : 0));
          sum[k] += dy.get(i);
          dot[k] += dy.get(i) * normal;
        }
        // Of (x - mean) * inv * scale: a mean's terms count twice.
        const double centred =
            3 * x.largest() * inv.largest() * (scale.present() ? scale.largest() : 1);
        op("BatchNormTraining", "tenon")
            .expect_near({x, scale, shift, running_mean, running_var,
                          Array::scalar(TN_FLOAT64, momentum), Array::scalar(TN_FLOAT64, epsilon)},
                         {y, mean, inv, new_mean, new_var}, centred);
        op("BatchNormTraining", "tenon")
            .expect_near({x, scale, shift, Array(), Array(), Array::scalar(TN_FLOAT64, momentum),
                          Array::scalar(TN_FLOAT64, epsilon)},
                         {y, mean, inv}, centred);
        for (int training : {1, 0}) {
          Array dx(dtype, dims), dscale(TN_FLOAT32, {c}), dshift(TN_FLOAT32, {c});
          for (int64_t k = 0; k < c; ++k) dscale.set(k, dot[k]), dshift.set(k, sum[k]);
          for (int64_t i = 0; i < x.count(); ++i) {
            const int64_t k = channel(x, i);
            const double normal = (x.get(i) - s.mean[k]) * inv.get(k);
            const double g =
                training ? dy.get(i) - sum[k] / s.count - normal * dot[k] / s.count : dy.get(i);
            dx.set(i, factor(k) * inv.get(k) * g);
          }
          op("BatchNormGrad", "tenon")
              .set("training", training)
              .expect_near({dy, x, scale, mean, inv}, {dx, dscale, dshift},
                           of_saved(dtype, {dx, dscale, dshift}));
          op("BatchNormGrad", "tenon")
              .set("training", training)
              .expect_near({dy, x, scale, mean, inv}, {Array(), dscale},
                           of_saved(dtype, {dx, dscale}));
        }
      }
}

TEST(BatchNorm, OfOneElementKeepsItsVariance) {
  const Array x(TN_FLOAT32, {1, 2}, {3, 5}), zero(TN_FLOAT32, {2}), one(TN_FLOAT32, {2}, {1, 1});
  op("BatchNormTraining", "tenon")
      .expect({x, Array(), Array(), zero, one, Array::scalar(TN_FLOAT64, 1),
               Array::scalar(TN_FLOAT64, 0.25)},
              {Array(TN_FLOAT32, {1, 2}), Array(TN_FLOAT32, {2}, {3, 5}),
               Array(TN_FLOAT32, {2}, {2, 2}), Array(TN_FLOAT32, {2}, {3, 5}), zero});
}

}  // namespace
}  // namespace tenon::cpu
