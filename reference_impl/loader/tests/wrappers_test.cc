// SPDX-License-Identifier: Apache-2.0
//
// tenon.hpp: descriptions, views, types and errors.
#include <gmock/gmock.h>

#include <cstring>
#include <limits>
#include <optional>

#include "files.h"
#include "tenon/tenon.hpp"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A plugin need not end them.
TEST(Wrappers, TextsOfAnErrorAreCutAtTheirFields) {
  tn_error error = TN_ERROR_INIT;
  std::memset(error.rule, 'r', sizeof(error.rule));
  std::memset(error.message, 'm', sizeof(error.message));
  const tenon::Error thrown(TN_INTERNAL, error);
  EXPECT_EQ(thrown.rule(), std::string(sizeof(error.rule), 'r'));
  EXPECT_EQ(thrown.message(), std::string(sizeof(error.message), 'm'));
  std::memset(error.argument, 'a', sizeof(error.argument));
  error.vendor_code = -7;
  const tenon::Error with_more(TN_INTERNAL, error);
  EXPECT_EQ(with_more.argument(), std::string(sizeof(error.argument), 'a'));
  EXPECT_EQ(with_more.vendor_code(), -7);
}

TEST(Wrappers, TN_status_002_what_is_not_known_counts_as_what_it_is_near) {
  const auto of = [](tn_status status) { return tenon::Error(status, "", "").status_class(); };
  for (const tn_status known : {TN_INVALID_ARGUMENT, TN_UNSUPPORTED, TN_OUT_OF_MEMORY, TN_NOT_FOUND,
                                TN_DEVICE_LOST, TN_INTERNAL}) {
    EXPECT_EQ(of(known), known);
    EXPECT_EQ(of(known + 0xfe), known) << "an unknown detail";
    EXPECT_STREQ(tenon::status_name(known + 0xfe), tenon::status_name(known));
  }
  for (const tn_status unknown : {tn_status{0x800}, tn_status{0x12345}, tn_status{1},
                                  tn_status{-77}, std::numeric_limits<tn_status>::min()}) {
    EXPECT_EQ(of(unknown), TN_INTERNAL) << unknown;
    EXPECT_STREQ(tenon::status_name(unknown), "TN_INTERNAL") << unknown;
  }
}

TEST(Tensor, CopiesPointIntoThemselves) {
  auto original = std::make_unique<tenon::Tensor>(
      tenon::Tensor::device(nullptr, TN_FLOAT32, {2, 3}).with_offset(8));
  const int64_t strides[] = {1, 2};
  original->with_strides(strides);
  tenon::Tensor copy = *original;
  original.reset();
  const tenon::Tensor& itself = copy;
  copy = itself;
  EXPECT_THAT(copy.dims(), ElementsAre(2, 3));
  EXPECT_EQ(copy.get()->dims, copy.dims().data());
  EXPECT_EQ(copy.get()->strides[1], 2);
  EXPECT_EQ(copy.get()->offset, 8u);
  EXPECT_EQ(copy.element_count(), 6);
  EXPECT_EQ(tenon::Tensor::device(nullptr, TN_INT8, {}).get()->strides, nullptr);
}

TEST(Tensor, WrongRanksThrow) {
  const std::vector<int64_t> dims(TN_MAX_RANK + 1, 1);
  EXPECT_THROW(tenon::Tensor::device(nullptr, TN_INT8, dims), tenon::Error);
  EXPECT_THROW(tenon::Tensor::device(nullptr, TN_INT8, {1}).with_strides(dims), tenon::Error);
}

