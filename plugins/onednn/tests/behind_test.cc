// SPDX-License-Identifier: Apache-2.0
//
// The reference device's kernels behind oneDNN's: what they serve, and that launches say so.
#include <algorithm>
#include <cmath>
#include <span>
#include <string>

#include "forms.h"
#include "reference_impl/device/served.h"
#include "static_argument.h"

namespace tenon::cpu::testing {
namespace {

struct Counts {
  uint64_t own, behind;
};

Counts counts(const std::string& name) {
  const ServedCount& count = *served_count(name);
  return {count.own, count.behind};
}

class BehindTest : public ::testing::Test {
 protected:
  void SetUp() override { stream_ = device_.stream(); }
  void TearDown() override {
    table().stream_destroy(stream_);
    for (tn_buffer* buffer : buffers_) table().buffer_destroy(buffer, nullptr);
  }

  template <class T>
  Tensor tensor(const std::vector<T>& values, std::vector<int64_t> dims,
                std::vector<int64_t> strides = {}) {
    buffers_.push_back(device_.buffer_of(values));
    return {buffers_.back(), std::is_same_v<T, float> ? TN_FLOAT32 : TN_INT32, std::move(dims),
            std::move(strides)};
  }

  template <class T>
  std::vector<T> run(const KernelDesc& desc, std::initializer_list<Tensor*> inputs,
                     std::vector<int64_t> dims) {
    tn_error error = TN_ERROR_INIT;
    tn_kernel* kernel = nullptr;
    EXPECT_EQ(TN_OK, table().kernel_create(device_, desc.get(), &kernel, &error)) << error.message;
    if (kernel == nullptr) return {};
    const auto count = static_cast<size_t>(
        std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>()));
    tn_buffer* buffer = device_.buffer(count * sizeof(T));
    buffers_.push_back(buffer);
    Tensor y(buffer, desc.outputs[0].dtype, std::move(dims));
    Launch launch(inputs, {&y});
    uint64_t bytes = 0;
    EXPECT_EQ(TN_OK, table().kernel_workspace_size(kernel, launch.get(), &bytes, &error));
    if (bytes != 0) {
      launch->workspace = device_.buffer(bytes);
      buffers_.push_back(launch->workspace);
    }
    EXPECT_EQ(TN_OK, table().kernel_launch(kernel, stream_, launch.get(), &error)) << error.message;
    EXPECT_EQ(TN_OK, table().stream_synchronize(stream_, &error)) << error.message;
    table().kernel_destroy(kernel);
    return device_.read<T>(buffer, count);
  }

