// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with the steps of a fused operator is said, and of which step. (Their values are
// the conformance suite's.)
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reference_impl/cpu/kernels/contraction.h"

namespace tenon::cpu::testing {
namespace {

// FusedMatMul of matrices with operands of rank 2, the last of type `last` and rank `last_rank`.
struct Fused {
  std::vector<std::string> words;
  std::vector<float> parameters = {};
  size_t operands = 0;
  tn_dtype last = TN_FLOAT32;
  int32_t last_rank = 2;

  std::unique_ptr<Kernel> make() const {
    std::vector<tn_string> strings;
    strings.reserve(words.size());
    for (const std::string& word : words) strings.push_back({word.data(), word.size()});
    tn_attribute steps{}, numbers{};
    steps.struct_size = numbers.struct_size = sizeof(tn_attribute);
    steps.name = "steps";
    steps.type = TN_ATTRIBUTE_STRINGS;
    steps.count = strings.size();
    steps.strings = strings.data();
    numbers.name = "step_parameters";
    numbers.type = TN_ATTRIBUTE_FLOATS;
    numbers.count = parameters.size();
    numbers.floats = parameters.data();
    const tn_attribute* attributes[] = {&steps, &numbers};
    std::vector<tn_argument> arguments(3 + operands);
    for (tn_argument& a : arguments) {
      a.struct_size = sizeof(a);
      a.kind = TN_ARGUMENT_DEVICE;
      a.dtype = TN_FLOAT32;
      a.rank = 2;
    }
    if (operands != 0) {
      arguments.back().dtype = last;
      arguments.back().rank = last_rank;
    }
    std::vector<const tn_argument*> inputs = {&arguments[1], &arguments[2]};
    for (size_t i = 0; i < operands; ++i) inputs.push_back(&arguments[3 + i]);
    const tn_argument* output = arguments.data();
    tn_kernel_desc desc{};
    desc.struct_size = sizeof(desc);
    desc.domain = "tenon";
    desc.name = "FusedMatMul";
    desc.version = tenon::op::kTenonFusedMatMul.version;
    desc.inputs = inputs.data();
    desc.input_count = inputs.size();
    desc.outputs = &output;
    desc.output_count = 1;
    desc.attributes = attributes;
    desc.attribute_count = 2;
    return create_fused_matmul(Description(desc));
  }

  std::string complaint() const {
    try {
      make();
    } catch (const KernelError& error) {
      EXPECT_EQ(TN_INVALID_ARGUMENT, error.status) << error.what();
      return error.what();
    }
    return "";
  }
};

void expect(const Fused& fused, const std::string& part) {
  EXPECT_NE(std::string::npos, fused.complaint().find(part)) << fused.complaint();
}

TEST(FusedTest, SaysWhichStepIsWrong) {
  EXPECT_EQ("", (Fused{{"Clip", "Add", "LeakyRelu"}, {0, 6, 0.1f}, 1}.complaint()));
  expect({{}}, "FusedMatMul: steps is missing or empty");
  expect({{"Relu", "Swish"}}, "step 2, 'Swish', is not among those that there are: Relu, ");
  expect({{"Relu Tanh"}}, "step 1, 'Relu Tanh', is not among");
  expect({{"relu"}}, "step 1, 'relu', is not among");
  expect({{""}}, "step 1, '', is not among");
  expect({{"Relu", "LeakyRelu"}}, "step 2, 'LeakyRelu', takes 1 of step_parameters (alpha); 0 are");
  expect({{"LeakyRelu", "Clip"}, {0.1f, 0}},
         "step 2, 'Clip', takes 2 of step_parameters (min, max); 1 are left");
  expect({{"Clip", "Relu"}, {0, 6, 0.1f}},
         "'Relu', 1 of step_parameters are left; the steps take 2");
  expect({{"Add", "Mul"}, {}, 1},
         "step 2, 'Mul', takes an operand; the steps before it have taken");
  expect({{"Add", "Relu"}, {}, 3}, "'Relu', 2 operands are left; the steps take 1");
  expect({{"Relu", "Add", "Mul"}, {}, 2, TN_FLOAT64},
         "FusedMatMul, step 3, 'Mul': the operand is float64, expected float32");
  expect({{"Relu", "Add"}, {}, 1, TN_FLOAT32, 3},
         "FusedMatMul, step 2, 'Add': the operand has 3 dims, more than the output's 2");
}

TEST(FusedTest, SaysWhichOperandDoesNotBroadcast) {
  const auto kernel = Fused{{"Relu", "Add", "Mul"}, {}, 2}.make();
  const int64_t dims[] = {2, 2}, three[] = {1, 3}, strides[] = {2, 1};
  const View fits{nullptr, dims, strides, 2, TN_FLOAT32};
  const View wrong{nullptr, three, strides, 2, TN_FLOAT32};
  const View good[] = {fits, fits, fits, fits}, bad[] = {fits, fits, fits, wrong};
  EXPECT_NO_THROW(kernel->check({good, {&fits, 1}}));
  try {
    kernel->check({bad, {&fits, 1}});
    ADD_FAILURE();
  } catch (const KernelError& error) {
    EXPECT_EQ(TN_INVALID_ARGUMENT, error.status);
    EXPECT_STREQ(
        "FusedMatMul, step 3, 'Mul': the operand of dims [1, 3] does not broadcast to the output's "
        "dims [2, 2]",
        error.what());
  }
}

}  // namespace
}  // namespace tenon::cpu::testing
