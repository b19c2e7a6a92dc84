// SPDX-License-Identifier: Apache-2.0
//
// Steps that oneDNN's post-ops do not do, on outputs in a form that is filled up with zeros.
#include <cmath>

#include "forms.h"
#include "static_argument.h"

namespace tenon::cpu::testing {
namespace {

// No multiple of a vector.
constexpr int64_t kChannels = 18;
const std::vector<int64_t> kInput = {1, 3, 9, 9}, kFilters = {kChannels, 3, 3, 3},
                           kOutput = {1, kChannels, 7, 7};

// A convolution with one step, its output in `layout`.
class FusedConv {
 public:
  FusedConv(const char* word, std::vector<float> parameters, tn_layout layout)
      : word_{word, std::char_traits<char>::length(word)},
        parameters_(std::move(parameters)),
        weights_(pattern(kChannels * 27, 2)),
        desc_(op::kTenonFusedConv,
              {arguments_.of(kInput), arguments_.constant(kFilters, weights_, TN_LAYOUT_ANY)},
              {arguments_.of(kOutput, layout)}) {
    for (tn_attribute* a : {&steps_, &numbers_}) a->struct_size = sizeof(*a);
    steps_.name = "steps";
    steps_.type = TN_ATTRIBUTE_STRINGS;
    steps_.count = 1;
    steps_.strings = &word_;
    numbers_.name = "step_parameters";
    numbers_.type = TN_ATTRIBUTE_FLOATS;
    numbers_.count = parameters_.size();
    numbers_.floats = parameters_.data();
    desc_.desc().attributes = attributes_;
    desc_.desc().attribute_count = 2;
  }

  const tn_kernel_desc* get() const { return desc_.get(); }

 private:
  Arguments arguments_;
  tn_string word_;
  std::vector<float> parameters_;
  std::vector<float> weights_;
  tn_attribute steps_{}, numbers_{};
  const tn_attribute* attributes_[2] = {&steps_, &numbers_};
  KernelDesc desc_;
};

tn_layout wanted(Device& device, const FusedConv& conv) {
  tn_kernel_support support{};
  support.struct_size = sizeof(support);
  tn_argument_needs inputs[2] = {}, output{};
  support.inputs = inputs;
  support.outputs = &output;
  tn_error error = TN_ERROR_INIT;
  EXPECT_EQ(TN_OK, table().kernel_supports(device, conv.get(), &support, &error)) << error.message;
  return output.layout;
}

bool is_padded(tn_layout layout) {
  const auto form = onednn::form_of(layout);
  if (!form) return false;
  const auto md = onednn::form_md(*form, kOutput);
  return md.get_padded_dims() != md.get_dims();
}

TEST(FusedTest, WhatFillsUpAFormStaysZero) {
  Device device("unified");
  // 0 is within these bounds.
  const FusedConv conv("Clip", {-1, 2}, TN_LAYOUT_ANY);
  const tn_layout layout = wanted(device, conv);
  ASSERT_TRUE(is_padded(layout)) << "oneDNN has such forms from SSE4.1 on";
  tn_kernel* kernel = nullptr;
  TN_CHECK(kernel_create, device, conv.get(), &kernel);
  const auto values = pattern(3 * 81);
  uint64_t bytes = 0;
  TN_CHECK(layout_size, device, layout, TN_FLOAT32, 4, kOutput.data(), &bytes);
  tn_buffer *x = device.buffer_of(values), *y = device.buffer(bytes);
  tn_buffer* plain = device.buffer(kChannels * 49 * sizeof(float));
  Tensor tx(x, TN_FLOAT32, kInput), ty(y, TN_FLOAT32, kOutput), tp(plain, TN_FLOAT32, kOutput);
  ty.tensor.layout = layout;
  tn_stream* stream = device.stream();
  Launch launch({&tx, nullptr}, {&ty});
  TN_CHECK(kernel_launch, kernel, stream, launch.get());
  TN_CHECK(stream_reorder, stream, tp.get(), ty.get());
  TN_CHECK(stream_synchronize, stream);
  const auto weights = pattern(kChannels * 27, 2);
  const auto actual = device.read<float>(plain, kChannels * 49);
  double sum = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    double expected = 0;
    for (size_t t = 0; t < 27; ++t) {
      const size_t row = i % 49 / 7 + t % 9 / 3, column = i % 7 + t % 3;
      expected += static_cast<double>(values[t / 9 * 81 + row * 9 + column]) *
                  static_cast<double>(weights[i / 49 * 27 + t]);
    }
    expected = std::fmin(std::fmax(expected, -1), 2);
    ASSERT_EQ(expected, static_cast<double>(actual[i])) << i;
    sum += expected;
  }
  // Nothing but these is in the form's memory.
  double all = 0;
  for (const float value : device.read<float>(y, bytes / sizeof(float)))
    all += static_cast<double>(value);
  EXPECT_EQ(sum, all);
  table().kernel_destroy(kernel);
  table().stream_destroy(stream);
  for (tn_buffer* buffer : {x, y, plain}) table().buffer_destroy(buffer, nullptr);
}

TEST(FusedTest, AStepThatWouldFillItWithOthersGetsAnotherForm) {
  Device device("unified");
  const tn_layout padded = wanted(device, FusedConv("Relu", {}, TN_LAYOUT_ANY));
  ASSERT_TRUE(is_padded(padded));
  EXPECT_FALSE(is_padded(wanted(device, FusedConv("HardSigmoid", {0.2f, 0.5f}, TN_LAYOUT_ANY))));
  EXPECT_FALSE(is_padded(wanted(device, FusedConv("Clip", {1, 6}, TN_LAYOUT_ANY))));
  EXPECT_FALSE(is_padded(wanted(device, FusedConv("Clip", {-6, -1}, TN_LAYOUT_ANY))));
  const FusedConv conv("HardSigmoid", {0.2f, 0.5f}, padded);
  tn_kernel* kernel = nullptr;
  tn_error error = TN_ERROR_INIT;
  EXPECT_EQ(TN_UNSUPPORTED, table().kernel_create(device, conv.get(), &kernel, &error))
      << error.message;
}

}  // namespace
}  // namespace tenon::cpu::testing