  Device device_{"unified"};
  tn_stream* stream_ = nullptr;
  std::vector<tn_buffer*> buffers_;
};

TEST_F(BehindTest, OperatorsThatOneDnnLacks) {
  Tensor x = tensor<float>({0, -INFINITY, NAN}, {3});
  const Counts before = counts("Exp");
  const KernelDesc desc(op::kExp, {describe(TN_FLOAT32, 1)}, {describe(TN_FLOAT32, 1)});
  const auto y = run<float>(desc, {&x}, {3});
  EXPECT_EQ(1, y[0]);
  EXPECT_EQ(0, y[1]);
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_EQ(before.own, counts("Exp").own);
  EXPECT_EQ(before.behind + 1, counts("Exp").behind);
}

TEST_F(BehindTest, OtherElementTypes) {
  Tensor a = tensor<int32_t>({1, 2, 3, 4}, {2, 2}), b = tensor<int32_t>({5, 6, 7, 8}, {2, 2});
  const Counts before = counts("MatMul");
  const KernelDesc desc(op::kMatMul, {describe(TN_INT32, 2), describe(TN_INT32, 2)},
                        {describe(TN_INT32, 2)});
  EXPECT_EQ((std::vector<int32_t>{19, 22, 43, 50}), run<int32_t>(desc, {&a, &b}, {2, 2}));
  EXPECT_EQ(before.behind + 1, counts("MatMul").behind);
}

// The kernel is the same for both: only launches show the dims.
TEST_F(BehindTest, LargeProductsAreOneDnnsAndSmallOnesAreNot) {
  const KernelDesc desc(op::kMatMul, {describe(TN_FLOAT32, 2), describe(TN_FLOAT32, 2)},
                        {describe(TN_FLOAT32, 2)});
  for (const int64_t n : {2, 256}) {
    const auto values = pattern(static_cast<size_t>(n * n));
    Tensor a = tensor(values, {n, n}), b = tensor(values, {n, n});
    const Counts before = counts("MatMul");
    const auto y = run<float>(desc, {&a, &b}, {n, n});
    float first = 0;
    for (int64_t i = 0; i < n; ++i) {
      first += values[static_cast<size_t>(i)] * values[static_cast<size_t>(i * n)];
    }
    EXPECT_EQ(first, y[0]);
    EXPECT_EQ(before.own + (n == 256), counts("MatMul").own);
    EXPECT_EQ(before.behind + (n == 2), counts("MatMul").behind);
  }
}

// Not for a plain loop of oneDNN, nor for copies around a primitive: 360 times slower.
TEST_F(BehindTest, StridesThatOneDnnIsSlowWith) {
  const auto values = pattern(256 * 1024);
  Tensor x = tensor(values, {1024, 256}, {1, 1024}), two = tensor<float>({2}, {});
  const Counts before = counts("Mul");
  const KernelDesc desc(op::kMul, {describe(TN_FLOAT32, 2), describe(TN_FLOAT32, 0)},
                        {describe(TN_FLOAT32, 2)});
  const auto y = run<float>(desc, {&x, &two}, {1024, 256});
  EXPECT_EQ(2 * values[1024], y[1]);
  EXPECT_EQ(before.own, counts("Mul").own);
  EXPECT_EQ(before.behind + 1, counts("Mul").behind);
}

// oneDNN's says 0 where the sum is NaN.
TEST_F(BehindTest, SoftmaxOfInfinityIsNan) {
  for (const char* name : {"Softmax", "LogSoftmax"}) {
    KernelDesc desc("", name, 13, {describe(TN_FLOAT32, 2)}, {describe(TN_FLOAT32, 2)});
    desc.desc().math_mode = TN_MATH_RELAXED;  // LogSoftmax of TN_MATH_STRICT is not oneDNN's.
    std::vector<float> values = pattern(64 * 64);
    values[5] = INFINITY;
    Tensor x = tensor(values, {64, 64});
    const auto y = run<float>(desc, {&x}, {64, 64});
    for (size_t i = 0; i < 128; ++i) EXPECT_EQ(i < 64, std::isnan(y[i])) << name << " " << i;
  }
}

// A view in a token has no strides: a kernel that cannot read the form says so.
TEST_F(BehindTest, TokensAreTakenOrRefusedByEveryOperator) {
  tn_operator_table operators{};
  operators.struct_size = sizeof(operators);
  TN_CHECK(device_get_operators, device_, &operators);
  const tn_layout token = onednn::token_of({dnnl_aBcd16b, 0, false});
  const auto* row = reinterpret_cast<const char*>(operators.first);
  size_t taken = 0;
  for (size_t i = 0; i < operators.count; ++i, row += operators.stride) {
    const auto* entry = reinterpret_cast<const tn_operator_entry*>(row);
    for (size_t inputs = 1; inputs <= 6; ++inputs) {
      Arguments arguments;
      const tn_argument x = arguments.of({1, 16, 4, 4}, token);
      const tn_argument y = arguments.of({1, 16, 4, 4}, TN_LAYOUT_ANY);
      for (const bool only_first : {false, true}) {
        std::vector<tn_argument> all(inputs, x);
        if (only_first) std::fill(all.begin() + 1, all.end(), arguments.of({16}));
        const KernelDesc desc(entry->domain, entry->name, entry->version, all, {y});
        tn_kernel_support support{};
        support.struct_size = sizeof(support);
        tn_error error = TN_ERROR_INIT;
        const tn_status status = table().kernel_supports(device_, desc.get(), &support, &error);
        taken += status == TN_OK;
        EXPECT_NE(TN_INTERNAL, status) << entry->name << ": " << error.message;
      }
    }
  }
  EXPECT_GE(taken, 10u) << "Relu and its kin, Add, GlobalAveragePool";
}

TEST_F(BehindTest, RowsOfOneOperatorAreOneRowOfTheTable) {
  tn_operator_table operators{};
  operators.struct_size = sizeof(operators);
  TN_CHECK(device_get_operators, device_, &operators);
  const auto* row = reinterpret_cast<const char*>(operators.first);
  size_t adds = 0;
  for (size_t i = 0; i < operators.count; ++i, row += operators.stride) {
    const auto* entry = reinterpret_cast<const tn_operator_entry*>(row);
    if (std::string(entry->name) != "Add" || *entry->domain != '\0') continue;
    ++adds;
    ASSERT_EQ(1u, entry->type_count);
    const std::span dtypes(entry->types->dtypes, entry->types->count);
    EXPECT_EQ(1, std::ranges::count(dtypes, TN_INT64));
    EXPECT_EQ(1, std::ranges::count(dtypes, TN_FLOAT32));
  }
  EXPECT_EQ(1u, adds);
}

}  // namespace
}  // namespace tenon::cpu::testing
