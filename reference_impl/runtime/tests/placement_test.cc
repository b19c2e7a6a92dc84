// SPDX-License-Identifier: Apache-2.0
//
// A device that has little and insists on much (picky_plugin.cc): what the runtime does to run
// everything on it, and how it says so.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "fixture.h"

namespace tenon::runtime {
namespace {

class PlacementTest : public testing::TestWithParam<const char*> {
 protected:
  PlacementTest() : context_(Context::create({GetParam()})), device_(context_->device(0)) {
    device_.set_fallback_policy(FallbackPolicy::kAllow);
  }

  void run(const Operation& operation, std::vector<Argument> inputs,
           std::vector<Argument> outputs) {
    device_.run(operation, inputs, outputs, device_.default_stream());
  }
  OperatorCount count(const std::string& name) {
    for (const OperatorCount& row : device_.operator_counts()) {
      if (row.name == name) return row;
    }
    return {};
  }

  std::unique_ptr<Context> context_;
  ManagedDevice& device_;
};

constexpr char kApart[] = PICKY_PLUGIN;
constexpr char kCoherent[] = PICKY_PLUGIN "?memory=coherent";
INSTANTIATE_TEST_SUITE_P(Memory, PlacementTest, testing::Values(kApart, kCoherent),
                         [](const auto& info) {
                           return std::string(info.index == 0 ? "apart" : "coherent");
                         });

TEST_P(PlacementTest, MemoryWithoutAddressesGetsSome) {
  Tensor a(device_, {4}, counting(4));
  EXPECT_EQ(device_.coherent(), GetParam() == kCoherent);
  EXPECT_EQ(reinterpret_cast<uint64_t>(a.data()) % 64, 0u);
  EXPECT_EQ(device_.resolve(static_cast<char*>(a.data()) + 5).offset,
            device_.resolve(a.data()).offset + 5);
  EXPECT_EQ(a.read(), counting(4));
  void* pinned = device_.allocate_pinned(100);  // It has none: ordinary memory does.
  EXPECT_NE(pinned, nullptr);
  device_.deallocate_pinned(pinned);
  EXPECT_THROW(device_.adopt_host(&device_, 8), Error);
}

TEST_P(PlacementTest, RequirementsAreMetStepByStep) {
  Tensor a(device_, {2, 3}, counting(6)), b(device_, {3, 2}, {10, 20, 30, 40, 50, 60});
  Tensor c(device_, TN_FLOAT32, {3, 2});
  static const Operation kAdd("Add");
  run(kAdd, {b.argument(), b.argument()}, {c.argument()});  // Static dims and strides.
  EXPECT_EQ(c.read(), (std::vector<float>{20, 40, 60, 80, 100, 120}));
  EXPECT_EQ(count("Add").copies, 0u);
  run(kAdd, {a.view({3, 2}, {1, 3}), b.argument()}, {c.argument()});  // Dense.
  EXPECT_EQ(c.read(), (std::vector<float>{10, 23, 31, 44, 52, 65}));
  EXPECT_EQ(count("Add").copies, 1u);
  run(kAdd, {b.argument(), b.argument()}, {a.view({3, 2}, {1, 3})});  // A strided output.
  EXPECT_EQ(a.read(), (std::vector<float>{20, 60, 100, 40, 80, 120}));
  EXPECT_EQ(count("Add").copies, 2u);
  run(kAdd, {b.argument(), c.argument()}, {b.argument()});  // No in-place.
  EXPECT_EQ(b.read(), (std::vector<float>{20, 43, 61, 84, 102, 125}));
  EXPECT_EQ(count("Add").copies, 3u);
  const Argument transposed = a.view({3, 2}, {1, 3});
  run(kAdd, {transposed, c.argument()}, {transposed});  // Neither.
  EXPECT_EQ(a.read(), (std::vector<float>{30, 91, 152, 63, 124, 185}));
  EXPECT_EQ(count("Add").device, 5u);
  EXPECT_EQ(count("Add").fallback, 0u);
}

// What the host's framework promises of an operator is never left out silently.
TEST_P(PlacementTest, AFlagThatTheDeviceRefusesIsKeptElsewhere) {
  const auto context = Context::create({GetParam()}, TN_KERNEL_CHECK_DATA);
  ManagedDevice& device = context->device(0);
  device.set_fallback_policy(FallbackPolicy::kAllow);
  Tensor a(device, {4}, counting(4)), c(device, TN_FLOAT32, {4});
  const Argument inputs[] = {a.argument(), a.argument()}, outputs[] = {c.argument()};
  static const Operation kAdd("Add"), kMul("Mul");
  EXPECT_EQ(device.run(kAdd, inputs, outputs, device.default_stream()), Ran::kDevice);
  EXPECT_EQ(device.run(kMul, inputs, outputs, device.default_stream()), Ran::kFallback);
  EXPECT_EQ(c.read(), (std::vector<float>{0, 1, 4, 9}));
  device.set_fallback_policy(FallbackPolicy::kError);
  try {
    device.run(kMul, inputs, outputs, device.default_stream());
    ADD_FAILURE() << "it runs";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), TN_UNSUPPORTED);
    EXPECT_NE(std::string(error.what()).find("Mul"), std::string::npos);
  }
}

