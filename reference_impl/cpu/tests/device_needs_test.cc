// SPDX-License-Identifier: Apache-2.0
//
// A device of known dims and dense tensors, beside the one of the harness: platforms do not meet.
#include "reference_impl/cpu/platform.h"
#include "reference_impl/cpu/tests/device_harness.h"
#include "tenon/device/entry.h"

namespace tenon::cpu::testing {
namespace {

const Platform& strict_platform() {
  static const std::vector<Family> families = [] {
    const auto reference = reference_families();
    std::vector<Family> all(reference.begin(), reference.end());
    for (Family& family : all) family.needs = TN_REQUIRES_STATIC_DIMS | TN_REQUIRES_DENSE;
    return all;
  }();
  static const Platform self = [] {
    Platform made = platform();
    made.name = "strict";
    made.families = families;
    return made;
  }();
  return self;
}

class NeedsTest : public ::testing::Test {
 protected:
  NeedsTest() {
    plugin_.struct_size = sizeof(plugin_);
    EXPECT_EQ(TN_OK, enter<strict_platform>(&host(), &plugin_, nullptr));
    const tn_instance_desc desc{sizeof(desc), plugin_.functions, &host(), nullptr, 0};
    EXPECT_EQ(TN_OK, functions().instance_create(&desc, &instance_, nullptr));
    EXPECT_EQ(TN_OK, functions().device_open(instance_, 0, nullptr, &device_, nullptr));
  }
  ~NeedsTest() override {
    functions().device_close(device_);
    functions().instance_destroy(instance_);
  }
  const tn_dispatch& functions() const { return *plugin_.functions; }

  // What is said to an Identity from `input` to `output`.
  tn_status ask(const tn_argument& input, const tn_argument& output) {
    KernelDesc desc(op::kIdentity, {input}, {output});
    tn_kernel_support support{};
    support.struct_size = sizeof(support);
    support.inputs = &input_needs_;
    support.outputs = &output_needs_;
    return functions().kernel_supports(device_, desc.get(), &support, nullptr);
  }

  tn_plugin plugin_{};
  tn_instance* instance_ = nullptr;
  tn_device* device_ = nullptr;
  tn_argument_needs input_needs_{}, output_needs_{};
  const int64_t dims_[2] = {2, 3}, dense_[2] = {3, 1}, columns_[2] = {1, 2};
};

TEST_F(NeedsTest, WhatADescriptionLacksIsSaidOfEachArgument) {
  const tn_argument open = describe(TN_FLOAT32, 2);
  tn_argument known = open, exact = open, other = open;
  known.dims = exact.dims = other.dims = dims_;
  exact.strides = dense_;
  other.strides = columns_;

  EXPECT_EQ(TN_NEEDS_STATIC, ask(open, exact));
  EXPECT_EQ(uint32_t{TN_REQUIRES_STATIC_DIMS | TN_REQUIRES_DENSE}, input_needs_.requirements);
  EXPECT_EQ(0u, output_needs_.requirements);
  EXPECT_EQ(TN_NEEDS_STATIC, ask(known, other));
  EXPECT_EQ(uint32_t{TN_REQUIRES_DENSE}, input_needs_.requirements);
  EXPECT_EQ(uint32_t{TN_REQUIRES_DENSE}, output_needs_.requirements);
  EXPECT_EQ(TN_OK, ask(exact, exact));
  known.flags = TN_ARGUMENT_DENSE;
  EXPECT_EQ(TN_OK, ask(known, exact));
}

TEST_F(NeedsTest, TwoPlatformsInOneLibraryDoNotMeet) {
  EXPECT_STREQ("strict", plugin_.name);
  EXPECT_NE(plugin_.functions, &table());
  Device device("unified");
  KernelDesc desc(op::kIdentity, {describe(TN_FLOAT32, 2)}, {describe(TN_FLOAT32, 2)});
  tn_error error = TN_ERROR_INIT;
  EXPECT_EQ(TN_OK, table().kernel_supports(device, desc.get(), nullptr, &error)) << error.message;
}

}  // namespace
}  // namespace tenon::cpu::testing
