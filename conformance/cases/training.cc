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

double changing(double even, double odd) { return static_cast<double>(varied(even, odd)); }

struct AdamOptions {
  bool decoupled = true, amsgrad = false, maximize = false;
};

void add_adamw(Cases& cases, const std::string& label, tn_dtype type, const Shape& dims,
               const AdamOptions& options) {
  const NoInfinities open;
  // Host values: other ones at the next launch.
  const double kLr = changing(0.01, 0.02), kBeta1 = changing(0.9, 0.8);
  const double kBeta2 = changing(0.999, 0.99), kDecay = changing(0.1, 0.3);
  const double kEps = changing(1e-8, 0.125), kStep = changing(3, 1);
  const bool decoupled = options.decoupled, amsgrad = options.amsgrad;
  const HostTensor param = random(type, dims, 1), grad = random(type, dims, 2);
  const HostTensor m = random(type, dims, 3);
  const HostTensor v = random(type, dims, 4, 0.1, 2), most = random(type, dims, 5, 0.1, 2);
  const Number beta1 = coefficient(1 - Real(kBeta1)), beta2 = coefficient(1 - Real(kBeta2));
  const Number second_scale = coefficient(1 / std::sqrt(1 - std::pow(Real(kBeta2), Real(kStep))));
  const Number step_size = coefficient(kLr / (1 - std::pow(Real(kBeta1), Real(kStep))));
  Expected new_param(type, dims), new_m = new_param, new_v = new_param, new_most = new_param;
  for (size_t i = 0; i < param.values.size(); ++i) {
    Number g = grad.values[i], p = param.values[i];
    if (options.maximize) g = -g;
    if (decoupled) {
      p = p * coefficient(1 - Real(kLr) * Real(kDecay));
    } else {
      g = g + coefficient(kDecay) * p;
    }
    new_m.values[i] = m.values[i] + (g - m.values[i]) * beta1;
    new_v.values[i] = coefficient(kBeta2) * v.values[i] + beta2 * g * g;
    const bool kept = most.values[i] > new_v.values[i].value || std::isnan(most.values[i]);
    new_most.values[i] = kept ? Number(most.values[i]) : new_v.values[i];
    const Number second = amsgrad ? new_most.values[i] : new_v.values[i];
    const Number divisor = sqrt(second) * second_scale + coefficient(kEps);
    new_param.values[i] = p - step_size * new_m.values[i] / divisor;
  }
  OperatorCase c{"tenon", "AdamW", label, type};
  c.in(param).in(grad).in(m).in(v);
  amsgrad ? c.in(most) : c.absent();
  for (const double value : {kLr, kBeta1, kBeta2, kDecay, kEps, kStep}) c.host(f64(value));
  c.attribute("decoupled", int64_t{decoupled});
  if (options.maximize) c.attribute("maximize", int64_t{1});
  c.out(new_param, 1).out(new_m, 3).out(new_v, 4);
  if (amsgrad) c.out(new_most, 5);
  cases.push_back(c);
}

struct SgdOptions {
  bool nesterov = false, maximize = false, first = false, buffer = true;
};

