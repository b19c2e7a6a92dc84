// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/shapes/table.h"

#include <algorithm>

#include "reference_impl/shapes/contraction_rules.h"
#include "reference_impl/shapes/movement_rules.h"
#include "reference_impl/shapes/quantized_rules.h"
#include "reference_impl/shapes/recurrent_rules.h"
#include "reference_impl/shapes/signal_rules.h"
#include "reference_impl/shapes/view_rules.h"
#include "reference_impl/shapes/vision_rules.h"
#include "tenon/device/operators/attributes.h"

namespace tenon::shapes {
namespace {

struct NoAttributes {
  explicit NoAttributes(const device::Description&) {}
};

template <class Attributes, class D, class Function>
std::vector<Shape<D>> all_outputs(const device::Description& d, const Query<D>& query) {
  const Attributes attributes(d);
  std::vector<Shape<D>> outputs;
  for (size_t i = 0; i < query.outputs(); ++i) outputs.push_back(Function{}(query, attributes, i));
  return outputs;
}

template <class Attributes, class Function>
constexpr Rule rule(Function) {
  return {all_outputs<Attributes, int64_t, Function>, all_outputs<Attributes, Interval, Function>};
}

namespace attributes = device::attributes;

#define TENON_RULE(attributes, ...) \
  rule<attributes>(                 \
      [](const auto& call, const auto& a, size_t output) { return __VA_ARGS__(call, a, output); })

constexpr OperatorShape kShapes[] = {
#include "reference_impl/shapes/generated/rules.inc"
};

#undef TENON_RULE

}  // namespace

std::span<const OperatorShape> operator_shapes() { return kShapes; }

const OperatorShape* find_shape(std::string_view domain, std::string_view name) {
  const auto* found = std::ranges::find_if(
      kShapes, [&](const OperatorShape& s) { return s.domain == domain && s.name == name; });
  return found != std::end(kShapes) ? found : nullptr;
}

}  // namespace tenon::shapes
