// SPDX-License-Identifier: Apache-2.0
//
// Calls: arguments of every kind, empty ones, chains, errors.

#include "fixture.h"

namespace tenon::runtime {
namespace {

using RunTest = DeviceTest;
TENON_IN_ALL_MEMORY_MODES(RunTest);

TEST_P(RunTest, AddsWithBroadcastAndHostScalars) {
  Tensor a(device_, {2, 3}, counting(6)), b(device_, {3}, {10, 20, 30});
  Tensor c(device_, TN_FLOAT32, {2, 3});
  run(Operation("Add"), {a.argument(), b.argument()}, {c.argument()});
  EXPECT_EQ(c.read(), (std::vector<float>{10, 21, 32, 13, 24, 35}));
  const float half = 0.5;
  run(Operation("Mul"), {a.argument(), host_float(half)}, {c.argument()});
  EXPECT_EQ(c.read(), (std::vector<float>{0, 0.5, 1, 1.5, 2, 2.5}));
}

TEST_P(RunTest, TakesViewsOfAnyStrides) {
  Tensor a(device_, {2, 3}, counting(6)), c(device_, TN_FLOAT32, {3, 2});
  static const Operation kIdentity("Identity");
  run(kIdentity, {a.view({3, 2}, {1, 3})}, {c.argument()});  // Transposed.
  EXPECT_EQ(c.read(), (std::vector<float>{0, 3, 1, 4, 2, 5}));
  run(kIdentity, {a.view({3, 2}, {-2, -1}, 5)}, {c.argument()});  // Backwards.
  EXPECT_EQ(c.read(), (std::vector<float>{5, 4, 3, 2, 1, 0}));
  run(kIdentity, {a.view({3, 2}, {0, 1}, 4)}, {c.argument()});  // Expanded.
  EXPECT_EQ(c.read(), (std::vector<float>{4, 5, 4, 5, 4, 5}));
}

TEST_P(RunTest, OneKernelServesAllShapes) {
  static const Operation kSub("Sub");
  for (int64_t n = 1; n < 40; ++n) {
    Tensor a(device_, {n, 2}, counting(static_cast<size_t>(2 * n), 5));
    Tensor c(device_, TN_FLOAT32, {n, 2});
    run(kSub, {a.argument(), a.argument()}, {c.argument()});
    EXPECT_EQ(c.read(), std::vector<float>(static_cast<size_t>(2 * n), 0));
  }
  EXPECT_EQ(device_.kernel_statistics().creates, 1u);
  EXPECT_EQ(device_.kernel_statistics().hits, 38u);
  ASSERT_EQ(device_.operator_counts().size(), 1u);
  EXPECT_EQ(device_.operator_counts()[0].name, "Sub");
  EXPECT_EQ(device_.operator_counts()[0].device, 39u);
  device_.reset_operator_counts();
  EXPECT_TRUE(device_.operator_counts().empty());
}

TEST_P(RunTest, EmptyOutputsLaunchNothing) {
  Tensor a(device_, TN_FLOAT32, {0, 3});
  run(Operation("Relu"), {a.argument()}, {a.argument()});
  EXPECT_TRUE(device_.operator_counts().empty());
  EXPECT_EQ(device_.kernel_statistics().misses, 0u);
  // But the call is checked.
  EXPECT_THROW(run(Operation("Relu"), {a.argument(), a.argument()}, {a.argument()}), Error);
}

TEST_P(RunTest, AnEmptyInputIsAnArgument) {
  Tensor a(device_, TN_FLOAT32, {0}), b(device_, {2}, {3, 4}), c(device_, TN_FLOAT32, {2});
  run(Operation("Concat", {{"axis", int64_t{0}}}), {a.argument(), b.argument()}, {c.argument()});
  EXPECT_EQ(c.read(), (std::vector<float>{3, 4}));
}

TEST_P(RunTest, VariadicOperatorsAreChained) {
  Tensor a(device_, {3}, {1, 5, 3}), b(device_, {3}, {4, 2, 3}), c(device_, {1}, {2.5});
  Tensor y(device_, TN_FLOAT32, {3});
  static const Operation kMax("Max");
  run(kMax, {a.argument(), b.argument(), c.argument()}, {y.argument()});
  EXPECT_EQ(y.read(), (std::vector<float>{4, 5, 3}));
  run(kMax, {a.argument()}, {y.argument()});
  EXPECT_EQ(y.read(), (std::vector<float>{1, 5, 3}));
  // Into an input that is read last.
  run(Operation("Min"), {a.argument(), b.argument(), c.argument(), y.argument()}, {y.argument()});
  EXPECT_EQ(y.read(), (std::vector<float>{1, 2, 2.5}));
}

TEST_P(RunTest, MistakesAreTold) {
  Tensor a(device_, {2}, {1, 2}), c(device_, TN_FLOAT32, {2});
  const Dims dims{2};
  float outside[2];
  try {
    run(Operation("Add"), {a.argument(), Argument::device(outside, TN_FLOAT32, dims)},
        {c.argument()});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), TN_OUT_OF_RANGE);
    EXPECT_EQ(error.message(), "Add: input B does not lie in an allocation of this device");
  }
  // The learning rate of an optimizer is a host value.
  EXPECT_THROW(run(Operation("CumSum"), {a.argument(), c.argument()}, {c.argument()}), Error);
  // Shapes that do not fit: the kernel's own check.
  Tensor three(device_, {3}, {1, 2, 3});
  try {
    run(Operation("Add"), {a.argument(), three.argument()}, {c.argument()});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status_class(), TN_INVALID_ARGUMENT);
    EXPECT_NE(error.message().find("Add"), std::string::npos) << error.message();
  }
}

TEST_P(RunTest, AFailureReachesTheNextWaitOnce) {
  Tensor data(device_, {3}, {1, 2, 3}), out(device_, TN_FLOAT32, {1});
  Tensor index(device_, TN_INT64, {1});
  const int64_t bad = 17;
  device_.copy_to_device(index.data(), &bad, sizeof(bad), stream());
  stream().synchronize();
  EXPECT_THROW(
      {
        run(Operation("Gather"), {data.argument(), index.argument()}, {out.argument()});
        stream().synchronize();
      },
      Error);
  stream().synchronize();
  run(Operation("Neg"), {data.argument()}, {data.argument()});
  EXPECT_EQ(data.read(), (std::vector<float>{-1, -2, -3}));
}

TEST_P(RunTest, SupportsAnswersWithoutMemory) {
  const Dims dims{2, 2};
  const Argument f32 = Argument::device(nullptr, TN_FLOAT32, dims);
  const Argument boolean = Argument::device(nullptr, TN_BOOL, dims);
  const auto supports = [&](std::string_view name, std::vector<Argument> inputs,
                            const Argument& output) {
    return device_.supports(Operation(name), inputs, {&output, 1});
  };
  EXPECT_TRUE(supports("Add", {f32, f32}, f32));
  EXPECT_TRUE(supports("Max", {f32, f32, f32}, f32));
  EXPECT_FALSE(supports("Sqrt", {boolean}, boolean));
}

TEST_P(RunTest, WhatNobodyHasIsAnErrorThatSaysWhy) {
  Tensor a(device_, TN_BOOL, {2});
  const std::vector<uint8_t> zeros(2);
  device_.copy_to_device(a.data(), zeros.data(), 2, stream());
  stream().synchronize();
  try {
    run(Operation("Sqrt"), {a.argument()}, {a.argument()});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("Sqrt"), std::string::npos) << error.message();
    EXPECT_NE(error.message().find("bool"), std::string::npos) << error.message();
  }
}

}  // namespace
}  // namespace tenon::runtime
