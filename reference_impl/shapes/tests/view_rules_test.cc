// SPDX-License-Identifier: Apache-2.0
//
// Rules of operators that devices are not asked for, and what all rules refuse.
#include <gtest/gtest.h>

#include <map>

#include "shapes/shape_rules.h"

namespace tenon::shapes {
namespace {

Input tensor(Dims dims) { return {true, std::move(dims), std::nullopt}; }
Input host(std::vector<double> values) {
  return {true, Dims{static_cast<int64_t>(values.size())}, std::move(values)};
}

Call call(std::vector<Input> inputs, std::map<std::string, int64_t, std::less<>> integers = {},
          Dims list = {}, size_t outputs = 1) {
  Call call;
  call.inputs = std::move(inputs);
  call.outputs = outputs;
  call.integer = [integers](std::string_view name) {
    const auto found = integers.find(name);
    return found != integers.end() ? found->second : 0;
  };
  call.integers = [list](std::string_view) { return list; };
  call.text = [](std::string_view) { return std::string(); };
  return call;
}

using All = std::vector<Dims>;

TEST(ViewRules, Reshape) {
  EXPECT_EQ(reshape(call({tensor({2, 3, 4}), host({0, -1})})), All{Dims({2, 12})});
  EXPECT_EQ(reshape(call({tensor({0, 3}), host({3, 0})}, {{"allowzero", 1}})), All{Dims({3, 0})});
  EXPECT_THROW(reshape(call({tensor({2, 3}), host({4, -1})})), ShapeError);
  EXPECT_THROW(reshape(call({tensor({2, 3}), host({5})})), ShapeError);
}

TEST(ViewRules, Transpose) {
  EXPECT_EQ(transpose(call({tensor({2, 3, 4})})), All{Dims({4, 3, 2})});
  EXPECT_EQ(transpose(call({tensor({2, 3, 4})}, {}, {1, 2, 0})), All{Dims({3, 4, 2})});
  EXPECT_THROW(transpose(call({tensor({2, 3, 4})}, {}, {1, 0})), ShapeError);
}

TEST(ViewRules, Slice) {
  const auto sliced = [](double start, double end, double step) {
    return slice(
        call({tensor({10, 2}), host({start}), host({end}), host({0}), host({step})}))[0][0];
  };
  EXPECT_EQ(sliced(1, 8, 3), 3);
  EXPECT_EQ(sliced(-3, 1e9, 1), 3);
  EXPECT_EQ(sliced(1e9, -1e9, -4), 3);
  EXPECT_EQ(sliced(8, 2, -1), 6);
  EXPECT_EQ(sliced(4, 2, 1), 0);
  EXPECT_THROW(sliced(0, 1, 0), ShapeError);
}

TEST(ViewRules, SplitIntoPartsAndEvenly) {
  EXPECT_EQ(split(call({tensor({7, 2}), host({3, 4})}, {}, {}, 2)), (All{{3, 2}, {4, 2}}));
  EXPECT_EQ(split(call({tensor({7, 2})}, {}, {}, 3)), (All{{3, 2}, {3, 2}, {1, 2}}));
}

TEST(ViewRules, AxesOfOne) {
  EXPECT_EQ(squeeze(call({tensor({1, 3, 1})})), All{Dims({3})});
  EXPECT_EQ(squeeze(call({tensor({1, 3, 1}), host({-1})})), All{Dims({1, 3})});
  EXPECT_THROW(squeeze(call({tensor({1, 3, 1}), host({1})})), ShapeError);
  EXPECT_EQ(unsqueeze(call({tensor({3}), host({0, -1})})), All{Dims({1, 3, 1})});
}

TEST(ViewRules, FlattenExpandShape) {
  EXPECT_EQ(flatten(call({tensor({2, 3, 4})}, {{"axis", 1}})), All{Dims({2, 12})});
  EXPECT_EQ(flatten(call({tensor({2, 3, 4})}, {{"axis", -1}})), All{Dims({6, 4})});
  EXPECT_THROW(flatten(call({tensor({2})}, {{"axis", 2}})), ShapeError);
  EXPECT_EQ(expand(call({tensor({3, 1}), host({2, 1, 5})})), All{Dims({2, 3, 5})});
  EXPECT_THROW(expand(call({tensor({3}), host({2})})), ShapeError);
  EXPECT_EQ(shape(call({tensor({2, 3, 4})}, {{"start", 1}, {"end", 99}})), All{Dims({2})});
}

TEST(ShapeRules, SayWhatTheyRefuse) {
  const auto message = [](const Rule& rule, const Call& call) -> std::string {
    try {
      rule(call);
    } catch (const ShapeError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message(matmul, call({tensor({2, 3}), tensor({4, 5})})).find("[2, 3]"),
            std::string::npos);
  EXPECT_NE(message(broadcast, call({tensor({2}), tensor({3})})).find("broadcast"),
            std::string::npos);
  EXPECT_NE(message(arg_reduce, call({tensor({2, 3})}, {{"axis", 2}})).find("axis 2"),
            std::string::npos);
  EXPECT_NE(message(reduce, call({tensor({2}), tensor({1})})).find("not known"), std::string::npos);
  EXPECT_NE(message(concat, call({tensor({2, 3}), tensor({2})})).find("[2]"), std::string::npos);
  EXPECT_NE(message(top_k, call({tensor({4}), host({1, 2})})).find("one number"),
            std::string::npos);
}

}  // namespace
}  // namespace tenon::shapes