void add_sgd(Cases& cases, const char* label, tn_dtype type, const Shape& dims,
             const SgdOptions& options) {
  const double kLr = changing(0.1, 0.3), kMomentum = options.buffer ? changing(0.9, 0.5) : 0;
  const double kDampening = options.nesterov ? 0 : changing(0.25, 0.5),
               kDecay = changing(0.01, 0.1);
  const HostTensor param = random(type, dims, 1), grad = random(type, dims, 2);
  const HostTensor buffer = random(type, dims, 3);
  Expected new_param(type, dims), new_buffer = new_param;
  for (size_t i = 0; i < param.values.size(); ++i) {
    Number g = grad.values[i];
    if (options.maximize) g = -g;
    g = g + coefficient(kDecay) * param.values[i];
    new_buffer.values[i] =
        options.first ? g
                      : coefficient(kMomentum) * buffer.values[i] + coefficient(1 - kDampening) * g;
    Number step = new_buffer.values[i];
    if (options.nesterov) step = g + coefficient(kMomentum) * new_buffer.values[i];
    if (!options.buffer) step = g;
    new_param.values[i] = param.values[i] - coefficient(kLr) * step;
  }
  OperatorCase c{"tenon", "SgdMomentum", label, type};
  c.in(param).in(grad);
  options.buffer ? c.in(buffer) : c.absent();
  for (const double value : {kLr, kMomentum, kDampening, kDecay}) c.host(f64(value));
  c.attribute("nesterov", int64_t{options.nesterov});
  if (options.maximize) c.attribute("maximize", int64_t{1});
  if (options.first) c.attribute("first", int64_t{1});
  c.out(new_param, 1);
  if (options.buffer) c.out(new_buffer, 3);
  cases.push_back(c);
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

// Of more than 32 bits, and others at the next launch.
uint64_t key_now() { return varied(0, 1) == 0 ? 0x12345 : UINT64_C(0xfedcba9876543210); }
uint64_t counter_now() { return varied(0, 1) == 0 ? 77 : UINT64_C(0x1fffffffe); }

uint32_t word(size_t i) { return philox(key_now(), counter_now() + i / 4)[i % 4]; }
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

void add_random(Cases& cases, const std::string& label, tn_dtype type, const Shape& dims) {
  const HostTensor key = HostTensor::scalar(TN_UINT64, static_cast<Real>(key_now()));
  const HostTensor counter = HostTensor::scalar(TN_UINT64, static_cast<Real>(counter_now()));
  const double low = changing(-1, 2), high = changing(2, 2.5);
  const double mean = changing(0.5, -1), deviation = changing(2, 0.5);
  const double share = changing(0.25, 0.5);
  Expected uniform(type, dims), normals = uniform, y = uniform;
  for (size_t i = 0; i < uniform.values.size(); ++i) {
    uniform.values[i] = Real(low) + (Real(high) - Real(low)) * Number(uniform_unit(type, i));
    const size_t pair = i / 2 * 2;
    const Number one =
        type == TN_FLOAT64
            ? normal(unit53(bits53(2 * pair) | 1), unit53(bits53(2 * pair + 2)), i % 2 != 0)
            : normal(std::ldexp(static_cast<Real>(word(pair) >> 8 | 1), -24), unit(pair + 1, 24),
                     i % 2 != 0);
    normals.values[i] = Real(mean) + Real(deviation) * one;
  }
  cases.push_back(OperatorCase{"tenon", "RandomUniform", label, type}
                      .host(key)
                      .host(counter)
                      .host(f64(low))
                      .host(f64(high))
                      .out(uniform));
  cases.push_back(OperatorCase{"tenon", "RandomNormal", label, type}
                      .host(key)
                      .host(counter)
                      .host(f64(mean))
                      .host(f64(deviation))
                      .out(normals));
  const HostTensor x = random(type, dims, 1);
  HostTensor mask(TN_BOOL, dims);
  for (size_t i = 0; i < mask.values.size(); ++i) {
    mask.values[i] = unit(i, 24) >= Real(share);
    y.values[i] = mask.values[i] != 0 ? x.values[i] / Number(1 - share) : Number();
  }
  cases.push_back(OperatorCase{"tenon", "Dropout", label, type}
                      .in(x)
                      .host(f64(share))
                      .host(key)
                      .host(counter)
                      .out(y)
                      .out(mask));
}

}  // namespace

void add_training_cases(Cases& cases, tn_dtype type) {
  if (!in_set(type, type_set::kFloat)) return;
  const Shape dims{3, 7};
  add_adamw(cases, "adamw", type, dims, {});
  add_adamw(cases, "adam", type, dims, {.decoupled = false});
  add_adamw(cases, "adamw_amsgrad", type, {2, 3, 5}, {.amsgrad = true});
  add_adamw(cases, "maximize", type, dims, {.maximize = true});
  add_adamw(cases, "long", type, {4099}, {});
  add_adamw(cases, "adam_amsgrad", type, dims, {.decoupled = false, .amsgrad = true});
  add_adamw(cases, "tail", type, {65}, {.maximize = true});
  add_adamw(cases, "empty", type, {0}, {});
  add_sgd(cases, "momentum", type, {2, 3, 5}, {});
  add_sgd(cases, "nesterov", type, {19}, {.nesterov = true});
  add_sgd(cases, "maximize", type, {19}, {.maximize = true});
  add_sgd(cases, "first", type, {19}, {.first = true});
  add_sgd(cases, "long", type, {4099}, {});
  add_sgd(cases, "plain", type, {19}, {.buffer = false});
  add_sgd(cases, "tail", type, {65}, {.nesterov = true, .maximize = true});
  add_sgd(cases, "empty", type, {0}, {});
  add_random(cases, "values", type, {5, 7});
  add_random(cases, "cube", type, {2, 3, 5});
  add_random(cases, "long", type, {4099});
  add_random(cases, "one", type, {});
  add_random(cases, "empty", type, {0, 3});
}

}  // namespace tenon::conformance
