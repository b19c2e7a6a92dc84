// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "shapes/shape_rules.h"

namespace tenon::shapes {

std::span<const OperatorShape> operator_shapes() {
  static const OperatorShape kShapes[] = {
#include "shapes/generated/rules.inc"
  };
  return kShapes;
}

const OperatorShape* find_shape(std::string_view domain, std::string_view name) {
  const auto all = operator_shapes();
  const auto found = std::ranges::find_if(
      all, [&](const OperatorShape& s) { return s.domain == domain && s.name == name; });
  return found != all.end() ? &*found : nullptr;
}

}  // namespace tenon::shapes
