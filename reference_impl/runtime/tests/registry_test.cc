// SPDX-License-Identifier: Apache-2.0
#include "runtime/registry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "runtime/operation.h"
#include "tenon/cpp/error.hpp"

namespace tenon::runtime {
namespace {

using Ints = std::vector<int64_t>;

TEST(Registry, FindsEveryOperatorByItsFullName) {
  ASSERT_FALSE(operators().empty());
  std::set<std::string_view> names;
  for (const OperatorInfo& info : operators()) {
    EXPECT_EQ(find_operator(info.full_name), &info);
    EXPECT_TRUE(names.insert(info.full_name).second) << info.full_name << " is there twice";
    EXPECT_EQ(info.full_name, info.domain.empty()
                                  ? std::string(info.name)
                                  : std::string(info.domain) + "." + std::string(info.name));
    EXPECT_NE(info.dtypes, 0u);
  }
  EXPECT_EQ(find_operator("NoSuchOperator"), nullptr);
  EXPECT_EQ(find_operator(""), nullptr);
}

TEST(Registry, KnowsWhatTheContractSays) {
  const OperatorInfo& adamw = *find_operator("tenon.AdamW");
  EXPECT_EQ(adamw.inputs.size(), 11u);
  EXPECT_EQ(adamw.inputs[4].flags, kOptional);
  EXPECT_EQ(adamw.inputs[5].flags, kHostOnly);
  const OperatorInfo& max = *find_operator("Max");
  EXPECT_TRUE(max.variadic());
  EXPECT_TRUE(max.elementwise());
  EXPECT_FALSE(find_operator("Concat")->elementwise());
  EXPECT_TRUE(find_operator("Equal")->boolean());
  EXPECT_TRUE(find_operator("Reshape")->view());
  // The two pooling operators of one name are told apart by their domains.
  EXPECT_NE(find_operator("MaxPool"), find_operator("tenon.MaxPool"));
}

TEST(Registry, BodiesAreMadeOfElementwiseOperatorsButForTheProductOfAFusedOne) {
  size_t bodies = 0;
  for (const OperatorInfo& info : operators()) {
    const bool fused = !info.body.empty() && info.body.back().is_steps();
    for (const BodyStep& step : info.body.first(info.body.size() - fused)) {
      const OperatorInfo* callee = find_operator(step.name);
      ASSERT_NE(callee, nullptr) << step.name;
      EXPECT_NE(callee->elementwise(), fused) << step.name;
    }
    bodies += !info.body.empty();
  }
  EXPECT_GT(bodies, 0u);
}

TEST(Operation, EqualOnesHashAlikeWhateverTheOrderOfAttributes) {
  const Operation a("Conv", {{"strides", Ints{2, 2}}, {"group", int64_t{1}}});
  const Operation b("Conv", {{"group", int64_t{1}}, {"strides", Ints{2, 2}}});
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.hash(), b.hash());
  EXPECT_EQ(a.attributes()[0].name, "group");
  EXPECT_EQ(a.version(), find_operator("Conv")->version);
}

TEST(Operation, EveryDifferenceCounts) {
  const Operation base("Conv", {{"strides", Ints{2, 2}}});
  for (const Operation& other :
       {Operation("Conv"), Operation("Conv", {{"strides", Ints{2, 1}}}),
        Operation("Conv", {{"dilations", Ints{2, 2}}}), Operation("Conv", {{"strides", Ints{2}}}),
        Operation("tenon.ConvGradInput", {{"strides", Ints{2, 2}}})}) {
    EXPECT_FALSE(base == other);
    EXPECT_NE(base.hash(), other.hash());
  }
  EXPECT_FALSE(Operation("MaxPool") == Operation("tenon.MaxPool"));
  // By bits: two kernels for 0 and -0, one for a NaN.
  EXPECT_FALSE(Operation("LeakyRelu", {{"alpha", 0.0f}}) ==
               Operation("LeakyRelu", {{"alpha", -0.0f}}));
  EXPECT_EQ(Operation("LeakyRelu", {{"alpha", std::nanf("")}}),
            Operation("LeakyRelu", {{"alpha", std::nanf("")}}));
}

tn_status status_of(std::string_view name, std::vector<Attribute> attributes) {
  try {
    const Operation operation(name, std::move(attributes));
  } catch (const Error& error) {
    return error.status();
  }
  return TN_OK;
}

TEST(Operation, RefusesWhatTheContractDoesNotHave) {
  EXPECT_EQ(status_of("Addd", {}), TN_NOT_FOUND);
  EXPECT_EQ(status_of("AdamW", {}), TN_NOT_FOUND);
  EXPECT_EQ(status_of("Add", {{"axis", int64_t{1}}}), TN_INVALID_ARGUMENT);
  EXPECT_EQ(status_of("Softmax", {{"axis", 1.0f}}), TN_INVALID_ARGUMENT);
  EXPECT_EQ(status_of("Softmax", {{"axis", int64_t{1}}, {"axis", int64_t{1}}}),
            TN_INVALID_ARGUMENT);
  EXPECT_EQ(status_of("Softmax", {{"axis", int64_t{1}}}), TN_OK);
}

}  // namespace
}  // namespace tenon::runtime
