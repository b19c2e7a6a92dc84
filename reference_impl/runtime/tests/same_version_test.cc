// SPDX-License-Identifier: Apache-2.0
#include "runtime/same_version.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/attribute_list.h"
#include "runtime/operation.h"

namespace tenon::runtime {
namespace {

// A call with these types; TN_DTYPE_UNDEFINED: absent.
class GivenCall {
 public:
  GivenCall(const char* name, std::vector<tn_dtype> inputs, std::vector<tn_dtype> outputs,
            std::vector<Attribute> attributes = {})
      : info_(*find_operator(name)), operation_(name, std::move(attributes)) {
    arguments_.reserve(inputs.size() + outputs.size());
    for (const auto& types : {inputs, outputs}) {
      for (const tn_dtype dtype : types) {
        tn_argument argument{};
        argument.struct_size = sizeof(argument);
        argument.kind = dtype == TN_DTYPE_UNDEFINED ? TN_ARGUMENT_ABSENT : TN_ARGUMENT_DEVICE;
        argument.dtype = dtype;
        pointers_.push_back(&arguments_.emplace_back(argument));
      }
    }
    desc_.struct_size = sizeof(desc_);
    desc_.inputs = pointers_.data();
    desc_.input_count = inputs.size();
    desc_.outputs = pointers_.data() + inputs.size();
    desc_.output_count = outputs.size();
    desc_.attributes = list_.data();
    desc_.attribute_count = list_.size();
  }

  bool expressed_by(int32_t version) const {
    const auto same = std::ranges::find(info_.same, version, &SameVersion::version);
    EXPECT_NE(same, info_.same.end()) << info_.name << " " << version;
    return same != info_.same.end() && expresses(info_, *same, desc_);
  }
  size_t attributes_of(int32_t version) const {
    return VersionedDescription(info_, desc_).get(version)->attribute_count;
  }

 private:
  const OperatorInfo& info_;
  Operation operation_;
  AttributeList list_{operation_.attributes()};
  std::vector<tn_argument> arguments_;
  std::vector<const tn_argument*> pointers_;
  tn_kernel_desc desc_{};
};

TEST(SameVersion, HasTheTypesThatBothVersionsAllow) {
  const auto add = [](tn_dtype t) { return GivenCall("Add", {t, t}, {t}); };
  EXPECT_TRUE(add(TN_FLOAT32).expressed_by(13));
  EXPECT_TRUE(add(TN_FLOAT32).expressed_by(7));
  EXPECT_TRUE(add(TN_BFLOAT16).expressed_by(13));
  EXPECT_FALSE(add(TN_BFLOAT16).expressed_by(7));
  EXPECT_FALSE(add(TN_INT8).expressed_by(13));
  // Not for what the contract has beyond ONNX.
  EXPECT_FALSE(GivenCall("Relu", {TN_UINT8}, {TN_UINT8}).expressed_by(13));
}

TEST(SameVersion, LimitsOtherParametersToo) {
  EXPECT_TRUE(GivenCall("Cast", {TN_FLOAT32}, {TN_FLOAT8E5M2}).expressed_by(19));
  EXPECT_FALSE(GivenCall("Cast", {TN_FLOAT32}, {TN_FLOAT8E5M2}).expressed_by(13));
  EXPECT_TRUE(GivenCall("Pow", {TN_FLOAT32, TN_INT32}, {TN_FLOAT32}).expressed_by(12));
  EXPECT_FALSE(GivenCall("Pow", {TN_FLOAT32, TN_BFLOAT16}, {TN_FLOAT32}).expressed_by(12));
}

TEST(SameVersion, TiesTypesThatItTies) {
  EXPECT_TRUE(GivenCall("Pow", {TN_FLOAT32, TN_FLOAT32}, {TN_FLOAT32}).expressed_by(7));
  EXPECT_FALSE(GivenCall("Pow", {TN_FLOAT32, TN_FLOAT64}, {TN_FLOAT32}).expressed_by(7));
}

TEST(SameVersion, HasItsArgumentsAndNoOthers) {
  const tn_dtype f = TN_FLOAT32, none = TN_DTYPE_UNDEFINED;
  EXPECT_TRUE(GivenCall("Gemm", {f, f, none}, {f}).expressed_by(11));
  EXPECT_FALSE(GivenCall("Gemm", {f, f, none}, {f}).expressed_by(9));
  EXPECT_FALSE(GivenCall("Gemm", {f, f}, {f}).expressed_by(9));
  EXPECT_TRUE(GivenCall("Gemm", {f, f, f}, {f}).expressed_by(9));
  EXPECT_TRUE(GivenCall("Pad", {f, TN_INT64, none, none}, {f}).expressed_by(13));
  EXPECT_FALSE(GivenCall("Pad", {f, TN_INT64, none, TN_INT64}, {f}).expressed_by(13));
  EXPECT_FALSE(GivenCall("MaxPool", {f}, {f, TN_INT64}).expressed_by(1));
  EXPECT_TRUE(GivenCall("Max", {f, f, f}, {f}).expressed_by(8));
}

TEST(SameVersion, KnowsItsAttributesAndTheDefaultOfOthers) {
  const auto cast = [](int64_t saturate) {
    return GivenCall("Cast", {TN_INT32}, {TN_FLOAT32},
                     {{"to", int64_t{TN_FLOAT32}}, {"saturate", saturate}});
  };
  EXPECT_TRUE(cast(1).expressed_by(13));
  EXPECT_FALSE(cast(0).expressed_by(13));
  EXPECT_TRUE(cast(0).expressed_by(19));
  EXPECT_EQ(cast(1).attributes_of(13),
            1u);  // A device of that version refuses what it cannot know.
  EXPECT_EQ(cast(1).attributes_of(19), 2u);
  const auto pool = [](std::vector<int64_t> dilations) {
    return GivenCall(
        "MaxPool", {TN_FLOAT32}, {TN_FLOAT32},
        {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"dilations", std::move(dilations)}});
  };
  EXPECT_TRUE(pool({}).expressed_by(8));
  EXPECT_FALSE(pool({2, 2}).expressed_by(8));
  const auto scatter = [](const char* reduction) {
    return GivenCall("ScatterND", {TN_FLOAT32, TN_INT64, TN_FLOAT32}, {TN_FLOAT32},
                     {{"reduction", std::string(reduction)}});
  };
  EXPECT_TRUE(scatter("none").expressed_by(13));
  EXPECT_FALSE(scatter("add").expressed_by(13));
  EXPECT_TRUE(scatter("add").expressed_by(16));
}

}  // namespace
}  // namespace tenon::runtime
