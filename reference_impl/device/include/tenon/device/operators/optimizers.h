// SPDX-License-Identifier: Apache-2.0
//
// The halves of optimizer steps: see kernel_of.h. Their inputs are tensors, then host values.
#pragma once

#include <cmath>

#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/kernel_of.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

// A step's numbers, computed in double and used in the type that the step computes in. The GPUs'
// adamw.cl takes them as they lie here.
template <class C>
struct AdamCoefficients {
  C sign;   // Of the gradient: -1 to maximize.
  C keep;   // What decoupled decay leaves of the parameter.
  C decay;  // Added to the gradient times the parameter.
  C one_minus_beta1, beta2, one_minus_beta2;
  C step_size;     // lr / (1 - beta1^step)
  C second_scale;  // 1 / sqrt(1 - beta2^step)
  C eps;
};

struct AdamWOperator : NamedOperator, attributes::TenonAdamW {
  static constexpr size_t kTensors = 5, kInputs = 11;
  explicit AdamWOperator(const Description& d);
  void check(const Arguments& a) const;
  // Of a launch's host values.
  template <class C>
  AdamCoefficients<C> coefficients(const Arguments& a) const {
    const double lr = real_at(a.input(5)), beta1 = real_at(a.input(6)), beta2 = real_at(a.input(7));
    const double weight_decay = real_at(a.input(8)), eps = real_at(a.input(9)),
                 step = real_at(a.input(10));
    return {
        static_cast<C>(maximize ? -1 : 1),
        static_cast<C>(decoupled ? 1 - lr * weight_decay : 1),
        static_cast<C>(decoupled ? 0 : weight_decay),
        static_cast<C>(1 - beta1),
        static_cast<C>(beta2),
        static_cast<C>(1 - beta2),
        static_cast<C>(lr / (1 - std::pow(beta1, step))),
        static_cast<C>(1 / std::sqrt(1 - std::pow(beta2, step))),
        static_cast<C>(eps),
    };
  }
};

// The same for sgd.cl.
template <class C>
struct SgdCoefficients {
  C sign;  // Of the gradient: -1 to maximize.
  C lr, momentum, gradient_share, decay;
  C nesterov;  // 0 or 1.
};

// What a step knows of the momentum's buffer, in the order of sgd.cl: none, none before this
// step, or one.
enum class SgdBuffer { kNone, kFirst, kKept };

struct SgdMomentumOperator : NamedOperator, attributes::TenonSgdMomentum {
  static constexpr size_t kTensors = 3, kInputs = 7;
  explicit SgdMomentumOperator(const Description& d);
  void check(const Arguments& a) const;
  // Of a launch's host values.
  template <class C>
  SgdCoefficients<C> coefficients(const Arguments& a) const {
    return {
        static_cast<C>(maximize ? -1 : 1),   static_cast<C>(real_at(a.input(3))),
        static_cast<C>(real_at(a.input(4))), static_cast<C>(1 - real_at(a.input(5))),
        static_cast<C>(real_at(a.input(6))), static_cast<C>(nesterov ? 1 : 0),
    };
  }
  SgdBuffer buffer;
};

}  // namespace tenon::device
