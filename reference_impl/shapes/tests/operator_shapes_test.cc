// SPDX-License-Identifier: Apache-2.0
//
// Every rule against the conformance suite's cases, whose outputs come of independent loops: on
// numbers it gives the outputs' dims, as the reference device answers them; on intervals it gives
// what holds all of them.
#include <set>

#include "reference_impl/shapes/tests/calls.h"
#include "runtime/registry.h"
#include "suite/case.h"

namespace tenon::shapes {
namespace {

using conformance::CaseInput;
using conformance::OperatorCase;

KernelDesc description_of(const OperatorCase& c) {
  KernelDesc desc;
  desc.domain = c.domain;
  desc.name = c.name;
  desc.version = op::find(c.domain, c.name)->version;
  desc.attributes = c.attributes;
  for (const CaseInput& input : c.inputs) {
    const auto rank = static_cast<int32_t>(input.tensor.dims.size());
    desc.input(input.kind == TN_ARGUMENT_ABSENT ? Argument::absent()
               : input.kind == TN_ARGUMENT_HOST
                   ? Argument::host(input.tensor.dtype, input.tensor.dims)
                   : Argument::dynamic(input.tensor.dtype, rank));
  }
  for (size_t i = 0; i < c.outputs.size(); ++i) {
    const auto& dims = c.bounds.empty() ? c.outputs[i].dims : c.bounds[i];
    const tn_dtype dtype = c.outputs[i].dtype;
    desc.output(dtype == TN_DTYPE_UNDEFINED
                    ? Argument::absent()
                    : Argument::dynamic(dtype, static_cast<int32_t>(dims.size())));
  }
  return desc;
}

Query<int64_t> query_of(const OperatorCase& c) {
  Query<int64_t> query;
  query.output_count = c.outputs.size();
  for (const CaseInput& input : c.inputs) {
    Input<int64_t>& to = query.given.emplace_back();
    to.present = input.kind != TN_ARGUMENT_ABSENT;
    to.dims = input.tensor.dims;
    if (input.kind != TN_ARGUMENT_HOST) continue;
    const auto& values = input.tensor.values;
    const bool is_float = conformance::is_float(input.tensor.dtype);
    if (is_float) to.reals.emplace(values.begin(), values.end());
    // OneHot takes its depth in floats, too; others are asked for whole numbers alone.
    if (!is_float || c.name == "OneHot") to.values.emplace(values.begin(), values.end());
  }
  return query;
}

std::string title(const OperatorCase& c) { return c.domain + "." + c.name + " " + c.label; }

// Calls visit(case, shape) for all cases of operators that have a rule.
template <class Visit>
void for_each_case(Visit&& visit) {
  for (const OperatorCase& c : conformance::all_cases()) {
    const OperatorShape* shape = find_shape(c.domain, c.name);
    ASSERT_NE(shape, nullptr) << title(c);
    if (shape->source != Source::kCaller) visit(c, *shape);
  }
}

bool within(const std::vector<int64_t>& dims, std::span<const int64_t> most) {
  bool fits = dims.size() == most.size();
  for (size_t i = 0; fits && i < dims.size(); ++i) fits = dims[i] <= most[i];
  return fits;
}

TEST(OperatorShapes, AreThoseOfTheJudgesCases) {
  std::set<std::string> seen;
  for_each_case([&](const OperatorCase& c, const OperatorShape& shape) {
    const std::vector<Shape<int64_t>> said = outputs_of(description_of(c), query_of(c));
    for (size_t i = 0; i < c.outputs.size(); ++i) {
      if (c.outputs[i].dtype == TN_DTYPE_UNDEFINED) continue;  // Not asked for.
      ASSERT_LT(i, said.size()) << title(c) << " by " << shape.rule_name;
      const std::string which = title(c) + ", output " + std::to_string(i) + ": " +
                                dims_text(said[i]) + " by " + std::string(shape.rule_name);
      if (shape.source == Source::kData) {
        EXPECT_TRUE(within(c.outputs[i].dims, said[i])) << which;
        EXPECT_TRUE(c.bounds.empty() || std::ranges::equal(c.bounds[i], said[i])) << which;
      } else {
        EXPECT_TRUE(std::ranges::equal(c.outputs[i].dims, said[i])) << which;
      }
    }
    seen.insert(c.domain + "." + c.name);
  });
  // Hosts do the others with dims and strides: view_rules_test.cc.
  for (const runtime::OperatorInfo& info : runtime::operators()) {
    const OperatorShape* shape = find_shape(info.domain, info.name);
    ASSERT_NE(shape, nullptr) << info.full_name;
    const bool judged = seen.contains(std::string(info.domain) + "." + std::string(info.name));
    EXPECT_TRUE(judged || info.view() || shape->source == Source::kCaller)
        << info.full_name << " has no case";
  }
}

TEST(OperatorShapes, AreWhatTheReferenceDeviceAnswers) {
  Loader loader;
  const Device device = loader.open("cpu").open_device(0);
  int answers = 0;
  std::set<std::string> refused;
  for_each_case([&](const OperatorCase& c, const OperatorShape&) {
    const KernelDesc desc = description_of(c);
    if (!supports(device, desc)) {
      refused.insert(c.domain + "." + c.name);
      return;
    }
    std::vector<std::vector<unsigned char>> values(c.inputs.size());
    std::vector<Tensor> tensors(c.inputs.size());
    std::vector<const tn_tensor*> inputs(c.inputs.size());
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      const auto& [kind, tensor, same] = c.inputs[i];
      if (kind == TN_ARGUMENT_ABSENT) continue;
      values[i] = tensor.bytes();
      values[i].resize(std::max<size_t>(values[i].size(), 16));
      tensors[i] = kind == TN_ARGUMENT_HOST
                       ? Tensor::host(values[i].data(), tensor.dtype, Dims(tensor.dims))
                       : Tensor::device(nullptr, tensor.dtype, Dims(tensor.dims));
      inputs[i] = tensors[i].get();
    }
    std::vector<int32_t> ranks;
    for (const Argument& output : desc.outputs)
      ranks.push_back(output.kind == TN_ARGUMENT_ABSENT ? -1 : output.rank);
    const std::vector<Shape<int64_t>> said = outputs_of(desc, query_of(c));
    const auto answered = Kernel(device, desc).output_dims(inputs, ranks);
    for (size_t i = 0; i < ranks.size(); ++i) {
      if (ranks[i] < 0) continue;
      ++answers;
      EXPECT_TRUE(std::ranges::equal(answered[i], said[i]))
          << title(c) << ", output " << i << ": " << dims_text(said[i]) << " by the rule, "
          << dims_text(answered[i]) << " by the device";
    }
  });
  EXPECT_GT(answers, 1000);
  // Of element types that the contract has and the reference device has not.
  EXPECT_EQ(refused, (std::set<std::string>{".Equal", ".Gemm", ".NonZero", "tenon.NotEqual"}));
}

TEST(OperatorShapes, OnIntervalsHoldWhatPointsGive) {
  std::mt19937 random(7);
  std::map<std::string_view, int> taken;
  for_each_case([&](const OperatorCase& c, const OperatorShape& shape) {
    taken[shape.rule_name] += expect_contains(description_of(c), query_of(c), 12, &random);
  });
  for (const auto& [rule, calls] : taken) EXPECT_GT(calls, 3) << rule << " was hardly asked";
}

}  // namespace
}  // namespace tenon::shapes
