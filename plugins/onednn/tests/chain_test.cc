// SPDX-License-Identifier: Apache-2.0
//
// Conv -> Relu -> Conv keeps oneDNN's blocked layout from one to the next.
#include <array>

#include "forms.h"
#include "primitive_kernel.h"
#include "static_argument.h"

namespace tenon::cpu::testing {
namespace {

constexpr int64_t kChannels = 16;

std::vector<float> naive_conv(const std::vector<float>& x, const std::vector<float>& w,
                              int64_t size) {
  const int64_t out = size - 2;
  std::vector<float> y(static_cast<size_t>(kChannels * out * out));
  for (int64_t m = 0; m < kChannels; ++m) {
    for (int64_t i = 0; i < out * out; ++i) {
      float sum = 0;
      for (int64_t c = 0; c < kChannels; ++c) {
        for (int64_t t = 0; t < 9; ++t) {
          const int64_t row = i / out + t / 3, column = i % out + t % 3;
          sum += x[static_cast<size_t>((c * size + row) * size + column)] *
                 w[static_cast<size_t>((m * kChannels + c) * 9 + t)];
        }
      }
      y[static_cast<size_t>(m * out * out + i)] = sum;
    }
  }
  return y;
}

struct Layouts {
  std::array<tn_layout, 2> inputs{};
  std::array<tn_layout, 1> outputs{};
};

Layouts wanted(Device& device, const KernelDesc& desc) {
  Layouts layouts;
  tn_kernel_support support{};
  support.struct_size = sizeof(support);
  std::array<tn_argument_needs, 2> inputs{};
  std::array<tn_argument_needs, 1> outputs{};
  support.inputs = inputs.data();
  support.outputs = outputs.data();
  tn_error error = TN_ERROR_INIT;
  EXPECT_EQ(TN_OK, table().kernel_supports(device, desc.get(), &support, &error)) << error.message;
  for (size_t i = 0; i < inputs.size(); ++i) layouts.inputs[i] = inputs[i].layout;
  layouts.outputs[0] = outputs[0].layout;
  return layouts;
}

uint64_t bytes_of(Device& device, tn_layout layout, const std::vector<int64_t>& dims) {
  uint64_t bytes = 0;
  EXPECT_EQ(TN_OK,
            table().layout_size(device, layout, TN_FLOAT32, 4, dims.data(), &bytes, nullptr));
  return bytes;
}

TEST(ChainTest, BlockedLayoutsPassThrough) {
  Device device("unified");
  const std::vector<int64_t> d0 = {1, kChannels, 14, 14}, d1 = {1, kChannels, 12, 12},
                             d2 = {1, kChannels, 10, 10}, dw = {kChannels, kChannels, 3, 3};
  const auto x = pattern(kChannels * 14 * 14), w1 = pattern(kChannels * kChannels * 9, 2),
             w2 = pattern(kChannels * kChannels * 9, 3);
  Arguments arguments;
  // Everything is left to the plugin.
  KernelDesc first(op::kConv,
                   {arguments.of(d0, TN_LAYOUT_ANY), arguments.constant(dw, w1, TN_LAYOUT_ANY)},
                   {arguments.of(d1, TN_LAYOUT_ANY)});
  const Layouts conv1 = wanted(device, first);
  ASSERT_NE(conv1.outputs[0], TN_LAYOUT_STRIDED) << "oneDNN has blocked layouts from SSE4.1 on";
  KernelDesc relu(op::kRelu, {arguments.of(d1, conv1.outputs[0])},
                  {arguments.of(d1, TN_LAYOUT_ANY)});
  const Layouts between = wanted(device, relu);
  EXPECT_EQ(conv1.outputs[0], between.outputs[0]);
  KernelDesc second(
      op::kConv, {arguments.of(d1, between.outputs[0]), arguments.constant(dw, w2, TN_LAYOUT_ANY)},
      {arguments.of(d2, TN_LAYOUT_ANY)});
  const Layouts conv2 = wanted(device, second);
  EXPECT_EQ(between.outputs[0], conv2.inputs[0]);
  EXPECT_NE(TN_LAYOUT_STRIDED, conv2.inputs[1]);

  tn_kernel* kernels[3] = {};
  const KernelDesc* descs[3] = {&first, &relu, &second};
  for (int i = 0; i < 3; ++i) TN_CHECK(kernel_create, device, descs[i]->get(), &kernels[i]);
  tn_buffer* plain = device.buffer_of(x);
  tn_buffer* in = device.buffer(bytes_of(device, conv1.inputs[0], d0));
  tn_buffer* a = device.buffer(bytes_of(device, conv1.outputs[0], d1));
  tn_buffer* b = device.buffer(bytes_of(device, between.outputs[0], d1));
  tn_buffer* c = device.buffer(bytes_of(device, conv2.outputs[0], d2));
  tn_buffer* back = device.buffer(kChannels * 100 * sizeof(float));
  tn_stream* stream = device.stream();
  const auto tensor = [](tn_buffer* buffer, const std::vector<int64_t>& dims, tn_layout layout) {
    Tensor made(buffer, TN_FLOAT32, dims);
    made.tensor.layout = layout;
    return made;
  };
  Tensor tp = tensor(plain, d0, TN_LAYOUT_STRIDED), t0 = tensor(in, d0, conv1.inputs[0]);
  Tensor t1 = tensor(a, d1, conv1.outputs[0]), t2 = tensor(b, d1, between.outputs[0]);
  Tensor t3 = tensor(c, d2, conv2.outputs[0]), tb = tensor(back, d2, TN_LAYOUT_STRIDED);
  TN_CHECK(stream_reorder, stream, t0.get(), tp.get());

  const uint64_t reorders = onednn::reorders_made(), programs = onednn::programs_made();
  for (int run = 0; run < 3; ++run) {
    Launch l1({&t0, nullptr}, {&t1}), l2({&t1}, {&t2}), l3({&t2, nullptr}, {&t3});
    TN_CHECK(kernel_launch, kernels[0], stream, l1.get());
    TN_CHECK(kernel_launch, kernels[1], stream, l2.get());
    TN_CHECK(kernel_launch, kernels[2], stream, l3.get());
  }
  EXPECT_EQ(reorders, onednn::reorders_made());
  EXPECT_EQ(programs, onednn::programs_made()) << "static kernels are ready when they are made";

  TN_CHECK(stream_reorder, stream, tb.get(), t3.get());
  TN_CHECK(stream_synchronize, stream);
  std::vector<float> middle = naive_conv(x, w1, 14);
  for (float& value : middle) value = value > 0 ? value : 0;
  const std::vector<float> expected = naive_conv(middle, w2, 12);
  const std::vector<float> actual = device.read<float>(back, expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(expected[i], actual[i]) << i;
  }
  for (tn_kernel* kernel : kernels) table().kernel_destroy(kernel);
  table().stream_destroy(stream);
  for (tn_buffer* buffer : {plain, in, a, b, c, back}) table().buffer_destroy(buffer, nullptr);
}

}  // namespace
}  // namespace tenon::cpu::testing
