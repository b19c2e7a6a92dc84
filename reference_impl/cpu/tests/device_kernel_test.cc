// SPDX-License-Identifier: Apache-2.0
//
// Descriptions of kernels: what is refused, and what the refusal says.
#include "reference_impl/cpu/tests/device_harness.h"

namespace tenon::cpu::testing {
namespace {

class KernelTest : public ::testing::Test {
 protected:
  void refuse(const KernelDesc& desc, tn_status status, const char* message) {
    TN_EXPECT_ERROR(status, message, kernel_supports, device, desc.get(), nullptr);
    tn_kernel* kernel = reinterpret_cast<tn_kernel*>(this);
    TN_EXPECT_ERROR(status, message, kernel_create, device, desc.get(), &kernel);
    EXPECT_EQ(nullptr, kernel);
  }
  Device device{"unified"};
  const tn_argument ints = describe(TN_INT32, 1);
};

TEST_F(KernelTest, UnknownOperatorsVersionsAndTypesAreUnsupported) {
  refuse(KernelDesc("test", "Nothing", 1, {ints}, {ints}), TN_UNSUPPORTED,
         "no operator test.Nothing");
  refuse(KernelDesc("test", "AddOne", 9, {ints}, {ints}), TN_UNSUPPORTED,
         "no version 9 of test.AddOne; there are 1");
  const tn_argument floats = describe(TN_FLOAT32, 1);
  refuse(KernelDesc("test", "AddOne", 1, {floats}, {floats}), TN_UNSUPPORTED, "element type");
}

TEST_F(KernelTest, UnknownAttributesAreNamed) {
  refuse(KernelDesc("test", "AddOne", 1, {ints}, {ints}, {{"known", 1}, {"axis", 1}}),
         TN_INVALID_ARGUMENT, "test.AddOne has no attribute axis");
  refuse(KernelDesc("test", "AddOne", 1, {ints}, {ints}, {{"known", 1}, {"known", 1}}),
         TN_INVALID_ARGUMENT, "given twice");
  KernelDesc good("test", "AddOne", 1, {ints}, {ints}, {{"known", 1}});
  TN_CHECK(kernel_supports, device, good.get(), nullptr);
}

TEST_F(KernelTest, MalformedArgumentsAreRefused) {
  const auto with = [&](auto change) {
    tn_argument argument = ints;
    change(argument);
    return argument;
  };
  const auto input = [&](auto change) {
    return KernelDesc("test", "AddOne", 1, {with(change)}, {ints});
  };
  refuse(input([](tn_argument& a) { a.kind = 9; }), TN_UNSUPPORTED, "unknown kind 9");
  refuse(input([](tn_argument& a) { a.dtype = 99; }), TN_UNSUPPORTED, "element type 99");
  refuse(input([](tn_argument& a) { a.rank = 17; }), TN_INVALID_ARGUMENT, "rank 17");
  refuse(input([](tn_argument& a) { a.layout = 999; }), TN_INVALID_ARGUMENT, "layout 999");
  refuse(input([](tn_argument& a) { a.alias = 1; }), TN_INVALID_ARGUMENT, "no earlier input");
  refuse(input([](tn_argument& a) { a.kind = TN_ARGUMENT_CONSTANT; }), TN_INVALID_ARGUMENT,
         "constant");
  refuse(input([](tn_argument& a) { a.struct_size = 0; }), TN_INVALID_ARGUMENT, "struct_size");
  refuse(input([](tn_argument& a) { a.layout = 16; }), TN_UNSUPPORTED, "cannot be in layout 16");
  const tn_argument replacing = with([](tn_argument& a) { a.alias = 1; });
  const auto second = [&](auto change) {
    return KernelDesc("test", "AddOne", 1, {ints, with(change)}, {replacing});
  };
  refuse(second([](tn_argument& a) { a.alias = 2; }), TN_INVALID_ARGUMENT, "no earlier input");
  refuse(second([](tn_argument& a) { a.rank = 2, a.alias = 1; }), TN_INVALID_ARGUMENT,
         "cannot be the same view as input 0");
  refuse(KernelDesc("test", "AddOne", 1, {ints, replacing}, {ints}), TN_INVALID_ARGUMENT,
         "no output replaces that input");
  const auto output = [&](auto change) {
    return KernelDesc("test", "AddOne", 1, {ints}, {with(change)});
  };
  refuse(output([](tn_argument& a) { a.alias = 2; }), TN_INVALID_ARGUMENT, "alias 2");
  refuse(output([](tn_argument& a) { a.rank = 2, a.alias = 1; }), TN_INVALID_ARGUMENT, "replace");
  refuse(output([](tn_argument& a) { a.kind = TN_ARGUMENT_HOST; }), TN_INVALID_ARGUMENT, "kind 3");
}

TEST_F(KernelTest, FieldsOfLaterVersionsAreNotIgnored) {
  struct Longer {
    tn_argument known;
    int64_t unknown;
  } longer{ints, 1};
  longer.known.struct_size = sizeof(longer);
  KernelDesc desc("test", "AddOne", 1, {ints}, {ints});
  const tn_argument* inputs[] = {&longer.known};
  desc.desc().inputs = inputs;
  refuse(desc, TN_UNSUPPORTED, "tn_argument");
  longer.unknown = 0;
  TN_CHECK(kernel_supports, device, desc.get(), nullptr);
}

TEST_F(KernelTest, OperatorsThatCannotReplaceAnInputSaySo) {
  tn_argument output = describe(TN_INT32, 1);
  output.alias = 1;
  KernelDesc desc(op::kCast, {ints}, {output}, {{"to", TN_INT32}});
  tn_kernel_support support{};
  support.struct_size = sizeof(support);
  tn_argument_needs needs{};
  support.outputs = &needs;
  TN_EXPECT_ERROR(TN_NEEDS_STATIC, "cannot replace", kernel_supports, device, desc.get(), &support);
  EXPECT_EQ(uint32_t{TN_REQUIRES_NO_ALIAS}, needs.requirements);
}

// Updates are read after the first of them were written to the data.
TEST_F(KernelTest, OperatorsThatCannotReplaceAnInputGivenTwiceSaySo) {
  tn_argument output = describe(TN_FLOAT32, 1);
  output.alias = 1;
  const tn_argument data = describe(TN_FLOAT32, 1);
  const tn_argument indices = describe(TN_INT64, 1);
  KernelDesc scatter(op::kScatterElements, {data, indices, data}, {output});
  TN_CHECK(kernel_supports, device, scatter.get(), nullptr);
  KernelDesc twice(op::kScatterElements, {data, indices, output}, {output});
  tn_kernel_support support{};
  support.struct_size = sizeof(support);
  tn_argument_needs needs{};
  support.outputs = &needs;
  TN_EXPECT_ERROR(TN_NEEDS_STATIC, "given twice", kernel_supports, device, twice.get(), &support);
  EXPECT_EQ(uint32_t{TN_REQUIRES_NO_ALIAS}, needs.requirements);
}

TEST_F(KernelTest, TheTableOfOperatorsHasTheMandatoryOnes) {
  tn_operator_table rows{};
  rows.struct_size = sizeof(rows);
  TN_CHECK(device_get_operators, device, &rows);
  const auto has = [&](const std::string& domain, const std::string& name, int32_t version) {
    for (size_t i = 0; i < rows.count; ++i) {
      const auto* row = reinterpret_cast<const tn_operator_entry*>(
          reinterpret_cast<const char*>(rows.first) + i * rows.stride);
      if (row->domain == domain && row->name == name && row->version == version) return true;
    }
    return false;
  };
  EXPECT_TRUE(has("", "Identity", op::kIdentity.version));
  for (const OperatorId& older : op::kCastVersions) EXPECT_TRUE(has("", "Cast", older.version));
  EXPECT_TRUE(has("tenon", "Fill", op::kTenonFill.version));
  EXPECT_FALSE(has("", "Identity", op::kIdentity.version + 1));
}

}  // namespace
}  // namespace tenon::cpu::testing
