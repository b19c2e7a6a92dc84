// SPDX-License-Identifier: Apache-2.0
//
// Layout tokens, reorder and constants, in every memory mode.
#include <numeric>

#include "reference_impl/cpu/layouts.h"
#include "reference_impl/cpu/tests/device_harness.h"

namespace tenon::cpu::testing {
namespace {

class LayoutTest : public Modes {
 protected:
  void SetUp() override { stream_ = device.stream(); }
  void TearDown() override { table().stream_destroy(stream_); }
  Device device{GetParam()};
  tn_stream* stream_ = nullptr;
};

std::vector<float> ramp(size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}

TEST_P(LayoutTest, SizesAreThoseOfTheForm) {
  const auto size = [&](tn_layout layout, tn_dtype dtype, std::vector<int64_t> dims) {
    uint64_t bytes = 0;
    EXPECT_EQ(TN_OK, table().layout_size(device, layout, dtype, static_cast<int32_t>(dims.size()),
                                         dims.data(), &bytes, nullptr));
    return bytes;
  };
  EXPECT_EQ(24u, size(TN_LAYOUT_STRIDED, TN_FLOAT32, {2, 3}));
  EXPECT_EQ(4u, size(TN_LAYOUT_STRIDED, TN_INT4, {7}));
  EXPECT_EQ(2u * 5 * 32 * 4, size(kLayoutPackedB, TN_FLOAT32, {2, 5, 17}));
  EXPECT_EQ(5u * 16 * 2, size(kLayoutPackedB, TN_BFLOAT16, {5, 16}));
  EXPECT_EQ(0u, size(kLayoutPackedB, TN_FLOAT32, {0, 16}));
  const int64_t dims[] = {4, 4};
  uint64_t bytes = 0;
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "rank 2", layout_size, device, kLayoutPackedB, TN_FLOAT32, 1,
                  dims, &bytes);
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "float32", layout_size, device, kLayoutPackedB, TN_INT32, 2,
                  dims, &bytes);
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "no token", layout_size, device, 99, TN_FLOAT32, 2, dims,
                  &bytes);
}

TEST_P(LayoutTest, ReorderPacksAndUnpacks) {
  const std::vector<float> values = ramp(2 * 3 * 18);
  tn_buffer* plain = device.buffer_of(values);
  const std::vector<float> junk(2 * 3 * 32, -1.0f);
  tn_buffer* packed = device.buffer_of(junk);
  tn_buffer* back = device.buffer_of(std::vector<float>(values.size()));
  Tensor strided(plain, TN_FLOAT32, {2, 3, 18});
  Tensor token(packed, TN_FLOAT32, {2, 3, 18});
  token.tensor.layout = kLayoutPackedB;
  // Column-major on the way back: from any token to any strides.
  Tensor turned(back, TN_FLOAT32, {2, 3, 18}, {54, 1, 3});
  TN_CHECK(stream_reorder, stream_, token.get(), strided.get());
  TN_CHECK(stream_reorder, stream_, turned.get(), token.get());
  TN_CHECK(stream_synchronize, stream_);

  const auto form = device.read<float>(packed, 2 * 3 * 32);
  for (int64_t b = 0; b < 2; ++b) {
    for (int64_t k = 0; k < 3; ++k) {
      for (int64_t n = 0; n < 32; ++n) {
        const float expected = n < 18 ? values[static_cast<size_t>((b * 3 + k) * 18 + n)] : 0.0f;
        const int64_t at = b * 96 + n / 16 * 48 + k * 16 + n % 16;
        ASSERT_EQ(expected, form[static_cast<size_t>(at)]) << b << " " << k << " " << n;
      }
    }
  }
  const auto result = device.read<float>(back, values.size());
  for (size_t b = 0; b < 2; ++b) {
    for (size_t k = 0; k < 3; ++k) {
      for (size_t n = 0; n < 18; ++n) {
        ASSERT_EQ(values[(b * 3 + k) * 18 + n], result[b * 54 + n * 3 + k]);
      }
    }
  }
  for (tn_buffer* buffer : {plain, packed, back}) table().buffer_destroy(buffer, nullptr);
}

TEST_P(LayoutTest, ReorderChecksItsTensors) {
  tn_buffer* buffer = device.buffer(1024);
  Tensor dst(buffer, TN_FLOAT32, {4, 4});
  Tensor src(buffer, TN_FLOAT32, {4, 4}, {}, 32);
  TN_EXPECT_ERROR(TN_OVERLAP, "overlaps", stream_reorder, stream_, dst.get(), src.get());
  src.tensor.offset = 512;
  src.dims = {4, 3};
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "differ", stream_reorder, stream_, dst.get(), src.get());
  src.dims = {4, 4};
  src.tensor.layout = 77;
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "layout 77", stream_reorder, stream_, dst.get(), src.get());
  src.tensor.layout = kLayoutPackedB;
  src.tensor.offset = 1000;
  TN_EXPECT_ERROR(TN_OUT_OF_RANGE, "src", stream_reorder, stream_, dst.get(), src.get());
  table().buffer_destroy(buffer, nullptr);
}

