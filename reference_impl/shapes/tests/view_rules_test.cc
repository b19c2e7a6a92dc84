// SPDX-License-Identifier: Apache-2.0
//
// Rules of operators that devices are not asked for, and what all rules refuse.
#include "reference_impl/shapes/tests/calls.h"

namespace tenon::shapes {
namespace {

using Dims = std::vector<int64_t>;
using All = std::vector<Dims>;

Input<int64_t> tensor(Dims dims) { return {true, std::move(dims), std::nullopt, std::nullopt}; }
Input<int64_t> host(Dims values) {
  return {true, Dims{static_cast<int64_t>(values.size())}, std::move(values), std::nullopt};
}

struct Call {
  KernelDesc desc;
  Query<int64_t> query;

  Call(std::string name, std::vector<Input<int64_t>> inputs, size_t outputs = 1) {
    desc.name = std::move(name);
    query = {std::move(inputs), outputs};
  }
  Call& set(const char* name, AttributeValue value) {
    desc.attribute(name, std::move(value));
    return *this;
  }
  All outputs() const {
    All all;
    for (const Shape<int64_t>& dims : outputs_of(desc, query))
      all.emplace_back(dims.begin(), dims.end());
    return all;
  }
  std::string message() const {
    try {
      outputs();
    } catch (const ShapeError& error) {
      return error.what();
    }
    return "";
  }
};

TEST(ViewRules, Reshape) {
  EXPECT_EQ(Call("Reshape", {tensor({2, 3, 4}), host({0, -1})}).outputs(), (All{{2, 12}}));
  EXPECT_EQ(Call("Reshape", {tensor({0, 3}), host({3, 0})}).set("allowzero", 1).outputs(),
            (All{{3, 0}}));
  EXPECT_NE(Call("Reshape", {tensor({2, 3}), host({4, -1})}).message(), "");
  EXPECT_NE(Call("Reshape", {tensor({2, 3}), host({5})}).message(), "");
}

TEST(ViewRules, Transpose) {
  EXPECT_EQ(Call("Transpose", {tensor({2, 3, 4})}).outputs(), (All{{4, 3, 2}}));
  EXPECT_EQ(Call("Transpose", {tensor({2, 3, 4})}).set("perm", Dims{1, 2, 0}).outputs(),
            (All{{3, 4, 2}}));
  EXPECT_NE(Call("Transpose", {tensor({2, 3, 4})}).set("perm", Dims{1, 0}).message(), "");
  EXPECT_NE(Call("Transpose", {tensor({2, 3})}).set("perm", Dims{1, 1}).message(), "");
}

TEST(ViewRules, Slice) {
  const auto slice = [](int64_t start, int64_t end, int64_t step) {
    return Call("Slice", {tensor({10, 2}), host({start}), host({end}), host({0}), host({step})});
  };
  EXPECT_EQ(slice(1, 8, 3).outputs()[0][0], 3);
  EXPECT_EQ(slice(-3, INT64_MAX, 1).outputs()[0][0], 3);
  EXPECT_EQ(slice(INT64_MAX, INT64_MIN, -4).outputs()[0][0], 3);
  EXPECT_EQ(slice(9, INT64_MIN, INT64_MIN).outputs()[0][0], 1);
  EXPECT_EQ(slice(8, 2, -1).outputs()[0][0], 6);
  EXPECT_EQ(slice(4, 2, 1).outputs()[0][0], 0);
  EXPECT_NE(slice(0, 1, 0).message(), "");
}

TEST(ViewRules, SplitIntoPartsAndEvenly) {
  EXPECT_EQ(Call("Split", {tensor({7, 2}), host({3, 4})}, 2).outputs(), (All{{3, 2}, {4, 2}}));
  EXPECT_EQ(Call("Split", {tensor({7, 2})}, 3).outputs(), (All{{3, 2}, {3, 2}, {1, 2}}));
}

TEST(ViewRules, AxesOfOne) {
  EXPECT_EQ(Call("Squeeze", {tensor({1, 3, 1})}).outputs(), (All{{3}}));
  EXPECT_EQ(Call("Squeeze", {tensor({1, 3, 1}), host({-1})}).outputs(), (All{{1, 3}}));
  EXPECT_NE(Call("Squeeze", {tensor({1, 3, 1}), host({1})}).message(), "");
  EXPECT_EQ(Call("Unsqueeze", {tensor({3}), host({0, -1})}).outputs(), (All{{1, 3, 1}}));
  EXPECT_NE(Call("Unsqueeze", {tensor({3}), host({0, 0})}).message(), "");
}

TEST(ViewRules, FlattenExpandShape) {
  EXPECT_EQ(Call("Flatten", {tensor({2, 3, 4})}).outputs(), (All{{2, 12}}));
  EXPECT_EQ(Call("Flatten", {tensor({2, 3, 4})}).set("axis", -1).outputs(), (All{{6, 4}}));
  EXPECT_NE(Call("Flatten", {tensor({2})}).set("axis", 2).message(), "");
  EXPECT_EQ(Call("Expand", {tensor({3, 1}), host({2, 1, 5})}).outputs(), (All{{2, 3, 5}}));
  EXPECT_NE(Call("Expand", {tensor({3}), host({2})}).message(), "");
  EXPECT_EQ(Call("Shape", {tensor({2, 3, 4})}).set("start", 1).set("end", 99).outputs(),
            (All{{2}}));
  EXPECT_EQ(Call("Shape", {tensor({2, 3, 4})}).outputs(), (All{{3}}));
}

TEST(ViewRules, OnIntervalsHoldWhatPointsGive) {
  const std::vector<Call> calls = {
      Call("Reshape", {tensor({2, 3, 4}), host({0, -1})}),
      Call("Reshape", {tensor({4, 6}), host({2, 2, -1})}),
      Call("Reshape", {tensor({4, 6}), host({6, 4})}),
      Call("Transpose", {tensor({2, 3, 4})}),
      Call("Slice", {tensor({10, 2}), host({1}), host({8}), host({0}), host({3})}),
      Call("Slice", {tensor({9, 5}), host({-4, 1}), host({7, -1})}),
      Call("Slice", {tensor({9}), host({-1}), host({-100}), host({0}), host({-2})}),
      Call("Split", {tensor({7, 2})}, 3),
      Call("Split", {tensor({7, 2}), host({3, 4})}, 2),
      Call("Squeeze", {tensor({1, 3, 1}), host({0})}),
      Call("Squeeze", {tensor({1, 3, 1})}),
      Call("Unsqueeze", {tensor({3, 2}), host({0, -1})}),
      Call("Flatten", {tensor({2, 3, 4})}),
      Call("Expand", {tensor({3, 1}), host({2, 1, 5})}),
      Call("Shape", {tensor({2, 3, 4})}),
      Call("Size", {tensor({2, 3, 4})}),
      Call("ConstantOfShape", {host({2, 3})}),
  };
  std::mt19937 random(11);
  for (const Call& call : calls)
    EXPECT_GT(expect_contains(call.desc, call.query, 300, &random), 10) << call.desc.name;
}

TEST(ShapeRules, SayWhatTheyRefuse) {
  const auto has = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  has(Call("MatMul", {tensor({2, 3}), tensor({4, 5})}).message(), "A [2, 3], B [4, 5]");
  has(Call("Add", {tensor({2}), tensor({3})}).message(), "[2], [3] do not broadcast");
  has(Call("ArgMax", {tensor({2, 3})}).set("axis", 2).message(), "axis 2");
  has(Call("ReduceSum", {tensor({2}), tensor({1})}).message(), "not known: axes");
  has(Call("Concat", {tensor({2, 3}), tensor({2})}).set("axis", 0).message(), "[2]");
  has(Call("TopK", {tensor({4}), host({1, 2})}).message(), "K must be one number");
  has(Call("TopK", {tensor({4}), host({5})}).message(), "K is 5");
  has(Call("Conv", {tensor({1, 4, 5}), tensor({2, 3, 3})}).message(), "channels do not fit");
}

}  // namespace
}  // namespace tenon::shapes
