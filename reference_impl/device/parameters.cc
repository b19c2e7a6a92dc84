// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/parameters.h"

#include <map>
#include <span>
#include <string>

#include "tenon/cpp/dtype.hpp"
#include "tenon/cpp/operator_contract.hpp"
#include "tenon/device/operators/shape.h"

namespace tenon::device {
namespace {

class Checker {
 public:
  explicit Checker(const std::string& name) : name_(name) {}

  void check(const char* side, std::span<const ContractParameter> known,
             const std::vector<tn_argument>& given) {
    for (size_t i = 0; i < given.size(); ++i) {
      if (const ContractParameter* parameter = ContractVersion::at(known, i)) {
        check_type(*parameter, given[i]);
      } else if (given[i].kind != TN_ARGUMENT_ABSENT) {
        throw_invalid(name_, "has " + std::to_string(known.size()) + " " + side +
                                 "s at most; there are " + std::to_string(given.size()));
      }
    }
  }

  void check_presence(std::span<const ContractParameter> known,
                      const std::vector<tn_argument>& given) const {
    for (size_t i = 0; i < known.size(); ++i) {
      if ((known[i].flags & (ContractParameter::kOptional | ContractParameter::kVariadic)) != 0)
        continue;
      if (i < given.size() && given[i].kind != TN_ARGUMENT_ABSENT) continue;
      throw_invalid(name_, "needs its input " + std::to_string(i) + ", " +
                               std::string(known[i].name) + ", which is absent");
    }
  }

 private:
  void check_type(const ContractParameter& parameter, const tn_argument& argument) {
    // Kernels read host values of any type.
    if (argument.kind == TN_ARGUMENT_ABSENT || argument.kind == TN_ARGUMENT_HOST) return;
    const std::string name(parameter.name);
    if (!in_set(argument.dtype, parameter.dtypes)) {
      throw KernelError(TN_UNSUPPORTED,
                        name_ + ": " + name + " cannot be of " + dtype_name(argument.dtype));
    }
    if (parameter.constraint.empty() || (parameter.flags & ContractParameter::kMixed) != 0) return;
    const auto [first, is_new] =
        types_.emplace(parameter.constraint, std::pair(parameter.name, argument.dtype));
    if (is_new || first->second.second == argument.dtype) return;
    throw_invalid(name_, name + " is of " + dtype_name(argument.dtype) + ", " +
                             std::string(first->second.first) + " of " +
                             dtype_name(first->second.second) + "; they must be of one type");
  }

  const std::string& name_;
  std::map<std::string_view, std::pair<std::string_view, tn_dtype>> types_;
};

}  // namespace

const ContractVersion* contract_of(const char* domain, const char* name, int32_t version) {
  const ContractOperator* contract = op::find_contract(domain, name);
  return contract != nullptr ? contract->version(version) : nullptr;
}

void check_parameters(const OperatorId& id, const CheckedDescription& description) {
  const ContractVersion* version = contract_of(id.domain, id.name, id.version);
  if (version == nullptr) return;
  Checker checker(description.operator_name);
  checker.check_presence(version->inputs, description.inputs);
  checker.check("input", version->inputs, description.inputs);
  checker.check("output", version->outputs, description.outputs);
}

}  // namespace tenon::device
