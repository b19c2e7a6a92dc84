// SPDX-License-Identifier: Apache-2.0
#include "ops/late_failures.h"

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "ops/types.h"
#include "runtime/registry.h"

namespace tenon::tensorflow {
namespace {

enum class Fails : uint8_t { kNever, kOnData, kOnIntegers };

// tenon.MaxPoolGrad is not here: its indices are those that the adapter itself had computed.
Fails kind_of(std::string_view name) {
  for (const std::string_view indexed :
       {"Gather", "GatherElements", "GatherND", "ScatterElements", "ScatterND", "tenon.IndexAdd",
        "tenon.EmbeddingGrad", "tenon.NllLoss", "tenon.NllLossGrad",
        "tenon.SparseSoftmaxCrossEntropy"}) {
    if (name == indexed) return Fails::kOnData;
  }
  for (const std::string_view dividing : {"Div", "Mod", "tenon.FloorDiv"}) {
    if (name == dividing) return Fails::kOnIntegers;
  }
  return Fails::kNever;
}

// By Operation::index(): asked in front of every launch.
const std::vector<Fails>& kinds() {
  static const std::vector<Fails>& table = [] {
    auto* result = new std::vector<Fails>;
    for (const runtime::OperatorInfo& info : runtime::operators()) {
      result->push_back(kind_of(info.full_name));
    }
    return std::ref(*result);
  }();
  return table;
}

}  // namespace

bool fails_on_data(const runtime::Operation& operation, std::span<const runtime::Argument> inputs) {
  const Fails kind = kinds()[operation.index()];
  if (kind == Fails::kNever) [[likely]]
    return false;
  return kind == Fails::kOnData || !is_float(inputs[0].dtype);
}

}  // namespace tenon::tensorflow