TEST_P(LayoutTest, ConstantsFromTheDeviceFollowTheirStream) {
  const std::vector<float> values = ramp(12);
  tn_buffer* buffer = device.buffer(48);
  TN_CHECK(stream_write, stream_, buffer, 0, values.data(), 48);
  Tensor tensor(buffer, TN_FLOAT32, {3, 4});
  tn_constant_desc desc{sizeof(desc), tensor.get(), TN_LAYOUT_STRIDED, stream_};
  tn_constant* constant = nullptr;
  TN_CHECK(constant_create, device, &desc, &constant);
  const float zero = 0;
  TN_CHECK(stream_fill, stream_, buffer, 0, 48, &zero, 4);  // Behind the reading of the value.
  table().buffer_destroy(buffer, stream_);

  tn_constant_info info{};
  info.struct_size = sizeof(info);
  TN_CHECK(constant_get_info, constant, &info);
  EXPECT_EQ(48u, info.resident_bytes);
  EXPECT_EQ(2, info.rank);
  EXPECT_EQ(4, info.dims[1]);

  // Its value shows in an Identity kernel, which outlives the handle.
  tn_argument input = describe(TN_FLOAT32, 2, TN_ARGUMENT_CONSTANT);
  input.constant = constant;
  KernelDesc identity(op::kIdentity, {input}, {describe(TN_FLOAT32, 2)});
  tn_kernel* kernel = nullptr;
  TN_CHECK(kernel_create, device, identity.get(), &kernel);
  table().constant_retain(constant);
  table().constant_release(constant);
  table().constant_release(constant);
  tn_buffer* out = device.buffer(48);
  Tensor y(out, TN_FLOAT32, {3, 4});
  Launch launch({nullptr}, {&y});
  TN_CHECK(kernel_launch, kernel, stream_, launch.get());
  TN_CHECK(stream_synchronize, stream_);
  EXPECT_EQ(values, device.read<float>(out, 12));
  table().buffer_destroy(out, nullptr);
  EXPECT_EQ(48u, device.memory().live_bytes);
  table().kernel_destroy(kernel);
  EXPECT_EQ(0u, device.memory().live_bytes);
}

TEST_P(LayoutTest, MatMulTakesAPackedConstantWhereItAsksForOne) {
  tn_argument a = describe(TN_FLOAT32, 2);
  tn_argument b = describe(TN_FLOAT32, 2);
  b.layout = TN_LAYOUT_ANY;
  KernelDesc question(op::kMatMul, {a, b}, {a});
  tn_argument_needs needs[2] = {{0, 0, 99}, {0, 0, 99}};
  tn_kernel_support support{sizeof(support), needs, nullptr};
  TN_CHECK(kernel_supports, device, question.get(), &support);
  EXPECT_EQ(TN_LAYOUT_STRIDED, needs[0].layout);
  ASSERT_EQ(kLayoutPackedB, needs[1].layout);

  const std::vector<float> values{1, 2, 3, 4};
  Tensor weights = Tensor::host(values.data(), TN_FLOAT32, {2, 2});
  tn_constant_desc desc{sizeof(desc), weights.get(), needs[1].layout, nullptr};
  tn_constant* constant = nullptr;
  TN_CHECK(constant_create, device, &desc, &constant);
  b.kind = TN_ARGUMENT_CONSTANT;
  b.layout = needs[1].layout;
  b.constant = constant;
  KernelDesc matmul(op::kMatMul, {a, b}, {a});
  tn_kernel* kernel = nullptr;
  TN_CHECK(kernel_create, device, matmul.get(), &kernel);
  tn_buffer* x = device.buffer_of<float>({1, 10});
  tn_buffer* y = device.buffer(8);
  tn_buffer* room = device.buffer(1 << 20);
  Tensor input(x, TN_FLOAT32, {1, 2});
  Tensor output(y, TN_FLOAT32, {1, 2});
  Launch launch({&input, nullptr}, {&output});
  launch->workspace = room;
  TN_CHECK(kernel_launch, kernel, stream_, launch.get());
  TN_CHECK(stream_synchronize, stream_);
  EXPECT_EQ((std::vector<float>{31, 42}), device.read<float>(y, 2));
  for (tn_buffer* buffer : {x, y, room}) table().buffer_destroy(buffer, nullptr);
  table().kernel_destroy(kernel);
  table().constant_release(constant);
}

TN_ALL_MODES(LayoutTest);

}  // namespace
}  // namespace tenon::cpu::testing
