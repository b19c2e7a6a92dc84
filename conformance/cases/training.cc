// SPDX-License-Identifier: Apache-2.0
//
// Optimizer steps and random numbers.
#include <array>
#include <cmath>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

HostTensor random(tn_dtype type, Shape dims, uint32_t seed, Real low = -2, Real high = 2) {
  return HostTensor::random(type, std::move(dims), low, high, seed);
}
HostTensor f64(double value) { return HostTensor::scalar(TN_FLOAT64, value); }
// What a step computes of its host values, in double; then it is rounded once.
Number coefficient(Real value) { return {value, std::fabs(value)}; }

void add_adamw(Cases& cases, tn_dtype type, bool decoupled, bool amsgrad) {
  constexpr double kLr = 0.01, kBeta1 = 0.9, kBeta2 = 0.999, kDecay = 0.1, kEps = 1e-8, kStep = 3;
  const Shape dims{3, 7};
  const HostTensor param = random(type, dims, 1), grad = random(type, dims, 2);
  const HostTensor m = random(type, dims, 3);
  const HostTensor v = random(type, dims, 4, 0.1, 2), most = random(type, dims, 5, 0.1, 2);
  const Number beta1 = coefficient(1 - Real(kBeta1)), beta2 = coefficient(1 - Real(kBeta2));
  const Number second_scale = coefficient(1 / std::sqrt(1 - std::pow(Real(kBeta2), Real(kStep))));
  const Number step_size = coefficient(kLr / (1 - std::pow(Real(kBeta1), Real(kStep))));
  Expected new_param(type, dims), new_m = new_param, new_v = new_param, new_most = new_param;
  for (size_t i = 0; i < param.values.size(); ++i) {
    Number g = grad.values[i], p = param.values[i];
    if (decoupled) {
      p = p * coefficient(1 - Real(kLr) * Real(kDecay));
    } else {
      g = g + coefficient(kDecay) * p;
    }
    new_m.values[i] = m.values[i] + (g - m.values[i]) * beta1;
    new_v.values[i] = coefficient(kBeta2) * v.values[i] + beta2 * g * g;
    const bool kept = most.values[i] > new_v.values[i].value;
    new_most.values[i] = kept ? Number(most.values[i]) : new_v.values[i];
    const Number second = amsgrad ? new_most.values[i] : new_v.values[i];
    const Number divisor = sqrt(second) * second_scale + coefficient(kEps);
    new_param.values[i] = p - step_size * new_m.values[i] / divisor;
  }
  const std::string label = std::string(decoupled ? "adamw" : "adam") + (amsgrad ? "_amsgrad" : "");
  OperatorCase c{"tenon", "AdamW", label, type};
  c.in(param).in(grad).in(m).in(v);
  amsgrad ? c.in(most) : c.absent();
  for (const double value : {kLr, kBeta1, kBeta2, kDecay, kEps, kStep}) c.host(f64(value));
  c.attribute("decoupled", int64_t{decoupled});
  c.out(new_param, 1).out(new_m, 3).out(new_v, 4);
  if (amsgrad) c.out(new_most, 5);
  cases.push_back(c);
}

void add_sgd(Cases& cases, tn_dtype type, bool nesterov) {
  constexpr double kLr = 0.1, kMomentum = 0.9, kDampening = 0, kDecay = 0.01;
  const HostTensor param = random(type, {19}, 1), grad = random(type, {19}, 2);
  const HostTensor buffer = random(type, {19}, 3);
  Expected new_param(type, {19}), new_buffer = new_param;
  for (size_t i = 0; i < param.values.size(); ++i) {
    const Number g = grad.values[i] + coefficient(kDecay) * param.values[i];
    new_buffer.values[i] =
        coefficient(kMomentum) * buffer.values[i] + coefficient(1 - kDampening) * g;
    const Number step =
        nesterov ? g + coefficient(kMomentum) * new_buffer.values[i] : new_buffer.values[i];
    new_param.values[i] = param.values[i] - coefficient(kLr) * step;
  }
  OperatorCase c{"tenon", "SgdMomentum", nesterov ? "nesterov" : "momentum", type};
  c.in(param).in(grad).in(buffer);
  for (const double value : {kLr, kMomentum, kDampening, kDecay}) c.host(f64(value));
  cases.push_back(c.attribute("nesterov", int64_t{nesterov}).out(new_param, 1).out(new_buffer, 3));
}

