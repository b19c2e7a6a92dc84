// SPDX-License-Identifier: Apache-2.0
//
// Losses and optimizer steps against formulas in double precision.
#include <gtest/gtest.h>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/tests/kernel_harness.h"

namespace tenon::cpu::testing {
namespace {

constexpr tn_dtype kFloats[] = {TN_FLOAT32, TN_FLOAT64, TN_FLOAT16, TN_BFLOAT16};

Operation training(const char* name) { return Operation(name, training_operators(), "tenon"); }
Array host(double value) { return Array::scalar(TN_FLOAT64, value); }

struct Nll {
  std::vector<double> losses;
  double sum = 0, total_weight = 0;
};

Nll naive_nll(const Array& x, const Array& target, const Array& weight, int64_t ignored) {
  Nll result;
  const int64_t classes = x.dims()[1], inner = x.count() / x.dims()[0] / classes;
  for (int64_t i = 0; i < target.count(); ++i) {
    const auto label = static_cast<int64_t>(target.get(i));
    double loss = 0;
    if (label != ignored) {
      const double w = weight.present() ? weight.get(label) : 1;
      loss = -w * x.get((i / inner * classes + label) * inner + i % inner);
      result.total_weight += w;
    }
    result.losses.push_back(loss);
    result.sum += loss;
  }
  return result;
}

void set_reduction(Operation& op, int reduction) {
  const char* const names[] = {"none", "sum", "mean"};
  op.set("reduction", names[reduction]).set("ignore_index", 2);
}

TEST(NllLoss, AndItsGradient) {
  for (const tn_dtype dtype : kFloats) {
    for (const Dims& dims : {Dims{5, 4}, Dims{3, 7, 2, 3}, Dims{2, 5, 2500}}) {
      for (const bool weighted : {false, true}) {
        for (const int reduction : {0, 1, 2}) {
          Dims target_dims = dims;
          target_dims.erase(target_dims.begin() + 1);
          if (product(dims) > 1000 && dtype != TN_FLOAT32) continue;
          const Array x = Array::random(dtype, dims, -3, 0, 1);
          const Array target =
              Array::sequence(weighted ? TN_INT32 : TN_INT64, target_dims, 0, 1, 4);
          const Array weight = weighted ? Array::random(dtype, {dims[1]}, 0.5, 2, 2) : Array();
          const Nll nll = naive_nll(x, target, weight, 2);
          const double loss = reduction == 2 ? nll.sum / nll.total_weight : nll.sum;
          const Array total = Array::scalar(dtype, nll.total_weight);
          Operation op = training("NllLoss");
          set_reduction(op, reduction);
          op.expect_near(
              {x, target, weight},
              {reduction == 0 ? Array(dtype, target_dims, nll.losses) : Array::scalar(dtype, loss),
               total});

          const Array dloss = reduction == 0 ? Array::random(dtype, target_dims, -1, 1, 3)
                                             : Array::scalar(dtype, 0.5);
          Array dx(dtype, dims);
          const int64_t inner = x.count() / dims[0] / dims[1];
          for (int64_t i = 0; i < target.count(); ++i) {
            const auto label = static_cast<int64_t>(target.get(i));
            if (label == 2) continue;
            double value = -(weighted ? weight.get(label) : 1) * dloss.get(reduction == 0 ? i : 0);
            if (reduction == 2) value /= total.get(0);
            dx.set((i / inner * dims[1] + label) * inner + i % inner, value);
          }
          Operation grad = training("NllLossGrad");
          set_reduction(grad, reduction);
          grad.expect_near({dloss, x, target, weight, total}, {dx});
        }
      }
    }
  }
}

TEST(NllLoss, RefusesTargetsOutOfRange) {
  for (const double label : {-1.0, 3.0}) {
    training("NllLoss").expect_error({Array(TN_FLOAT32, {1, 3}), Array(TN_INT64, {1}, {label})},
                                     {Array::scalar(TN_FLOAT32, 0), Array::scalar(TN_FLOAT32, 0)},
                                     TN_INVALID_ARGUMENT, "target");
  }
  training("NllLoss").expect_error({Array(TN_FLOAT32, {2, 3}), Array(TN_INT64, {3})},
                                   {Array::scalar(TN_FLOAT32, 0), Array::scalar(TN_FLOAT32, 0)},
                                   TN_INVALID_ARGUMENT, "[2, 3]");
}

TEST(SoftmaxCrossEntropy, BothKindsOfLabels) {
  for (const tn_dtype dtype : kFloats) {
    for (const Dims& dims : {Dims{3, 5}, Dims{4, 1}, Dims{2, 5000}}) {
      const int64_t classes = dims[1];
      const Array logits = Array::random(dtype, dims, -8, 8, 1);
      const Array labels = Array::random(dtype, dims, 0, 2.0 / static_cast<double>(classes), 2);
      const Array sparse = Array::sequence(TN_INT32, {dims[0]}, 0, 3, classes);
      Array loss(dtype, {dims[0]}), backprop(dtype, dims);
      double condition = 0;
      Array sparse_loss(dtype, {dims[0]}), sparse_backprop(dtype, dims);
      for (int64_t n = 0; n < dims[0]; ++n) {
        double sum = 0, weight = 0, total = 0, magnitudes = 0;
        for (int64_t c = 0; c < classes; ++c) {
          sum += std::exp(logits.get(n * classes + c));
          weight += labels.get(n * classes + c);
        }
        const auto label = static_cast<int64_t>(sparse.get(n)) % classes;
        for (int64_t c = 0; c < classes; ++c) {
          const int64_t i = n * classes + c;
          const double p = std::exp(logits.get(i)) / sum;
          total += labels.get(i) * (std::log(sum) - logits.get(i));
          // A function counts four times.
          magnitudes += labels.get(i) * (4 * std::fabs(std::log(sum)) + std::fabs(logits.get(i)));
          backprop.set(i, p * weight - labels.get(i));
          sparse_backprop.set(i, p - (c == label ? 1 : 0));
        }
        condition = std::max(condition, 2 * magnitudes);
        loss.set(n, total);
        sparse_loss.set(n, std::log(sum) - logits.get(n * classes + label));
      }
      std::vector<double> in_range;
      for (const double v : sparse.values()) {
        in_range.push_back(static_cast<double>(static_cast<int64_t>(v) % classes));
      }
      for (const tn_dtype type : {TN_INT32, TN_INT64}) {
        training("SparseSoftmaxCrossEntropy")
            .expect_near({logits, Array(type, {dims[0]}, in_range)},
                         {sparse_loss, sparse_backprop});
      }
      training("SoftmaxCrossEntropy").expect_near({logits, labels}, {loss, backprop}, condition);
    }
  }
  training("SparseSoftmaxCrossEntropy")
      .expect_error({Array(TN_FLOAT32, {1, 3}), Array(TN_INT32, {1}, {3})},
                    {Array(TN_FLOAT32, {1}), Array(TN_FLOAT32, {1, 3})}, TN_INVALID_ARGUMENT,
                    "label 3");
}

struct AdamState {
  double p, m, v, largest;
};

AdamState naive_adam(AdamState s, double g, bool maximize, bool decoupled, bool amsgrad,
                     double step) {
  const double lr = 0.1, beta1 = 0.9, beta2 = 0.99, decay = 0.05, eps = 1e-3;
  if (maximize) g = -g;
  if (decoupled) {
    s.p *= 1 - lr * decay;
  } else {
    g += decay * s.p;
  }
  s.m += (g - s.m) * (1 - beta1);
  s.v = beta2 * s.v + (1 - beta2) * g * g;
  s.largest = std::max(s.largest, s.v);
  const double second = amsgrad ? s.largest : s.v;
  s.p -= lr / (1 - std::pow(beta1, step)) * s.m /
         (std::sqrt(second) / std::sqrt(1 - std::pow(beta2, step)) + eps);
  return s;
}

TEST(AdamW, AllVariants) {
  const Dims dims{3, 5, 7};
  for (const tn_dtype dtype : kFloats) {
    for (int variant = 0; variant < 8; ++variant) {
      const bool maximize = variant & 1, decoupled = variant & 2, amsgrad = variant & 4;
      const Array p = Array::random(dtype, dims, -1, 1, 1),
                  g = Array::random(dtype, dims, -1, 1, 2);
      const Array m = Array::random(dtype, dims, -1, 1, 3), v = Array::random(dtype, dims, 0, 1, 4);
      const Array largest = Array::random(dtype, dims, 0, 1, 5);
      Array new_p = p, new_m = m, new_v = v, new_largest = largest;
      for (int64_t i = 0; i < p.count(); ++i) {
        const AdamState s = naive_adam({p.get(i), m.get(i), v.get(i), largest.get(i)}, g.get(i),
                                       maximize, decoupled, amsgrad, 3);
        new_p.set(i, s.p);
        new_m.set(i, s.m);
        new_v.set(i, s.v);
        new_largest.set(i, s.largest);
      }
      Operation op = training("AdamW");
      op.set("maximize", maximize ? 1 : 0).set("decoupled", decoupled ? 1 : 0);
      const std::vector<Array> inputs{
          p,         g,         m,          v,          amsgrad ? largest : Array(),
          host(0.1), host(0.9), host(0.99), host(0.05), host(1e-3),
          host(3)};
      const std::vector<Array> outputs{new_p, new_m, new_v, amsgrad ? new_largest : Array()};
      op.expect_near(inputs, outputs);
      op.in_place(0).expect_near(inputs, outputs);
    }
  }
}

TEST(SgdMomentum, AllVariants) {
  const Dims dims{4, 9};
  const double lr = 0.1, momentum = 0.9, dampening = 0.25, decay = 0.05;
  for (const tn_dtype dtype : kFloats) {
    for (int variant = 0; variant < 8; ++variant) {
      const bool nesterov = variant & 1, maximize = variant & 2, first = variant & 4;
      const Array p = Array::random(dtype, dims, -1, 1, 1),
                  g = Array::random(dtype, dims, -1, 1, 2);
      const Array b = Array::random(dtype, dims, -1, 1, 3);
      Array plain = p, new_p = p, new_b = b;
      for (int64_t i = 0; i < p.count(); ++i) {
        const double d = (maximize ? -g.get(i) : g.get(i)) + decay * p.get(i);
        const double buffer = first ? d : momentum * b.get(i) + (1 - dampening) * d;
        plain.set(i, p.get(i) - lr * d);
        new_b.set(i, buffer);
        new_p.set(i, p.get(i) - lr * (nesterov ? d + momentum * buffer : buffer));
      }
      Operation op = training("SgdMomentum");
      op.set("nesterov", nesterov ? 1 : 0)
          .set("maximize", maximize ? 1 : 0)
          .set("first", first ? 1 : 0);
      const auto inputs = [&](const Array& buffer) {
        return std::vector<Array>{p,          g, buffer, host(lr), host(momentum), host(dampening),
                                  host(decay)};
      };
      op.expect_near(inputs(b), {new_p, new_b});
      if (first) op.expect_near(inputs({}), {new_p, new_b});
      if (!nesterov) op.expect_near(inputs({}), {plain});
    }
  }
}

TEST(AdamW, SaysWhatDoesNotFit) {
  const Array p(TN_FLOAT32, {3}), g(TN_FLOAT32, {4});
  training("AdamW").expect_error(
      {p, g, p, p, {}, host(1), host(1), host(1), host(1), host(1), host(1)}, {p, p, p},
      TN_INVALID_ARGUMENT, "[4]");
}

}  // namespace
}  // namespace tenon::cpu::testing
