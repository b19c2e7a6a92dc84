// SPDX-License-Identifier: Apache-2.0
//
// Random numbers: Philox against Random123's published answers, the mapping from counter to
// element, and the distributions' moments.
#include <gtest/gtest.h>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/kernels/philox.h"
#include "reference_impl/cpu/tests/kernel_harness.h"

namespace tenon::cpu::testing {
namespace {

Operation random(const char* name) { return Operation(name, random_operators(), "tenon"); }
Array word(uint64_t value) { return Array::of<uint64_t>(TN_UINT64, {}, {value}); }
Array host(double value) { return Array::scalar(TN_FLOAT64, value); }

constexpr uint64_t kKey = 0x0123456789ABCDEF, kCounter = 0xFFFFFFFFFFFFFFF0;

// Word i of the stream, from the definition.
uint32_t stream_word(int64_t i) {
  const uint64_t low = kCounter + static_cast<uint64_t>(i / 4);
  const uint32_t carry = low < kCounter ? 1 : 0;
  const PhiloxBlock block =
      philox({{static_cast<uint32_t>(low), static_cast<uint32_t>(low >> 32), carry, 0}},
             static_cast<uint32_t>(kKey), static_cast<uint32_t>(kKey >> 32));
  return block.words[i % 4];
}

double uniform24(int64_t i) { return (stream_word(i) >> 8) * 0x1.0p-24; }
double uniform53(int64_t i) {
  const uint64_t bits = uint64_t{stream_word(2 * i + 1)} << 32 | stream_word(2 * i);
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

TEST(Philox, KnownAnswersOfRandom123) {
  const auto expect = [](PhiloxBlock counter, uint32_t key0, uint32_t key1, PhiloxBlock answer) {
    const PhiloxBlock block = philox(counter, key0, key1);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(block.words[i], answer.words[i]) << i;
  };
  const uint32_t ones = 0xFFFFFFFF;
  expect({{0, 0, 0, 0}}, 0, 0, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}});
  expect({{ones, ones, ones, ones}}, ones, ones,
         {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}});
  expect({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0,
         {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});
}

double uniform_of(int64_t i, int bits) {
  return std::ldexp(static_cast<double>(stream_word(i) >> (32 - bits)), -bits);
}

TEST(RandomUniform, MapsCounterToElements) {
  for (const Dims& dims : {Dims{}, Dims{7}, Dims{3, 5, 70}, Dims{1000}}) {
    Array narrow(TN_FLOAT32, dims), wide(TN_FLOAT64, dims), half(TN_FLOAT16, dims);
    Array brain(TN_BFLOAT16, dims);
    for (int64_t i = 0; i < narrow.count(); ++i) {
      narrow.set(i, -1 + 3 * uniform24(i));
      half.set(i, static_cast<float>(-1 + 3 * uniform_of(i, 10)));
      brain.set(i, static_cast<float>(-1 + 3 * uniform_of(i, 7)));
      wide.set(i, -1 + 3 * uniform53(i));
    }
    for (const Array& y : {narrow, wide, half, brain}) {
      random("RandomUniform").expect({word(kKey), word(kCounter), host(-1), host(2)}, {y});
    }
  }
}

TEST(RandomUniform, NeverRoundsToItsEnd) {
  for (const tn_dtype dtype : {TN_FLOAT16, TN_BFLOAT16, TN_FLOAT32}) {
    std::vector<Array> out{Array(dtype, {100000})};
    for (const double low : {0., 1.}) {
      random("RandomUniform").run({word(1), word(2), host(low), host(low + 1)}, out, 2);
      double greatest = 0;
      for (int64_t i = 0; i < out[0].count(); ++i) greatest = std::max(greatest, out[0].get(i));
      EXPECT_LT(greatest, low + 1) << dtype;
    }
  }
}

TEST(RandomNormal, IsBoxMuller) {
  const Dims dims{3, 333};
  Array narrow(TN_FLOAT32, dims), wide(TN_FLOAT64, dims);
  for (int64_t i = 0; i < narrow.count(); ++i) {
    const auto set = [&](Array& y, double u1, double u2) {
      const double radius = std::sqrt(-2 * std::log(u1)), angle = 2 * M_PI * u2;
      y.set(i, 1 + 2 * radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle)));
    };
    const int64_t first = i / 2 * 2;
    set(narrow, (stream_word(first) >> 8 | 1) * 0x1.0p-24, uniform24(first + 1));
    const uint64_t bits = uint64_t{stream_word(2 * first + 1)} << 32 | stream_word(2 * first);
    set(wide, static_cast<double>(bits >> 11 | 1) * 0x1.0p-53, uniform53(first + 1));
  }
  random("RandomNormal").expect_near({word(kKey), word(kCounter), host(1), host(2)}, {narrow});
  random("RandomNormal").expect_near({word(kKey), word(kCounter), host(1), host(2)}, {wide});
}

TEST(RandomNormal, HasItsMoments) {
  const int64_t n = 200000;
  std::vector<Array> out{Array(TN_FLOAT32, {n})};
  random("RandomNormal").run({word(1), word(2), host(3), host(0.5)}, out, 2);
  double mean = 0, square = 0;
  for (int64_t i = 0; i < n; ++i) mean += out[0].get(i) / n;
  for (int64_t i = 0; i < n; ++i) square += std::pow(out[0].get(i) - mean, 2) / n;
  EXPECT_NEAR(mean, 3, 0.01);
  EXPECT_NEAR(square, 0.25, 0.005);
}

TEST(Dropout, KeepsWhatTheUniformNumbersSay) {
  for (const tn_dtype dtype : {TN_FLOAT32, TN_FLOAT64, TN_FLOAT16, TN_BFLOAT16}) {
    for (const double p : {0.0, 0.25, 0.9, 1.0}) {
      const Array x = Array::random(dtype, {3, 4, 77}, -1, 1, 1);
      Array y(dtype, x.dims()), mask(TN_BOOL, x.dims());
      for (int64_t i = 0; i < x.count(); ++i) {
        const bool kept = uniform24(i) >= p;
        mask.set(i, kept ? 1 : 0);
        if (dtype == TN_FLOAT64) {
          y.set(i, kept ? x.get(i) / (1 - p) : 0);
        } else {
          y.set(i, kept ? static_cast<float>(x.get(i)) / static_cast<float>(1 - p) : 0);
        }
      }
      random("Dropout").expect({x, host(p), word(kKey), word(kCounter)}, {y, mask});
    }
  }
}

}  // namespace
}  // namespace tenon::cpu::testing
