// SPDX-License-Identifier: Apache-2.0
//
// Attributes against the operator contract, before any kernel sees them.
#include <gtest/gtest.h>

#include "reference_impl/device/attribute_bounds.h"
#include "tenon/cpp/operator_ids.hpp"

namespace tenon::device {
namespace {

struct Given {
  const char* name;
  std::vector<int64_t> ints = {};
  const char* text = nullptr;
  tn_attribute_type type = TN_ATTRIBUTE_INT;
};

// What is said of a call with one input of this rank; "" where nothing is.
std::string refusal(const OperatorId& id, int32_t rank, const std::vector<Given>& given) {
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
  try {
    check_attributes(id, desc);
  } catch (const KernelError& error) {
    EXPECT_EQ(error.status, TN_INVALID_ARGUMENT);
    return error.what();
  }
  return "";
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

}  // namespace
}  // namespace tenon::device