TEST_P(PlacementTest, StaticKernelsAreKeptByTheirDims) {
  static const Operation kAdd("Add");
  for (int round = 0; round < 3; ++round) {
    for (int64_t n = 1; n <= 5; ++n) {
      Tensor a(device_, {n}, counting(static_cast<size_t>(n))), c(device_, TN_FLOAT32, {n});
      run(kAdd, {a.argument(), a.argument()}, {c.argument()});
      EXPECT_EQ(c.read().back(), static_cast<float>(2 * (n - 1)));
    }
  }
  EXPECT_EQ(device_.kernel_statistics().creates, 5u);
}

TEST_P(PlacementTest, BodiesRunOnTheDevice) {
  Tensor a(device_, {4}, counting(4)), b(device_, {4}, counting(4, 1));
  Tensor c(device_, TN_FLOAT32, {4});
  const float alpha = 10;
  static const Operation kAddScaled("tenon.AddScaled");
  run(kAddScaled, {a.argument(), b.argument(), host_float(alpha)}, {c.argument()});
  EXPECT_EQ(c.read(), (std::vector<float>{10, 21, 32, 43}));
  EXPECT_EQ(count("tenon.AddScaled").decomposed, 1u);
  EXPECT_EQ(count("Mul").device, 1u);
  EXPECT_EQ(count("Add").device, 1u);
  run(kAddScaled, {a.argument(), b.argument(), host_float(alpha)}, {b.argument()});
  EXPECT_EQ(b.read(), (std::vector<float>{10, 21, 32, 43}));
  static const Operation kAddCMul("tenon.AddCMul");
  run(kAddCMul, {a.argument(), a.argument(), a.argument(), host_float(alpha)}, {a.argument()});
  EXPECT_EQ(a.read(), (std::vector<float>{0, 11, 42, 93}));
  EXPECT_EQ(count("tenon.AddCMul").fallback, 0u);
  const Argument inputs[] = {a.argument(), b.argument(), host_float(alpha)};
  const Argument output = c.argument();
  EXPECT_FALSE(device_.supports(kAddScaled, inputs, {&output, 1}));  // Not by itself.
}

