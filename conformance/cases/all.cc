// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "suite/case.h"
#include "suite/contract.h"

namespace tenon::conformance {

namespace {

Cases make(tn_dtype type, uint32_t seed) {
  const RandomSeed random(seed);
  Cases cases;
  add_elementwise_cases(cases, type);
  add_gradient_cases(cases, type);
  add_contraction_cases(cases, type);
  add_fused_cases(cases, type);
  add_movement_cases(cases, type);
  add_unique_cases(cases, type);
  add_index_cases(cases, type);
  add_normalization_cases(cases, type);
  add_pooling_cases(cases, type);
  add_reduction_cases(cases, type);
  add_signal_cases(cases, type);
  add_loss_cases(cases, type);
  add_training_cases(cases, type);
  for (size_t i = 0; i < cases.size(); ++i) cases[i].at = i;
  return cases;
}

}  // namespace

bool takes(const char* domain, const char* name, tn_dtype type) {
  const ContractOperator* contract = find_contract(domain, name);
  if (contract == nullptr) return false;
  const ContractVersion& version = contract->versions[0];
  for (const auto* list : {&version.inputs, &version.outputs}) {
    for (const ContractParameter& one : *list) {
      if (one.constraint == contract->column) return in_set(type, one.dtypes);
    }
  }
  return false;
}

const Cases& cases_of(tn_dtype type, uint32_t seed) {
  // Never freed: a child process would first copy all that it was forked with (run/child.h).
  static auto& made = *new std::map<std::pair<tn_dtype, uint32_t>, Cases>;
  const auto found = made.find({type, seed});
  if (found != made.end()) return found->second;
  return made.emplace(std::pair(type, seed), make(type, seed)).first->second;
}

const OperatorCase& sibling_of(const OperatorCase& c, uint32_t seed) {
  return cases_of(c.dtype, seed)[c.at];
}

const Cases& all_cases() {
  static const Cases& all = *[] {
    auto* cases = new Cases;
    for (const ElementType& row : kElementTypes) {
      const Cases& some = cases_of(row.dtype);
      cases->insert(cases->end(), some.begin(), some.end());
    }
    return cases;
  }();
  return all;
}

}  // namespace tenon::conformance
