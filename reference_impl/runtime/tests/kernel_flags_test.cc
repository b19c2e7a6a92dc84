// SPDX-License-Identifier: Apache-2.0
//
// What a context says of all its kernels reaches them, on whatever thread they run. TENON_SPECS:
// the devices, all of which can take subnormal numbers for 0.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include "fixture.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tenon::runtime {
namespace {

constexpr float kSubnormal = 1e-38f;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The calling thread as a framework may have set it.
class ThreadSetting {
 public:
#if defined(__x86_64__)
  explicit ThreadSetting(bool flush) : before_(_mm_getcsr()) {
    _mm_setcsr(flush ? before_ | 0x8040u : before_ & ~0x8040u);
  }
  ~ThreadSetting() { _mm_setcsr(before_); }

 private:
  const unsigned before_;
#else
  explicit ThreadSetting(bool) {}
#endif
};

class KernelFlagsTest : public testing::TestWithParam<const char*> {
 protected:
  // Each input holds its value everywhere.
  std::vector<float> run(const char* name, Dims dims, std::vector<float> values, uint32_t flags,
                         bool thread_flushes) {
    const ThreadSetting thread(thread_flushes);
    const auto context = Context::create({GetParam()}, flags);
    ManagedDevice& device = context->device(0);
    device.set_fallback_policy(FallbackPolicy::kError);
    int64_t count = 1;
    for (const int64_t dim : dims) count *= dim;
    std::list<Tensor> tensors;
    std::vector<Argument> inputs;
    for (const float value : values) {
      tensors.emplace_back(device, dims, std::vector<float>(static_cast<size_t>(count), value));
      inputs.push_back(tensors.back().argument());
    }
    Tensor output(device, TN_FLOAT32, dims);
    const Argument outputs[] = {output.argument()};
    device.run(Operation(name), inputs, outputs, device.default_stream());
    return output.read();
  }

  void expect(const char* name, const Dims& dims, const std::vector<float>& values, float kept,
              float flushed) {
    for (const uint32_t flags : {0u, uint32_t{TN_KERNEL_FLUSH_SUBNORMALS}}) {
      for (const bool thread_flushes : {false, true}) {
        const std::vector<float> result = run(name, dims, values, flags, thread_flushes);
        const float expected = flags != 0 ? flushed : kept;
        for (const float value : result) {
          // Compared as bits where they matter: -0 is not 0.
          const bool same = value == expected && std::signbit(value) == std::signbit(expected);
          if (!same && std::fabs(value - expected) > 1e-3f * std::fabs(expected)) {
            ADD_FAILURE() << name << " gives " << value << ", not " << expected << ", with flags "
                          << flags << " on a thread that "
                          << (thread_flushes ? "flushes" : "keeps");
            break;
          }
          if (!same && expected == 0) {
            ADD_FAILURE() << name << " gives " << value << ", not " << expected;
            break;
          }
        }
      }
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Devices, KernelFlagsTest, testing::Values(TENON_SPECS),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace_if(
                               name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

// So large that the threads of a pool take part.
const Dims kLarge = {1 << 20};
const Dims kSmall = {3};

TEST_P(KernelFlagsTest, SubnormalNumbersInArithmetic) {
  for (const Dims& dims : {kSmall, kLarge}) {
    expect("Add", dims, {kSubnormal, 0}, kSubnormal, 0);
    expect("Mul", dims, {2 * kSubnormal, 0.5f}, kSubnormal, 0);
    expect("Mul", dims, {-kSubnormal, 1}, -kSubnormal, -0.0f);
    expect("Div", dims, {1, kSubnormal}, 1e38f, kInfinity);
    expect("tenon.DivNoNan", dims, {1, kSubnormal}, 1e38f, 0);
  }
}

TEST_P(KernelFlagsTest, SubnormalNumbersInFunctions) {
  expect("Reciprocal", kSmall, {kSubnormal}, 1e38f, kInfinity);
  expect("Sqrt", kSmall, {kSubnormal}, 1e-19f, 0);
  expect("tenon.Rsqrt", kSmall, {kSubnormal}, 1e19f, kInfinity);
  expect("Log", kSmall, {kSubnormal}, -87.498234f, -kInfinity);
  expect("tenon.Atan2", kSmall, {kSubnormal, kSubnormal}, 0.7853982f, 0);
  expect("Pow", kSmall, {kSubnormal, -1}, 1e38f, kInfinity);
  expect("Pow", kSmall, {kSubnormal, 0.5f}, 1e-19f, 0);
  expect("Sin", kSmall, {kSubnormal}, kSubnormal, 0);
  expect("Sign", kSmall, {kSubnormal}, 1, 0);
  expect("tenon.SqrtGrad", kSmall, {1, kSubnormal}, 5e37f, kInfinity);
}

// What moves numbers is no arithmetic.
TEST_P(KernelFlagsTest, SubnormalNumbersAreMoved) {
  expect("Identity", kLarge, {kSubnormal}, kSubnormal, kSubnormal);
  expect("Neg", kSmall, {kSubnormal}, -kSubnormal, -kSubnormal);
}

TEST_P(KernelFlagsTest, SubnormalNumbersInProducts) {
  // A row times a column is 256 times 2^-134, which is normal: where terms are flushed, 0.
  expect("MatMul", {256, 256}, {0x1p-67f, 0x1p-67f}, 0x1p-126f, 0);
  expect("MatMul", {256, 256}, {kSubnormal, 1}, 256 * kSubnormal, 0);
}

TEST_P(KernelFlagsTest, BadDataFailsWhereItIsChecked) {
  const auto context = Context::create({GetParam()}, TN_KERNEL_CHECK_DATA);
  ManagedDevice& device = context->device(0);
  device.set_fallback_policy(FallbackPolicy::kError);
  Tensor data(device, {4}, counting(4)), y(device, TN_FLOAT32, {2});
  Tensor at(device, TN_INT64, {2});
  const int64_t wrong[] = {1, 7};
  device.copy_to_device(at.data(), wrong, sizeof(wrong), device.default_stream());
  const Argument inputs[] = {data.argument(), at.argument()}, outputs[] = {y.argument()};
  device.run(Operation("Gather"), inputs, outputs, device.default_stream());
  EXPECT_THROW(device.default_stream().synchronize(), Error);
}

}  // namespace
}  // namespace tenon::runtime
