// SPDX-License-Identifier: Apache-2.0
//
// What conformance does not look at: NaN where oneDNN's own primitives lose it, packed weights with
// any number of rows, how often primitives are made, and what oneDNN answers.
#include <cmath>

#include "engine.h"
#include "primitive_kernel.h"
#include "static_argument.h"

namespace tenon::cpu::testing {
namespace {

class OperatorTest : public ::testing::Test {
 protected:
  void SetUp() override { stream_ = device_.stream(); }
  void TearDown() override { table().stream_destroy(stream_); }

  // Runs a kernel of one output of `count` elements.
  std::vector<float> run(tn_kernel* kernel, std::vector<Tensor*> inputs,
                         std::vector<int64_t> dims) {
    const auto count = static_cast<size_t>(
        std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>()));
    tn_buffer* buffer = device_.buffer(count * sizeof(float));
    Tensor y(buffer, TN_FLOAT32, dims);
    const tn_tensor* in[4] = {};
    for (size_t i = 0; i < inputs.size(); ++i) in[i] = inputs[i] ? inputs[i]->get() : nullptr;
    const tn_tensor* out[] = {y.get()};
    tn_launch launch{};
    launch.struct_size = sizeof(launch);
    launch.inputs = in;
    launch.input_count = inputs.size();
    launch.outputs = out;
    launch.output_count = 1;
    tn_error error = TN_ERROR_INIT;
    EXPECT_EQ(TN_OK, table().kernel_launch(kernel, stream_, &launch, &error)) << error.message;
    EXPECT_EQ(TN_OK, table().stream_synchronize(stream_, &error)) << error.message;
    const auto values = device_.read<float>(buffer, count);
    table().buffer_destroy(buffer, nullptr);
    return values;
  }

  tn_kernel* make(const KernelDesc& desc) {
    tn_kernel* kernel = nullptr;
    tn_error error = TN_ERROR_INIT;
    EXPECT_EQ(TN_OK, table().kernel_create(device_, desc.get(), &kernel, &error)) << error.message;
    return kernel;
  }

  Device device_{"unified"};
  tn_stream* stream_ = nullptr;
};

std::vector<float> naive(const std::vector<float>& a, const std::vector<float>& b, int64_t m,
                         int64_t k, int64_t n) {
  std::vector<float> y(static_cast<size_t>(m * n));
  for (int64_t i = 0; i < m * n; ++i) {
    for (int64_t j = 0; j < k; ++j) {
      y[static_cast<size_t>(i)] +=
          a[static_cast<size_t>(i / n * k + j)] * b[static_cast<size_t>(j * n + i % n)];
    }
  }
  return y;
}

TEST_F(OperatorTest, ReluKeepsNan) {
  const std::vector<float> values = {NAN, -1, 2, -INFINITY, INFINITY, -0.0f, NAN, 3, 4};
  tn_buffer* buffer = device_.buffer_of(values);
  Tensor x(buffer, TN_FLOAT32, {9});
  tn_kernel* kernel =
      make(KernelDesc(op::kRelu, {describe(TN_FLOAT32, 1)}, {describe(TN_FLOAT32, 1)}));
  const auto y = run(kernel, {&x}, {9});
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_TRUE(std::isnan(values[i]) ? std::isnan(y[i]) : y[i] == std::max(values[i], 0.0f)) << i;
  }
  table().kernel_destroy(kernel);
  table().buffer_destroy(buffer, nullptr);
}

TEST_F(OperatorTest, PackedWeightsTakeAnyNumberOfRows) {
  const int64_t k = 33, n = 47;
  const auto weights = pattern(static_cast<size_t>(k * n), 4);
  Arguments arguments;
  tn_kernel* kernel = make(KernelDesc(
      op::kMatMul, {describe(TN_FLOAT32, 3), arguments.constant({k, n}, weights, TN_LAYOUT_ANY)},
      {describe(TN_FLOAT32, 3)}));
  for (const int64_t rows : {1, 2, 5, 64}) {
    const auto a = pattern(static_cast<size_t>(2 * rows * k));
    tn_buffer* buffer = device_.buffer_of(a);
    Tensor x(buffer, TN_FLOAT32, {2, rows, k});
    const auto y = run(kernel, {&x, nullptr}, {2, rows, n});
    const auto expected = naive(a, weights, 2 * rows, k, n);
    for (size_t i = 0; i < y.size(); ++i) ASSERT_EQ(expected[i], y[i]) << i;
    table().buffer_destroy(buffer, nullptr);
  }
  table().kernel_destroy(kernel);
}

TEST_F(OperatorTest, ProgramsAreKeptForTheLastShapes) {
  tn_kernel* kernel = make(KernelDesc(
      op::kMatMul, {describe(TN_FLOAT32, 2), describe(TN_FLOAT32, 2)}, {describe(TN_FLOAT32, 2)}));
  const int64_t n = 512;  // Large enough for one row to be oneDNN's.
  const auto values = pattern(static_cast<size_t>(n * n));
  tn_buffer* buffer = device_.buffer_of(values);
  const auto launch = [&](int64_t rows) {
    Tensor a(buffer, TN_FLOAT32, {rows, n}), b(buffer, TN_FLOAT32, {n, n});
    run(kernel, {&a, &b}, {rows, n});
  };
  const uint64_t before = onednn::programs_made();
  for (int turn = 0; turn < 3; ++turn) {
    for (int64_t rows = 1; rows <= 4; ++rows) launch(rows);
  }
  EXPECT_EQ(before + 4, onednn::programs_made());
  // One shape more than are kept: the first is made again.
  for (int64_t rows = 1; rows <= 17; ++rows) launch(rows);
  EXPECT_EQ(before + 17, onednn::programs_made());
  launch(17);
  EXPECT_EQ(before + 17, onednn::programs_made());
  launch(1);
  EXPECT_EQ(before + 18, onednn::programs_made());
  table().kernel_destroy(kernel);
  table().buffer_destroy(buffer, nullptr);
}

TEST(Engine, TellsWhatOneDnnAnswered) {
  for (const dnnl_status_t status : {dnnl_runtime_error, dnnl_unimplemented}) {
    try {
      onednn::guarded("a primitive", [&] { throw dnnl::error(status, "no"); });
      ADD_FAILURE() << "nothing was thrown";
    } catch (const KernelError& error) {
      EXPECT_EQ(error.vendor_code, status);
    }
  }
}

}  // namespace
}  // namespace tenon::cpu::testing