// 16-bit floats would be rounded between product and sum, but a plain product is the device's own.
TEST_P(PlacementTest, PlainProductsOf16BitFloatsRunOnTheDevice) {
  static const Operation kScaledGemm("tenon.ScaledGemm");
  Tensor a(device_, TN_BFLOAT16, {1, 2}), b(device_, TN_BFLOAT16, {2, 1});
  Tensor y(device_, TN_BFLOAT16, {1, 1});
  const uint16_t two_three[] = {0x4000, 0x4040};
  Stream& stream = device_.default_stream();
  device_.copy_to_device(a.data(), two_three, sizeof(two_three), stream);
  device_.copy_to_device(b.data(), two_three, sizeof(two_three), stream);
  const auto result = [&] {
    uint16_t bits = 0;
    device_.copy_to_host(&bits, y.data(), sizeof(bits), stream);
    stream.synchronize();
    return bits;
  };
  run(kScaledGemm, {a.argument(), b.argument()}, {y.argument()});
  EXPECT_EQ(result(), 0x4150);  // 13
  EXPECT_EQ(count("MatMul").device, 1u);
  EXPECT_EQ(count("tenon.ScaledGemm").fallback, 0u);
  run(kScaledGemm, {a.argument(), b.argument(), y.argument()}, {y.argument()});
  EXPECT_EQ(result(), 0x41D0);  // 26
  EXPECT_EQ(count("tenon.ScaledGemm").fallback, 1u);
}

TEST_P(PlacementTest, ScaledProductsRunAsProducts) {
  static const Operation kScaledGemm("tenon.ScaledGemm");
  Tensor a(device_, {2, 3}, counting(6)), b(device_, {3, 2}, {1, 0, 0, 1, 1, 1});
  Tensor c(device_, {2, 2}, {100, 200, 300, 400}), y(device_, TN_FLOAT32, {2, 2});
  const std::vector<float> product{2, 3, 8, 9};

  run(kScaledGemm, {a.argument(), b.argument()}, {y.argument()});
  EXPECT_EQ(y.read(), product);
  EXPECT_EQ(count("MatMul").device, 1u);
  EXPECT_EQ(count("Mul").device + count("Add").device, 0u);  // 1 * A @ B needs no more.

  const float alpha = 10, beta = 0.5, zero = 0;
  run(kScaledGemm, {a.argument(), b.argument(), Argument::absent(), host_float(alpha)},
      {y.argument()});
  EXPECT_EQ(y.read(), (std::vector<float>{20, 30, 80, 90}));
  run(kScaledGemm, {a.argument(), b.argument(), c.argument(), host_float(alpha), host_float(beta)},
      {y.argument()});
  EXPECT_EQ(y.read(), (std::vector<float>{70, 130, 230, 290}));
  run(kScaledGemm, {a.argument(), b.argument(), c.argument()}, {c.argument()});  // In place.
  EXPECT_EQ(c.read(), (std::vector<float>{102, 203, 308, 409}));

  // beta 0 ignores what C holds.
  Tensor nan(device_, {2, 2}, std::vector<float>(4, NAN));
  run(kScaledGemm,
      {a.argument(), b.argument(), nan.argument(), Argument::absent(), host_float(zero)},
      {y.argument()});
  EXPECT_EQ(y.read(), product);
  EXPECT_EQ(count("tenon.ScaledGemm").decomposed, 5u);
  EXPECT_EQ(count("tenon.ScaledGemm").fallback, 0u);

  // Its Add does not broadcast, so nothing of this is done there.
  Tensor row(device_, {2}, {1, 2});
  const uint64_t products = count("MatMul").device;
  run(kScaledGemm, {a.argument(), b.argument(), row.argument()}, {y.argument()});
  EXPECT_EQ(y.read(), (std::vector<float>{3, 5, 9, 11}));
  EXPECT_EQ(count("tenon.ScaledGemm").fallback, 1u);
  EXPECT_EQ(count("MatMul").device, products);
}

