// SPDX-License-Identifier: Apache-2.0
//
// For every case of the conformance suite, the dims that the operator's rule gives are those of the
// suite's own outputs. The suite holds the same outputs against what devices answer.
#include <gtest/gtest.h>

#include <set>

#include "runtime/registry.h"
#include "shapes/shape_rules.h"
#include "suite/case.h"

namespace tenon::shapes {
namespace {

using conformance::CaseInput;
using conformance::OperatorCase;

const runtime::OperatorInfo& info_of(const OperatorCase& c) {
  return *runtime::find_operator(c.domain.empty() ? c.name : c.domain + "." + c.name);
}

// An attribute of the case, or the contract's default.
template <class T>
T attribute(const OperatorCase& c, std::string_view name, T (*otherwise)(const AttributeFact&)) {
  for (const Attribute& given : c.attributes)
    if (given.name == name) return std::get<T>(given.value);
  for (const AttributeFact& known : info_of(c).attributes)
    if (known.name == name) return otherwise(known);
  return T{};
}

Call call_of(const OperatorCase& c) {
  Call call;
  for (const CaseInput& input : c.inputs) {
    Input& to = call.inputs.emplace_back();
    to.present = input.kind != TN_ARGUMENT_ABSENT;
    to.dims = input.tensor.dims;
    const auto& values = input.tensor.values;
    if (input.kind != TN_ARGUMENT_DEVICE) to.values.emplace(values.begin(), values.end());
  }
  call.outputs = c.outputs.size();
  call.integer = [&c](std::string_view name) {
    return attribute<int64_t>(c, name, [](const AttributeFact& a) { return a.integer; });
  };
  call.integers = [&c](std::string_view name) {
    return attribute<Dims>(c, name, [](const AttributeFact&) { return Dims{}; });
  };
  call.text = [&c](std::string_view name) {
    return attribute<std::string>(c, name,
                                  [](const AttributeFact& a) { return std::string(a.text); });
  };
  return call;
}

bool within(const Dims& dims, const Dims& most) {
  bool fits = dims.size() == most.size();
  for (size_t i = 0; fits && i < dims.size(); ++i) fits = dims[i] <= most[i];
  return fits;
}

TEST(OperatorShapes, AreThoseOfTheJudgesCases) {
  std::set<std::string> seen;
  for (const OperatorCase& c : conformance::all_cases()) {
    const OperatorShape* shape = find_shape(c.domain, c.name);
    ASSERT_NE(shape, nullptr) << c.domain << " " << c.name;
    if (shape->source == Source::kCaller) continue;
    const std::vector<Dims> said = shape->rule(call_of(c));
    for (size_t i = 0; i < c.outputs.size() && i < said.size(); ++i) {
      if (c.outputs[i].dtype == TN_DTYPE_UNDEFINED) continue;  // Not asked for.
      const std::string which = c.name + " " + c.label + ", output " + std::to_string(i) + ": " +
                                text_of(said[i]) + " by " + std::string(shape->rule_name);
      if (shape->source == Source::kData) {
        EXPECT_TRUE(within(c.outputs[i].dims, said[i])) << which;
      } else {
        EXPECT_EQ(c.outputs[i].dims, said[i]) << which;
      }
    }
    seen.insert(c.domain + "." + c.name);
  }
  // Hosts do the others with dims and strides.
  for (const runtime::OperatorInfo& info : runtime::operators()) {
    const OperatorShape* shape = find_shape(info.domain, info.name);
    ASSERT_NE(shape, nullptr) << info.full_name;
    const bool judged = seen.contains(std::string(info.domain) + "." + std::string(info.name));
    EXPECT_TRUE(judged || info.view() || shape->source == Source::kCaller)
        << info.full_name << " has no case";
  }
}

}  // namespace
}  // namespace tenon::shapes
