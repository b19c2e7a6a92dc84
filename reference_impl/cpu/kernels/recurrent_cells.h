// SPDX-License-Identifier: Apache-2.0
//
// One step of a recurrent layer for one element of the batch: from the sums of its gates, side by
// side, to its new state.
#pragma once

#include <algorithm>
#include <cmath>

#include "tenon/device/operators/recurrent.h"

namespace tenon::cpu {

template <class T>
void activate(const Activation& activation, T* x, int64_t n) {
  const auto each = [&](auto&& f) {
    for (int64_t i = 0; i < n; ++i) x[i] = f(x[i]);
  };
  const T alpha = activation.alpha, beta = activation.beta;
  switch (activation.function) {
    case RecurrentFunction::kAffine:
      return each([=](T v) { return alpha * v + beta; });
    case RecurrentFunction::kRelu:
      return each([](T v) { return v < 0 ? T{0} : v; });
    case RecurrentFunction::kLeakyRelu:
      return each([=](T v) { return v < 0 ? alpha * v : v; });
    case RecurrentFunction::kThresholdedRelu:
      return each([=](T v) { return v <= alpha ? T{0} : v; });
    case RecurrentFunction::kTanh:
      return each([](T v) { return std::tanh(v); });
    case RecurrentFunction::kScaledTanh:
      return each([=](T v) { return alpha * std::tanh(beta * v); });
    case RecurrentFunction::kSigmoid:
      return each([](T v) { return 1 / (1 + std::exp(-v)); });
    case RecurrentFunction::kHardSigmoid:
      return each([=](T v) {
        const T line = alpha * v + beta;
        return line < 0 ? T{0} : line > 1 ? T{1} : line;
      });
    case RecurrentFunction::kElu:
      return each([=](T v) { return v < 0 ? alpha * std::expm1(v) : v; });
    case RecurrentFunction::kSoftsign:
      return each([](T v) { return v / (1 + std::fabs(v)); });
    case RecurrentFunction::kSoftplus:
      return each([](T v) { return std::max(v, T{0}) + std::log1p(std::exp(-std::fabs(v))); });
  }
}

// Within the limit, then through the function.
template <class T>
void gate(const RecurrentOperator& o, const Activation& activation, T* x, int64_t n) {
  if (o.limit) {
    const T most = *o.limit;
    for (int64_t i = 0; i < n; ++i) x[i] = x[i] < -most ? -most : x[i] > most ? most : x[i];
  }
  activate(activation, x, n);
}

// Of one element of the batch. `sums` are those of the input and of the state, biases included.
template <class T>
struct CellStep {
  int64_t hidden;
  T* sums;        // Gates side by side; overwritten.
  const T* late;  // GRU: what the reset gate is applied to, if it is applied to a product.
  T* h;
  T* c;                // LSTM.
  const T* peepholes;  // LSTM: of i, o and f; or null.
};

template <class T>
void step_cell(const RnnOperator& o, const Activation* f, const CellStep<T>& s) {
  gate(o, f[0], s.sums, s.hidden);
  std::copy_n(s.sums, s.hidden, s.h);
}

// Gates i, o, f, c.
template <class T>
void step_cell(const LstmOperator& o, const Activation* functions, const CellStep<T>& s) {
  const int64_t n = s.hidden;
  T *i = s.sums, *out = i + n, *f = out + n, *c = f + n;
  if (s.peepholes != nullptr) {
    for (int64_t k = 0; k < n; ++k) {
      i[k] += s.peepholes[k] * s.c[k];
      f[k] += s.peepholes[2 * n + k] * s.c[k];
    }
  }
  gate(o, functions[0], i, n);
  gate(o, functions[1], c, n);
  if (o.input_forget) {
    for (int64_t k = 0; k < n; ++k) f[k] = 1 - i[k];
  } else {
    gate(o, functions[0], f, n);
  }
  for (int64_t k = 0; k < n; ++k) {
    s.c[k] = f[k] * s.c[k] + i[k] * c[k];
    if (s.peepholes != nullptr) out[k] += s.peepholes[n + k] * s.c[k];
    s.h[k] = s.c[k];
  }
  gate(o, functions[0], out, n);
  gate(o, functions[2], s.h, n);
  for (int64_t k = 0; k < n; ++k) s.h[k] *= out[k];
}

// The gates z and r of a GRU; `reset` becomes r times the state.
template <class T>
void reset_state(const GruOperator& o, const Activation* f, const CellStep<T>& s, T* reset) {
  gate(o, f[0], s.sums, 2 * s.hidden);
  for (int64_t k = 0; k < s.hidden; ++k) reset[k] = s.sums[s.hidden + k] * s.h[k];
}

// With z and r made, and in the place of the third gate what comes from the input alone, or, if the
// reset comes before the product, all of it.
template <class T>
void step_reset_cell(const GruOperator& o, const Activation* f, const CellStep<T>& s) {
  const int64_t n = s.hidden;
  const T *z = s.sums, *r = z + n;
  T* h = s.sums + 2 * n;
  if (s.late != nullptr)
    for (int64_t k = 0; k < n; ++k) h[k] += r[k] * s.late[k];
  gate(o, f[1], h, n);
  for (int64_t k = 0; k < n; ++k) s.h[k] = (1 - z[k]) * h[k] + z[k] * s.h[k];
}

}  // namespace tenon::cpu