TEST_P(PlacementTest, StepsOfAFusedProductRunOneByOne) {
  using Words = std::vector<std::string>;
  const auto fused = [](Words words, std::vector<float> parameters = {}) {
    return Operation("tenon.FusedMatMul",
                     {{"steps", std::move(words)}, {"step_parameters", std::move(parameters)}});
  };
  Tensor a(device_, {2, 3}, counting(6)), b(device_, {3, 2}, {1, 0, 0, 1, 1, 1});
  Tensor c(device_, {2, 2}, {1, 2, 3, -4}), y(device_, TN_FLOAT32, {2, 2});
  const auto run_with = [&](const Operation& operation, const Tensor& to) {
    run(operation, {a.argument(), b.argument(), c.argument(), c.argument()}, {to.argument()});
  };
  run_with(fused({"Add", "Mul"}), y);
  EXPECT_EQ(y.read(), (std::vector<float>{3, 10, 33, -20}));
  EXPECT_EQ(count("tenon.FusedMatMul").decomposed, 1u);
  EXPECT_EQ(count("MatMul").device, 1u);
  EXPECT_EQ(count("Add").device + count("Mul").device, 2u);
  EXPECT_EQ(count("tenon.FusedMatMul").fallback, 0u);
  // Clip is not there, so nothing of this is done there.
  run_with(fused({"Add", "Clip", "Mul"}, {-1, 8}), y);
  EXPECT_EQ(y.read(), (std::vector<float>{3, 10, 24, -20}));
  EXPECT_EQ(count("tenon.FusedMatMul").fallback, 1u);
  EXPECT_EQ(count("MatMul").device, 1u);
  run_with(fused({"Add", "Mul"}), c);  // In place of an operand.
  EXPECT_EQ(c.read(), (std::vector<float>{3, 10, 33, -20}));

  const auto complaint = [&](const Operation& operation) -> std::string {
    try {
      run_with(operation, y);
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), TN_INVALID_ARGUMENT);
      return error.what();
    }
    return "none";
  };
  const auto expect = [&](const Operation& operation, const char* part) {
    EXPECT_NE(complaint(operation).find(part), std::string::npos) << complaint(operation);
  };
  expect(fused({}), "at least one step");
  expect(fused({"Add", "Plus"}), "step 2, 'Plus', is not among");
  expect(fused({"Add", "Mul", "Clip"}, {1}),
         "step 3, 'Clip', takes 2 of step_parameters (min, max); 1 are left");
  expect(fused({"Add", "Mul", "Relu"}, {1}), "last step, 'Relu', 1 of step_parameters are left");
  expect(fused({"Add", "Mul", "Sub"}), "step 3, 'Sub', takes an operand");
  expect(fused({"Add"}), "last step, 'Add', 1 operands are left");
}

// Half a body on the device and half elsewhere would be two copies for one.
TEST_P(PlacementTest, ABodyThatTheDeviceLacksFallsBackAsAWhole) {
  Tensor a(device_, {4}, counting(4)), b(device_, {4}, counting(4, 2));
  Tensor c(device_, TN_FLOAT32, {4});
  run(Operation("tenon.SquaredDifference"), {a.argument(), b.argument()}, {c.argument()});
  EXPECT_EQ(c.read(), (std::vector<float>{4, 4, 4, 4}));
  EXPECT_EQ(count("tenon.SquaredDifference").fallback, 1u);
  EXPECT_EQ(count("tenon.SquaredDifference").decomposed, 0u);
  EXPECT_EQ(count("Mul").device, 0u);
}

TEST_P(PlacementTest, FallbackTakesStridesHostValuesAndInPlace) {
  Tensor a(device_, {2, 3}, counting(6, -2)), c(device_, TN_FLOAT32, {3, 2});
  run(Operation("Relu"), {a.view({3, 2}, {1, 3})}, {c.argument()});
  EXPECT_EQ(c.read(), (std::vector<float>{0, 1, 0, 2, 0, 3}));
  run(Operation("Neg"), {c.argument()}, {a.view({3, 2}, {1, 3})});
  EXPECT_EQ(a.read(), (std::vector<float>{0, 0, 0, -1, -2, -3}));
  // The gaps of a strided output stay.
  Tensor gaps(device_, {6}, counting(6)), ones(device_, {3}, {1, 1, 1});
  run(Operation("Neg"), {ones.argument()}, {gaps.view({3}, {2})});
  EXPECT_EQ(gaps.read(), (std::vector<float>{-1, 1, -1, 3, -1, 5}));
  // In place, which the optimizer insists on. Powers of two, so that every step is exact.
  Tensor p(device_, {2}, {1, 2}), g(device_, {2}, {0.5, -1}), m(device_, {2}, {0, 0});
  Tensor v(device_, {2}, {0, 0});
  const double lr = 0.25, beta1 = 0.5, beta2 = 0.75, decay = 0, eps = 0, step = 1;
  run(Operation("tenon.AdamW"),
      {p.argument(), g.argument(), m.argument(), v.argument(), Argument::absent(), host_double(lr),
       host_double(beta1), host_double(beta2), host_double(decay), host_double(eps),
       host_double(step)},
      {p.argument(), m.argument(), v.argument(), Argument::absent()});
  EXPECT_EQ(p.read(), (std::vector<float>{0.75, 2.25}));
  EXPECT_EQ(m.read(), (std::vector<float>{0.25, -0.5}));
}