TEST(KernelDesc, ViewSaysWhatWasBuilt) {
  tenon::KernelDesc desc{"tenon", "Thing", 3};
  desc.input(tenon::Argument::device(TN_FLOAT32, {2, TN_DYNAMIC, 4}))
      .input(tenon::Argument::dynamic(TN_INT8, 2))
      .input(tenon::Argument::absent())
      .input(tenon::Argument::dynamic(TN_FLOAT32, 2)
                 .with_min_dims({1, 2})
                 .with_symbols({7, 0})
                 .with_alignment(256)
                 .dense())
      .output(tenon::Argument::device(TN_FLOAT32, {2}).aliasing(0))
      .attribute("axis", int64_t{-1})
      .attribute("names", std::vector<std::string>{"a", "bc"})
      .attribute("value", tenon::AttributeTensor{TN_INT8, {2}, {7, 9}})
      .attribute("mode", std::string("up"))
      .attribute("scale", 0.5f)
      .attribute("tables",
                 std::vector<tenon::AttributeTensor>{{TN_INT8, {1}, {3}}, {TN_INT8, {1}, {4}}});
  const tenon::KernelDesc copy = desc;
  desc = {};
  const tenon::KernelDescView view(copy);
  const tn_kernel_desc& c = *view.get();
  EXPECT_STREQ(c.domain, "tenon");
  EXPECT_EQ(c.version, 3);
  ASSERT_EQ(c.input_count, 4u);
  EXPECT_EQ(c.inputs[0]->rank, 3);
  EXPECT_EQ(c.inputs[0]->strides[2], 1);
  EXPECT_EQ(c.inputs[0]->strides[1], 4);
  EXPECT_EQ(c.inputs[0]->strides[0], TN_DYNAMIC);
  EXPECT_EQ(c.inputs[1]->dims, nullptr);
  EXPECT_EQ(c.inputs[1]->rank, 2);
  EXPECT_EQ(c.inputs[2]->kind, TN_ARGUMENT_ABSENT);
  EXPECT_EQ(c.inputs[3]->min_dims[1], 2);
  EXPECT_EQ(c.inputs[3]->symbols[0], 7);
  EXPECT_EQ(c.inputs[3]->alignment, 256u);
  EXPECT_EQ(c.inputs[3]->flags, TN_ARGUMENT_DENSE);
  EXPECT_EQ(c.inputs[3]->strides, nullptr);
  ASSERT_EQ(c.output_count, 1u);
  EXPECT_EQ(c.outputs[0]->alias, 1);
  ASSERT_EQ(c.attribute_count, 6u);
  EXPECT_EQ(c.attributes[0]->ints[0], -1);
  EXPECT_EQ(std::string(c.attributes[1]->strings[1].data, c.attributes[1]->strings[1].size), "bc");
  EXPECT_EQ(c.attributes[1]->count, 2u);
  EXPECT_EQ(static_cast<const char*>(c.attributes[2]->tensors[0]->host_data)[1], 9);
  EXPECT_EQ(c.attributes[2]->tensors[0]->dims[0], 2);
  EXPECT_EQ(std::string(c.attributes[3]->strings[0].data, c.attributes[3]->strings[0].size), "up");
  EXPECT_EQ(c.attributes[4]->floats[0], 0.5f);
  EXPECT_EQ(c.attributes[5]->count, 2u);
  EXPECT_EQ(*static_cast<const char*>(c.attributes[5]->tensors[1]->host_data), 4);
}

TEST(Error, UnknownStatusDecodesByClass) {
  EXPECT_STREQ(tenon::status_name(TN_UNIMPLEMENTED), "TN_UNIMPLEMENTED");
  EXPECT_STREQ(tenon::status_name(0x3fe), "TN_UNSUPPORTED");
  EXPECT_STREQ(tenon::status_name(0x6aa), "TN_DEVICE_LOST");
  EXPECT_STREQ(tenon::status_name(0x1234), "TN_INTERNAL");
  EXPECT_STREQ(tenon::status_name(0x01), "TN_INTERNAL") << "not success";
  EXPECT_STREQ(tenon::status_name(-5), "TN_INTERNAL");
  tenon::ErrorBuffer buffer;
  EXPECT_EQ(tenon::Error(0x3fe, buffer).status_class(), TN_UNSUPPORTED);
}

TEST(Error, TextHasNameRuleAndMessage) {
  const tenon::Error error(TN_OVERLAP, "TN-buffer-004", "ranges meet");
  EXPECT_STREQ(error.what(), "TN_OVERLAP (TN-buffer-004): ranges meet");
}

TEST(Handles, MissingFunctionThrowsAndMovedFromIsEmpty) {
  const tenon::Loader loader;
  tenon::Device device = loader.open(fixture("good")).open_device(0);
  tenon::Device moved = std::move(device);
  EXPECT_FALSE(device);  // NOLINT(bugprone-use-after-move): emptiness is what is tested.
  EXPECT_TRUE(moved);
  try {
    const tenon::Buffer buffer(moved, 16);
    FAIL();
  } catch (const tenon::Error& error) {
    EXPECT_EQ(error.status(), TN_UNIMPLEMENTED);
    EXPECT_THAT(error.message(), HasSubstr("plugin 'good' has no function buffer_create"));
  }
  EXPECT_THROW(device.synchronize(), tenon::Error);
  EXPECT_EQ(loader.open(fixture("good")).extension<size_t>("no.such", 1), nullptr);
}

}  // namespace
