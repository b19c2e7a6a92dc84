// SPDX-License-Identifier: Apache-2.0
//
// The profile `random`: that the numbers are the contract's, value by value, is a case of each
// operator; here is whether they are random, and whether tensors fit together. Bounds are six
// standard deviations of what they bound: a right device never fails, since its numbers are always
// the same.
#include <cmath>

#include "profiles/profile_test.h"

namespace tenon::conformance {
namespace {

constexpr int64_t kCount = 1 << 16;
constexpr Real kDeviations = 6;
constexpr uint64_t kKeys[] = {0, 1, UINT64_C(0x0123456789abcdef)};

Given scalar(uint64_t value) { return on_host(TN_UINT64, static_cast<Real>(value)); }

HostTensor uniform(ProfileTest& test, uint64_t key, uint64_t counter, int64_t count = kCount,
                   Real low = 0, Real high = 1) {
  return test.run_one(
      "tenon.RandomUniform",
      {scalar(key), scalar(counter), on_host(TN_FLOAT64, low), on_host(TN_FLOAT64, high)},
      test.type, {count});
}

HostTensor normal(ProfileTest& test, uint64_t key, uint64_t counter, int64_t count = kCount) {
  return test.run_one(
      "tenon.RandomNormal",
      {scalar(key), scalar(counter), on_host(TN_FLOAT64, 0), on_host(TN_FLOAT64, 1)}, test.type,
      {count});
}

Real mean_of_power(const HostTensor& x, Real center, int power) {
  Real sum = 0;
  for (const Real value : x.values) sum += std::pow(value - center, power);
  return sum / static_cast<Real>(x.values.size());
}

// `deviation`: of one term.
void expect_mean(const char* what, Real seen, Real expected, Real deviation) {
  EXPECT_NEAR(static_cast<double>(seen), static_cast<double>(expected),
              static_cast<double>(kDeviations * deviation / std::sqrt(Real(kCount))))
      << what;
}

// The steps of the type's uniform numbers: 2^-bits.
int bits_of(tn_dtype type) {
  return type == TN_FLOAT64 ? 53 : type == TN_FLOAT16 ? 10 : type == TN_BFLOAT16 ? 7 : 24;
}

void uniform_moments(ProfileTest& test) {
  // Numbers are the lower ends of their steps.
  const Real step = std::ldexp(Real{1}, -bits_of(test.type)), middle = 0.5L - step / 2;
  for (const uint64_t key : kKeys) {
    const HostTensor x = uniform(test, key, 5);
    expect_mean("mean", mean_of_power(x, middle, 1), 0, std::sqrt(Real{1} / 12));
    expect_mean("variance", mean_of_power(x, middle, 2), (1 - step * step) / 12,
                std::sqrt(Real{1} / 180));
    expect_mean("third moment", mean_of_power(x, middle, 3), 0, std::sqrt(Real{1} / 448));
    for (const Real value : x.values) {
      if (!(value >= 0 && value < 1)) FAIL() << "not in [0, 1): " << static_cast<double>(value);
    }
  }
  for (const Real value : uniform(test, 3, 0, kCount, -2, 3).values) {
    if (!(value >= -2 && value < 3)) FAIL() << "not in [-2, 3): " << static_cast<double>(value);
  }
}

void normal_moments(ProfileTest& test) {
  // What rounding to 8 or 11 bits adds to a variance is far below what is allowed.
  for (const uint64_t key : kKeys) {
    const HostTensor x = normal(test, key, 5);
    expect_mean("mean", mean_of_power(x, 0, 1), 0, 1);
    expect_mean("variance", mean_of_power(x, 0, 2), 1, std::sqrt(Real{2}));
    expect_mean("third moment", mean_of_power(x, 0, 3), 0, std::sqrt(Real{15}));
    expect_mean("fourth moment", mean_of_power(x, 0, 4), 3, std::sqrt(Real{96}));
    size_t far = 0;
    for (const Real value : x.values) far += std::fabs(value) > 3;
    EXPECT_NEAR(static_cast<double>(far), 0.0026998 * kCount, 6 * std::sqrt(0.0027 * kCount))
        << "beyond three standard deviations";
  }
}

// Of numbers in [0, 1).
size_t bin_of(Real value, size_t bins) { return static_cast<size_t>(value * Real(bins)); }

void expect_even(const char* what, const std::vector<size_t>& counts) {
  size_t total = 0;
  for (const size_t count : counts) total += count;
  const double expected = static_cast<double>(total) / static_cast<double>(counts.size());
  double chi = 0;
  for (const size_t count : counts) {
    const double off = static_cast<double>(count) - expected;
    chi += off * off / expected;
  }
  const auto freedom = static_cast<double>(counts.size() - 1);
  EXPECT_LT(chi, freedom + 6 * std::sqrt(2 * freedom)) << what;
  EXPECT_GT(chi, freedom - 6 * std::sqrt(2 * freedom)) << what << ": too even to be random";
}

Real correlation(const HostTensor& a, const HostTensor& b, size_t lag) {
  const size_t count = a.values.size() - lag;
  Real sum = 0;
  for (size_t i = 0; i < count; ++i) sum += (a.values[i] - 0.5L) * (b.values[i + lag] - 0.5L);
  return sum / static_cast<Real>(count) * 12;
}

void expect_uncorrelated(const HostTensor& a, const HostTensor& b, size_t lag,
                         const std::string& what) {
  // Numbers of few bits have a mean a little below one half.
  const double bias = a.dtype == TN_BFLOAT16 ? 2e-4 : 1e-5;
  EXPECT_LT(std::fabs(static_cast<double>(correlation(a, b, lag))),
            6 / std::sqrt(double(kCount)) + bias)
      << what;
}

void independence(ProfileTest& test) {
  const HostTensor x = uniform(test, 9, 100);
  std::vector<size_t> values(128), pairs(256), neighbours(256);
  for (size_t i = 0; i < x.values.size(); ++i) {
    ++values[bin_of(x.values[i], 128)];
    if (i % 2 == 0) ++pairs[bin_of(x.values[i], 16) * 16 + bin_of(x.values[i + 1], 16)];
    if (i % 8 == 0) ++neighbours[bin_of(x.values[i], 16) * 16 + bin_of(x.values[i + 4], 16)];
  }
  expect_even("values", values);
  expect_even("pairs of neighbours", pairs);
  expect_even("pairs of neighbouring blocks", neighbours);
  for (const size_t lag : {1, 2, 3, 4, 5, 8, 64, 1024}) {
    expect_uncorrelated(x, x, lag, "elements " + std::to_string(lag) + " apart");
  }
  for (int bit = 0; bit < 64; bit += 9) {
    const uint64_t key = 9 ^ UINT64_C(1) << bit;
    expect_uncorrelated(x, uniform(test, key, 100), 0,
                        "keys that differ in bit " + std::to_string(bit));
  }
  expect_uncorrelated(x, uniform(test, 9, 100 + kCount), 0, "counters behind one another");
  expect_uncorrelated(x, uniform(test, 9, 100 | UINT64_C(1) << 40), 0, "counters far apart");
}

// Elements that one count of the counter gives.
int64_t elements_a_block(tn_dtype type) { return type == TN_FLOAT64 ? 2 : 4; }

using Draw = HostTensor (*)(ProfileTest&, uint64_t, uint64_t, int64_t);

void expect_same(const HostTensor& all, size_t from, const HostTensor& part, const char* what) {
  for (size_t i = 0; i < part.values.size(); ++i) {
    if (all.values[from + i] != part.values[i]) {
      FAIL() << what << ": element " << i << " is " << static_cast<double>(part.values[i])
             << " instead of " << static_cast<double>(all.values[from + i]);
    }
  }
}

void check_counter(ProfileTest& test, Draw draw) {
  constexpr uint64_t kBlocks = 25;
  const uint64_t before_carry = UINT64_C(0xfffffff0);  // The lower word of the counter is full.
  for (const uint64_t counter : {UINT64_C(0), UINT64_C(77), before_carry}) {
    const HostTensor all = draw(test, 7, counter, 1000);
    for (const int64_t count : {1, 3, 5, 17, 999}) {
      expect_same(all, 0, draw(test, 7, counter, count), "a shorter tensor");
    }
    const auto start = static_cast<size_t>(elements_a_block(test.type)) * kBlocks;
    expect_same(all, start, draw(test, 7, counter + kBlocks, 200), "a later counter");
  }
}

void counters(ProfileTest& test) {
  check_counter(test, [](ProfileTest& t, uint64_t key, uint64_t counter, int64_t count) {
    return uniform(t, key, counter, count);
  });
}

void dropout(ProfileTest& test) {
  constexpr Real kRates[] = {0, 0.25L, 0.5L, 1};
  for (const Real p : kRates) {
    const HostTensor x = test.random({kCount}, 3, 0.5L, 2);
    const std::vector<HostTensor> made =
        test.run("tenon.Dropout", {x, on_host(TN_FLOAT64, p), scalar(11), scalar(4)},
                 {{test.type, {kCount}}, {TN_BOOL, {kCount}}});
    const HostTensor &y = made[0], &mask = made[1];
    Real kept = 0;
    const Real allowed = std::ldexp(Real{1}, test.type == TN_BFLOAT16  ? -8
                                             : test.type == TN_FLOAT16 ? -11
                                                                       : -23);
    for (size_t i = 0; i < y.values.size(); ++i) {
      kept += mask.values[i];
      const Real expected = mask.values[i] != 0 ? x.values[i] / (1 - p) : 0;
      if (std::fabs(y.values[i] - expected) > 2 * allowed * std::fabs(expected)) {
        FAIL() << "element " << i << " with p " << static_cast<double>(p) << ": "
               << static_cast<double>(y.values[i]) << " instead of "
               << static_cast<double>(expected);
      }
    }
    expect_mean("the share that is kept", kept / kCount, 1 - p, std::sqrt(p * (1 - p)));
  }
}

// float32 has the bits by which masks are drawn.
void dropout_is_uniform(ProfileTest& test) {
  constexpr Real kRate = 0.3L;
  const HostTensor drawn = uniform(test, 11, 4);
  const HostTensor mask =
      test.run("tenon.Dropout",
               {HostTensor(test.type, {kCount}), on_host(TN_FLOAT64, kRate), scalar(11), scalar(4)},
               {{test.type, {kCount}}, {TN_BOOL, {kCount}}})[1];
  size_t other = 0;
  for (size_t i = 0; i < drawn.values.size(); ++i) {
    other += (drawn.values[i] >= static_cast<Real>(0.3)) != (mask.values[i] != 0);
  }
  EXPECT_EQ(other, 0u) << "elements whose mask is not RandomUniform(0, 1) >= p";
}

}  // namespace

void register_random_tests() {
  const auto add = [](const char* name, const char* op, ProfileTest::Body body) {
    register_profile_test("Random", kProfileFloats, name, {{op}}, body);
  };
  add("TN_random_001_uniform_moments", "tenon.RandomUniform", uniform_moments);
  add("TN_random_001_normal_moments", "tenon.RandomNormal", normal_moments);
  add("TN_random_002_uniform_independence", "tenon.RandomUniform", independence);
  add("TN_random_003_uniform_counts_blocks", "tenon.RandomUniform", counters);
  add("TN_random_004_dropout", "tenon.Dropout", dropout);
  register_profile_test("Random", {TN_FLOAT32}, "TN_random_004_dropout_is_uniform",
                        {{"tenon.RandomUniform"}, {"tenon.Dropout"}}, dropout_is_uniform);
}

}  // namespace tenon::conformance