// ---- Philox4x32-10, after Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" ----

std::array<uint32_t, 4> philox(uint64_t key, uint64_t counter) {
  std::array<uint32_t, 4> c{static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32), 0,
                            0};
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = UINT64_C(0xD2511F53) * c[0], b = UINT64_C(0xCD9E8D57) * c[2];
    c = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(b),
         static_cast<uint32_t>(a >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(a)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

constexpr uint64_t kKey = 0x12345, kCounter = 77;

uint32_t word(size_t i) { return philox(kKey, kCounter + i / 4)[i % 4]; }
// Of the upper bits of a word, in [0, 1).
Real unit(size_t i, int bits) {
  return std::ldexp(static_cast<Real>(word(i) >> (32 - bits)), -bits);
}
// 53 bits of two words, the second the upper half.
uint64_t bits53(size_t i) { return (word(i) | uint64_t{word(i + 1)} << 32) >> 11; }
Real unit53(uint64_t bits) { return std::ldexp(static_cast<Real>(bits), -53); }

Real uniform_unit(tn_dtype type, size_t i) {
  if (type == TN_FLOAT64) return unit53(bits53(2 * i));
  return unit(i, type == TN_FLOAT16 ? 10 : type == TN_BFLOAT16 ? 7 : 24);
}

// Box-Muller of two numbers in (0, 1] and [0, 1).
Number normal(Real u1, Real u2, bool odd) {
  const Number radius = sqrt(-2.0L * log(u1)), angle = 2 * kPi * Number(u2);
  return radius * (odd ? sin(angle) : cos(angle));
}

void add_random(Cases& cases, tn_dtype type) {
  const HostTensor key = HostTensor::scalar(TN_UINT64, kKey);
  const HostTensor counter = HostTensor::scalar(TN_UINT64, kCounter);
  const Shape dims{5, 7};
  Expected uniform(type, dims), normals = uniform, y = uniform;
  for (size_t i = 0; i < 35; ++i) {
    uniform.values[i] = -1.0L + 3.0L * Number(uniform_unit(type, i));
    const size_t pair = i / 2 * 2;
    const Number one =
        type == TN_FLOAT64
            ? normal(unit53(bits53(2 * pair) | 1), unit53(bits53(2 * pair + 2)), i % 2 != 0)
            : normal(std::ldexp(static_cast<Real>(word(pair) >> 8 | 1), -24), unit(pair + 1, 24),
                     i % 2 != 0);
    normals.values[i] = 0.5L + 2.0L * one;
  }
  cases.push_back(OperatorCase{"tenon", "RandomUniform", "values", type}
                      .host(key)
                      .host(counter)
                      .host(f64(-1))
                      .host(f64(2))
                      .out(uniform));
  cases.push_back(OperatorCase{"tenon", "RandomNormal", "values", type}
                      .host(key)
                      .host(counter)
                      .host(f64(0.5))
                      .host(f64(2))
                      .out(normals));
  const HostTensor x = random(type, dims, 1);
  HostTensor mask(TN_BOOL, dims);
  for (size_t i = 0; i < 35; ++i) {
    mask.values[i] = unit(i, 24) >= 0.25L;
    y.values[i] = mask.values[i] != 0 ? x.values[i] / Number(0.75) : Number();
  }
  cases.push_back(OperatorCase{"tenon", "Dropout", "values", type}
                      .in(x)
                      .host(f64(0.25))
                      .host(key)
                      .host(counter)
                      .out(y)
                      .out(mask));
}

}  // namespace

void add_training_cases(Cases& cases, tn_dtype type) {
  if (!in_set(type, type_set::kFloat)) return;
  for (const bool decoupled : {false, true}) {
    for (const bool amsgrad : {false, true}) add_adamw(cases, type, decoupled, amsgrad);
  }
  add_sgd(cases, type, false);
  add_sgd(cases, type, true);
  add_random(cases, type);
}

}  // namespace tenon::conformance
