// SPDX-License-Identifier: Apache-2.0
//
// What programs do over and over makes no kernels after the first time.
#include <cmath>

#include "fixture.h"
#include "reference_impl/cpu/tests/granted.h"

namespace tenon::runtime {
namespace {

using SteadyStateTest = DeviceTest;
TENON_IN_ALL_MEMORY_MODES(SteadyStateTest);

TEST_P(SteadyStateTest, AHundredOptimizerStepsWithChangingRatesMakeOneKernel) {
  constexpr size_t kCount = 10;
  Tensor param(device_, {kCount}, counting(kCount)), grad(device_, {kCount}, counting(kCount, 1));
  Tensor m(device_, {kCount}, std::vector<float>(kCount)),
      v(device_, {kCount}, std::vector<float>(kCount));
  static const Operation kStep("tenon.AdamW");
  std::vector<double> p(kCount), em(kCount), ev(kCount);
  for (size_t i = 0; i < kCount; ++i) p[i] = static_cast<double>(i);
  uint64_t creates = 0;
  for (int step = 1; step <= 100; ++step) {
    const double lr = 0.1 / step, beta1 = 0.9, beta2 = 0.999, decay = 0.01, eps = 1e-8, t = step;
    run(kStep,
        {param.argument(), grad.argument(), m.argument(), v.argument(), Argument::absent(),
         host_double(lr), host_double(beta1), host_double(beta2), host_double(decay),
         host_double(eps), host_double(t)},
        {param.argument(), m.argument(), v.argument(), Argument::absent()});
    for (size_t i = 0; i < kCount; ++i) {
      const double g = static_cast<double>(i) + 1;
      p[i] *= 1 - lr * decay;
      em[i] += (g - em[i]) * (1 - beta1);
      ev[i] = beta2 * ev[i] + (1 - beta2) * g * g;
      p[i] -= lr / (1 - std::pow(beta1, t)) * em[i] /
              (std::sqrt(ev[i]) / std::sqrt(1 - std::pow(beta2, t)) + eps);
    }
    if (step == 1) creates = device_.kernel_statistics().creates;
  }
  EXPECT_EQ(creates, 1u);
  EXPECT_EQ(device_.kernel_statistics().creates, creates);
  EXPECT_EQ(device_.kernel_statistics().hits, 99u);
  const std::vector<float> result = param.read();
  // Each step may be off by what the contract grants one.
  const cpu::testing::Granted granted("tenon", "AdamW", TN_FLOAT32);
  for (size_t i = 0; i < kCount; ++i)
    EXPECT_LE(std::abs(result[i] - p[i]), 100 * granted.at(p[i], std::abs(p[i]) + 1)) << i;
}

// A key/value cache that grows by one row a step.
TEST_P(SteadyStateTest, TwoHundredLengthsOfACacheMakeTwoKernels) {
  constexpr int64_t kWidth = 8, kLengths = 200;
  Tensor keys(device_, {kLengths, kWidth}, std::vector<float>(kLengths * kWidth, 1));
  Tensor query(device_, {1, kWidth}, std::vector<float>(kWidth, 1));
  Tensor scores(device_, TN_FLOAT32, {1, kLengths});
  static const Operation kMatMul("MatMul");
  static const Operation kSoftmax("Softmax");
  const cpu::testing::Granted granted("", "Softmax", TN_FLOAT32);
  uint64_t creates = 0;
  for (int64_t length = 1; length <= kLengths; ++length) {
    const Dims dims{1, length}, key_dims{kWidth, length}, dense{length, 1};
    const Dims transposed{1, kWidth};
    const Argument row = Argument::device(scores.data(), TN_FLOAT32, dims, dense.data());
    run(kMatMul, {query.argument(), keys.view(key_dims, transposed)}, {row});
    run(kSoftmax, {row}, {row});
    if (length == 1) creates = device_.kernel_statistics().creates;
    const std::vector<float> result = scores.read();
    const double last = result[static_cast<size_t>(length) - 1],
                 even = 1.0 / static_cast<double>(length);
    EXPECT_LE(std::abs(last - even), granted.at(even, even));
  }
  EXPECT_EQ(device_.kernel_statistics().creates, creates);
  EXPECT_GE(device_.kernel_statistics().hits, 2u * (kLengths - 1));
}

}  // namespace
}  // namespace tenon::runtime
