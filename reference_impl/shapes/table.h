// SPDX-License-Identifier: Apache-2.0
//
// Which operator has which rule, generated from the contract: for hosts and tests that ask by name.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "reference_impl/shapes/query.h"
#include "tenon/device/kernel.h"

namespace tenon::shapes {

// How the dims of an operator's outputs come about.
enum class Source : uint8_t {
  kRule,    // The rule says them.
  kData,    // The rule says the most that each can be.
  kCaller,  // The caller alone decides; there is no rule.
};

// Dims of all outputs, by a rule that reads attributes of the description. Throws ShapeError.
struct Rule {
  std::vector<Shape<int64_t>> (*points)(const device::Description&, const Query<int64_t>&);
  std::vector<Shape<Interval>> (*intervals)(const device::Description&, const Query<Interval>&);
};

struct OperatorShape {
  std::string_view domain, name;
  std::string_view rule_name;
  Source source;
  Rule rule;
};

std::span<const OperatorShape> operator_shapes();
const OperatorShape* find_shape(std::string_view domain, std::string_view name);

}  // namespace tenon::shapes