TEST_P(PlacementTest, WarnsOncePerOperator) {
  Tensor a(device_, {2}, {-1, 1});
  device_.set_fallback_policy(FallbackPolicy::kWarn);
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) run(Operation("Relu"), {a.argument()}, {a.argument()});
  run(Operation("Neg"), {a.argument()}, {a.argument()});
  const std::string text = testing::internal::GetCapturedStderr();
  const auto lines = std::count(text.begin(), text.end(), '\n');
  EXPECT_EQ(lines, 2) << text;
  EXPECT_NE(text.find("Relu (float32) -> (float32)"), std::string::npos) << text;
  EXPECT_NE(text.find("picky has no Relu"), std::string::npos) << text;
  EXPECT_EQ(count("Relu").fallback, 3u);
  device_.set_fallback_policy(FallbackPolicy::kAllow);
  testing::internal::CaptureStderr();
  run(Operation("Sqrt"), {a.argument()}, {a.argument()});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_P(PlacementTest, ForbiddenFallbackSaysEverything) {
  Tensor a(device_, {2}, {-1, 1});
  device_.set_fallback_policy(FallbackPolicy::kError);
  try {
    run(Operation("Relu"), {a.argument()}, {a.argument()});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status_class(), TN_UNSUPPORTED);
    for (const std::string part :
         {"Relu", "(float32) -> (float32)", "picky", "picky has no Relu", "TENON_FALLBACK"}) {
      EXPECT_NE(error.message().find(part), std::string::npos) << part << ": " << error.message();
    }
  }
  EXPECT_EQ(count("Relu").fallback, 0u);
  EXPECT_EQ(a.read(), (std::vector<float>{-1, 1}));
  run(Operation("Add"), {a.argument(), a.argument()}, {a.argument()});  // Its own still run.
  EXPECT_EQ(a.read(), (std::vector<float>{-2, 2}));
}

TEST_P(PlacementTest, AnotherRevisionOfTheContractIsAnotherOperator) {
  Tensor a(device_, {2}, {0, 0}), b(device_, {2}, {1, 2}), c(device_, TN_FLOAT32, {2});
  const Operation atan2("tenon.Atan2");
  run(atan2, {a.argument(), b.argument()}, {c.argument()});
  EXPECT_EQ(count("tenon.Atan2").fallback, 1u);
  EXPECT_EQ(c.read(), (std::vector<float>{0, 0}));  // Picky's would not be.
  device_.set_fallback_policy(FallbackPolicy::kError);
  try {
    run(atan2, {a.argument(), b.argument()}, {c.argument()});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("revision 77"), std::string::npos) << error.message();
    EXPECT_NE(error.message().find("revision 1"), std::string::npos) << error.message();
  }
}

TEST_P(PlacementTest, ThreadsFallBackAtOnce) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::unique_ptr<Stream> own = device_.create_stream();
      for (int i = 0; i < 50; ++i) {
        const float value = static_cast<float>(-t * 100 - i);
        Tensor a(device_, TN_FLOAT32, {16}, own.get());
        device_.fill(a.data(), a.bytes(), &value, sizeof(value), *own);
        const Argument argument = a.argument();
        device_.run(Operation("Neg"), {&argument, 1}, {&argument, 1}, *own);
        float result = 0;
        device_.copy_to_host(&result, a.data(), sizeof(result), *own);
        own->synchronize();
        wrong += result != -value;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace tenon::runtime
