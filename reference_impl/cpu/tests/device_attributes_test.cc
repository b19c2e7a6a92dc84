// SPDX-License-Identifier: Apache-2.0
//
// Attributes against the operator contract, before any kernel sees them.
#include <gtest/gtest.h>

#include "reference_impl/device/attribute_bounds.h"
#include "tenon/cpp/operator_ids.hpp"
#include "tenon/device/operators/attributes.h"

namespace tenon::device {
namespace {

struct Given {
  const char* name;
  std::vector<int64_t> ints = {};
  const char* text = nullptr;
  tn_attribute_type type = TN_ATTRIBUTE_INT;
};

// Calls with(the description of a call with one input of this rank).
template <class With>
void describe(const OperatorId& id, int32_t rank, const std::vector<Given>& given, With&& with) {
  tn_argument input{};
  input.struct_size = sizeof(input);
  input.kind = TN_ARGUMENT_DEVICE;
  input.rank = rank;
  const tn_argument* inputs[] = {&input};
  std::vector<tn_attribute> attributes(given.size());
  std::vector<tn_string> strings(given.size());
  std::vector<const tn_attribute*> pointers;
  for (size_t i = 0; i < given.size(); ++i) {
    tn_attribute& a = attributes[i];
    a.struct_size = sizeof(a);
    a.name = given[i].name;
    a.type = given[i].text != nullptr ? tn_attribute_type{TN_ATTRIBUTE_STRING} : given[i].type;
    a.count = given[i].text != nullptr ? 1 : given[i].ints.size();
    a.ints = given[i].ints.data();
    if (given[i].text != nullptr) {
      strings[i] = {given[i].text, std::char_traits<char>::length(given[i].text)};
      a.strings = &strings[i];
    }
    pointers.push_back(&a);
  }
  tn_kernel_desc desc{};
  desc.struct_size = sizeof(desc);
  desc.domain = id.domain;
  desc.name = id.name;
  desc.inputs = inputs;
  desc.input_count = 1;
  desc.attributes = pointers.data();
  desc.attribute_count = pointers.size();
  with(desc);
}

// What is said of such a call; "" where nothing is.
std::string refusal(const OperatorId& id, int32_t rank, const std::vector<Given>& given) {
  std::string said;
  describe(id, rank, given, [&](const tn_kernel_desc& desc) {
    try {
      check_attributes(id, desc);
    } catch (const KernelError& error) {
      EXPECT_EQ(error.status, TN_INVALID_ARGUMENT);
      said = error.what();
    }
  });
  return said;
}

template <class Attributes>
Attributes read(const OperatorId& id, const std::vector<Given>& given) {
  std::optional<Attributes> found;
  describe(id, 4, given, [&](const tn_kernel_desc& desc) { found.emplace(Description(desc)); });
  return *found;
}

void expect_says(const std::string& message, const std::string& part) {
  EXPECT_NE(message.find(part), std::string::npos) << "'" << message << "' lacks '" << part << "'";
}

TEST(AttributeBounds, FollowTheRankOfAnInput) {
  for (const int64_t axis : {-3, 0, 2}) EXPECT_EQ(refusal(op::kSoftmax, 3, {{"axis", {axis}}}), "");
  expect_says(refusal(op::kSoftmax, 3, {{"axis", {3}}}),
              "axis is 3, at most 2 (input 0 has rank 3)");
  expect_says(refusal(op::kSoftmax, 3, {{"axis", {-4}}}), "at least -3");
  EXPECT_EQ(refusal(op::kSoftmax, 0, {{"axis", {-1}}}), "");  // A scalar counts as of one dim.
}

TEST(AttributeBounds, HoldForEachNumberOfAList) {
  const OperatorId& pool = op::kMaxPool;
  const Given window{"kernel_shape", {2, 2}, nullptr, TN_ATTRIBUTE_INTS};
  EXPECT_EQ(refusal(pool, 4, {window}), "");
  const Given strides{"strides", {1, 0}, nullptr, TN_ATTRIBUTE_INTS};
  expect_says(refusal(pool, 4, {window, strides}), "strides is 0, at least 1");
}

TEST(AttributeBounds, NameTheValuesThereAre) {
  EXPECT_EQ(refusal(op::kGelu, 1, {{"approximate", {}, "tanh"}}), "");
  expect_says(refusal(op::kGelu, 1, {{"approximate", {}, "wild"}}),
              "'wild', not one of none, tanh");
  expect_says(refusal(op::kReduceSum, 1, {{"keepdims", {2}}}), "keepdims is 2, not one of 0, 1");
}

TEST(AttributeBounds, AskForWhatIsRequiredAndForItsType) {
  expect_says(refusal(op::kMaxPool, 4, {}), "kernel_shape is missing");
  expect_says(refusal(op::kSoftmax, 2, {{"axis", {}, "last"}}), "axis is of another type");
}

TEST(AttributeBounds, RefuseWhatTheOperatorDoesNotHave) {
  EXPECT_EQ(refusal(op::kAdd, 1, {{"axis", {0}}}), "Add has no attribute axis");
  EXPECT_EQ(refusal(op::kTenonReduceAll, 1, {{"noop_with_empty_axes", {1}}}),
            "tenon.ReduceAll has no attribute noop_with_empty_axes");
  // A vendor's own operator may have no list of its attributes.
  const OperatorId of_vendor{"acme", "Blur", 1, 1, "T", 0, dtype_bit(TN_FLOAT32)};
  EXPECT_EQ(refusal(of_vendor, 1, {{"radius", {3}}}), "");
}

TEST(AttributeStructs, HaveTheContractsDefaults) {
  const auto conv = read<attributes::Conv>(op::kConv, {});
  EXPECT_EQ(conv.auto_pad, AutoPad::kNotset);
  EXPECT_EQ(conv.group, 1);
  EXPECT_TRUE(conv.pads.empty());
  const auto norm = read<attributes::LayerNormalization>(op::kLayerNormalization, {});
  EXPECT_EQ(norm.axis, -1);
  EXPECT_EQ(norm.epsilon, 1e-5f);
  EXPECT_EQ(read<attributes::TenonNllLoss>(op::kTenonNllLoss, {}).reduction,
            NllLossReduction::kMean);
  EXPECT_EQ(read<attributes::Split>(op::kSplit, {}).num_outputs, std::nullopt);
}

TEST(AttributeStructs, HoldWhatIsGiven) {
  const auto conv = read<attributes::Conv>(
      op::kConv,
      {{"auto_pad", {}, "VALID"}, {"group", {3}}, {"pads", {1, 2}, nullptr, TN_ATTRIBUTE_INTS}});
  EXPECT_EQ(conv.auto_pad, AutoPad::kValid);
  EXPECT_EQ(conv.group, 3);
  EXPECT_EQ(conv.pads, (std::vector<int64_t>{1, 2}));
  EXPECT_TRUE(read<attributes::Gemm>(op::kGemm, {{"transB", {1}}}).transB);
  EXPECT_EQ(read<attributes::Split>(op::kSplit, {{"num_outputs", {2}}}).num_outputs, 2);
  EXPECT_EQ(read<attributes::Pad>(op::kPad, {{"mode", {}, "wrap"}}).mode, PadMode::kWrap);
}

// Also without the core's look at the description.
TEST(AttributeStructs, RefuseOtherTypesAndWords) {
  EXPECT_THROW(read<attributes::Gather>(op::kGather, {{"axis", {}, "first"}}), KernelError);
  EXPECT_THROW(read<attributes::Pad>(op::kPad, {{"mode", {}, "mirror"}}), KernelError);
}

}  // namespace
}  // namespace tenon::device
