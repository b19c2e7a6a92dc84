// SPDX-License-Identifier: Apache-2.0
//
// Optimizer steps and random numbers.
#include <array>
#include <cmath>

#include "suite/case.h"

namespace tenon::conformance {
namespace {

HostTensor random(Shape dims, uint32_t seed, double low = -2, double high = 2) {
  return HostTensor::random(TN_FLOAT32, std::move(dims), low, high, seed);
}
HostTensor f64(double value) { return HostTensor::scalar(TN_FLOAT64, value); }

void add_adamw(Cases& cases, bool decoupled, bool amsgrad) {
  constexpr double kLr = 0.01, kBeta1 = 0.9, kBeta2 = 0.999, kDecay = 0.1, kEps = 1e-8, kStep = 3;
  const Shape dims{3, 7};
  const HostTensor param = random(dims, 1), grad = random(dims, 2), m = random(dims, 3);
  const HostTensor v = random(dims, 4, 0.1, 2), most = random(dims, 5, 0.1, 2);
  HostTensor new_param = param, new_m = m, new_v = v, new_most = most;
  for (size_t i = 0; i < param.values.size(); ++i) {
    double g = grad.values[i], p = param.values[i];
    if (decoupled) {
      p *= 1 - kLr * kDecay;
    } else {
      g += kDecay * p;
    }
    new_m.values[i] = m.values[i] + (g - m.values[i]) * (1 - kBeta1);
    new_v.values[i] = kBeta2 * v.values[i] + (1 - kBeta2) * g * g;
    new_most.values[i] = std::fmax(most.values[i], new_v.values[i]);
    const double second = amsgrad ? new_most.values[i] : new_v.values[i];
    const double divisor = std::sqrt(second) / std::sqrt(1 - std::pow(kBeta2, kStep)) + kEps;
    new_param.values[i] = p - kLr / (1 - std::pow(kBeta1, kStep)) * new_m.values[i] / divisor;
  }
  OperatorCase c{
      "tenon",    "AdamW",
      1,          std::string(decoupled ? "adamw" : "adam") + (amsgrad ? "_amsgrad" : ""),
      TN_FLOAT32, 2e-6};
  c.in(param).in(grad).in(m).in(v);
  amsgrad ? c.in(most) : c.absent();
  for (const double value : {kLr, kBeta1, kBeta2, kDecay, kEps, kStep}) c.host(f64(value));
  c.attribute("decoupled", int64_t{decoupled});
  c.out(new_param, 1).out(new_m, 3).out(new_v, 4);
  if (amsgrad) c.out(new_most, 5);
  cases.push_back(c);
}

void add_sgd(Cases& cases, bool nesterov) {
  constexpr double kLr = 0.1, kMomentum = 0.9, kDampening = 0, kDecay = 0.01;
  const HostTensor param = random({19}, 1), grad = random({19}, 2), buffer = random({19}, 3);
  HostTensor new_param = param, new_buffer = buffer;
  for (size_t i = 0; i < param.values.size(); ++i) {
    const double g = grad.values[i] + kDecay * param.values[i];
    new_buffer.values[i] = kMomentum * buffer.values[i] + (1 - kDampening) * g;
    const double step = nesterov ? g + kMomentum * new_buffer.values[i] : new_buffer.values[i];
    new_param.values[i] = param.values[i] - kLr * step;
  }
  OperatorCase c{"tenon", "SgdMomentum", 1, nesterov ? "nesterov" : "momentum", TN_FLOAT32, 2e-6};
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
double unit(size_t i) { return std::ldexp(static_cast<double>(word(i) >> 8), -24); }

void add_random(Cases& cases) {
  const HostTensor key = HostTensor::scalar(TN_UINT64, kKey);
  const HostTensor counter = HostTensor::scalar(TN_UINT64, kCounter);
  HostTensor uniform(TN_FLOAT32, {5, 7}), normal = uniform;
  for (size_t i = 0; i < 35; ++i) {
    uniform.values[i] = -1 + 3 * unit(i);
    const size_t pair = i / 2 * 2;
    const double u1 = std::ldexp(static_cast<double>(word(pair) >> 8 | 1), -24);
    const double u2 = unit(pair + 1);
    const double r = std::sqrt(-2 * std::log(u1));
    normal.values[i] =
        0.5 + 2 * r * (i % 2 == 0 ? std::cos(2 * M_PI * u2) : std::sin(2 * M_PI * u2));
  }
  cases.push_back(OperatorCase{"tenon", "RandomUniform", 1, "values", TN_FLOAT32, 2e-7}
                      .host(key)
                      .host(counter)
                      .host(f64(-1))
                      .host(f64(2))
                      .out(uniform));
  cases.push_back(OperatorCase{"tenon", "RandomNormal", 1, "values", TN_FLOAT32, 2e-6}
                      .host(key)
                      .host(counter)
                      .host(f64(0.5))
                      .host(f64(2))
                      .out(normal));
  const HostTensor x = random({5, 7}, 1);
  HostTensor y = x, mask(TN_BOOL, {5, 7});
  for (size_t i = 0; i < 35; ++i) {
    mask.values[i] = unit(i) >= 0.25;
    y.values[i] = mask.values[i] != 0 ? x.values[i] / 0.75 : 0;
  }
  cases.push_back(OperatorCase{"tenon", "Dropout", 1, "values", TN_FLOAT32, 2e-7}
                      .in(x)
                      .host(f64(0.25))
                      .host(key)
                      .host(counter)
                      .out(y)
                      .out(mask));
}

}  // namespace

void add_training_cases(Cases& cases) {
  for (const bool decoupled : {false, true}) {
    for (const bool amsgrad : {false, true}) add_adamw(cases, decoupled, amsgrad);
  }
  add_sgd(cases, false);
  add_sgd(cases, true);
  add_random(cases);
}

}  // namespace tenon::conformance
