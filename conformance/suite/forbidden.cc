// SPDX-License-Identifier: Apache-2.0
#include "suite/forbidden.h"

#include <algorithm>
#include <random>

#include "suite/contract.h"

namespace tenon::conformance {
namespace {

using enum ContractParameter::Flags;

class Maker {
 public:
  Maker(const OperatorCase& c, const KernelDesc& good, uint64_t seed)
      : good_(good), random_(seed), contract_(*find_contract(c.domain, c.name)) {
    const ContractVersion* version = contract_.version(good.version);
    if (version == nullptr) return;
    version_ = version;
    add_arguments();
    add_types();
    add_dims(c);
    if (version == &contract_.versions[0]) add_attributes();
    std::ranges::shuffle(made_, random_);
  }

  std::vector<Forbidden> take() { return std::move(made_); }

 private:
  template <class Change>
  void add(std::string what, Change&& change, bool may_be_unsupported = false) {
    KernelDesc desc = good_;
    change(desc);
    made_.push_back({std::move(desc), std::move(what), may_be_unsupported});
  }

  size_t one_of(size_t count) {
    return std::uniform_int_distribution<size_t>(0, count - 1)(random_);
  }

  void add_arguments() {
    for (size_t i = 0; i < version_->inputs.size() && i < good_.inputs.size(); ++i) {
      const ContractParameter& one = version_->inputs[i];
      if ((one.flags & (kOptional | kVariadic)) != 0) continue;
      add("input " + std::string(one.name) + " is absent",
          [&](KernelDesc& desc) { desc.inputs[i] = Argument::absent(); });
    }
    const bool endless =
        !version_->inputs.empty() && (version_->inputs.back().flags & kVariadic) != 0;
    if (!endless) {
      add("there is an input too many", [&](KernelDesc& desc) {
        while (desc.inputs.size() < version_->inputs.size()) desc.input(Argument::absent());
        desc.input(Argument::device(TN_FLOAT32, {2}));
      });
    }
    add("there is an output too many", [&](KernelDesc& desc) {
      while (desc.outputs.size() < version_->outputs.size()) desc.output(Argument::absent());
      desc.output(Argument::device(TN_FLOAT32, {2}));
    });
  }

  // A type that the contract does not allow for a parameter, and one that differs from what another
  // parameter of the constraint has.
  void add_types() {
    std::vector<tn_dtype> all;
    for (const ElementType& row : kElementTypes) {
      if (in_set(row.dtype, type_set::kMoved)) all.push_back(row.dtype);
    }
    std::ranges::shuffle(all, random_);
    const auto change = [&](bool is_output, size_t i, const ContractParameter& parameter) {
      std::vector<Argument>& list = is_output ? scratch_.outputs : scratch_.inputs;
      const std::string name(parameter.name);
      for (const tn_dtype dtype : all) {
        if (in_set(dtype, parameter.dtypes)) continue;
        scratch_ = good_;
        list[i].dtype = dtype;
        add(name + " is of " + dtype_name(dtype), [&](KernelDesc& desc) { desc = scratch_; }, true);
        break;
      }
      if (parameter.constraint.empty() || uses(parameter.constraint) < 2) return;
      for (const tn_dtype dtype : all) {
        scratch_ = good_;
        if (!in_set(dtype, parameter.dtypes) || dtype == list[i].dtype) continue;
        list[i].dtype = dtype;
        add(
            name + " is of " + dtype_name(dtype) + ", other than what shares its constraint",
            [&](KernelDesc& desc) { desc = scratch_; }, true);
        break;
      }
    };
    for (size_t i = 0; i < good_.inputs.size(); ++i) {
      const ContractParameter* one = version_->input(i);
      if (one != nullptr && good_.inputs[i].kind == TN_ARGUMENT_DEVICE) change(false, i, *one);
    }
    for (size_t i = 0; i < good_.outputs.size(); ++i) {
      const ContractParameter* one = version_->output(i);
      if (one != nullptr && good_.outputs[i].kind == TN_ARGUMENT_DEVICE) change(true, i, *one);
    }
  }

  // Dims of an output that do not follow from the inputs', where all are described. What data
  // decides or a host value says is left to launches.
  void add_dims(const OperatorCase& c) {
    const auto known = [](const Argument& one) {
      const bool has_dims = one.rank == 0 || !one.dims.empty();
      return one.kind != TN_ARGUMENT_DEVICE ||
             (has_dims && std::ranges::find(one.dims, TN_DYNAMIC) == one.dims.end());
    };
    if (!c.bounds.empty() || caller_decides_dims(c.domain, c.name) ||
        !std::ranges::all_of(good_.inputs, known) || !std::ranges::all_of(good_.outputs, known)) {
      return;
    }
    for (size_t i = 0; i < good_.inputs.size(); ++i) {
      const ContractParameter* one = version_->input(i);
      if (good_.inputs[i].kind == TN_ARGUMENT_HOST && (one->flags & kHostOnly) != 0) return;
    }
    for (size_t i = 0; i < good_.outputs.size(); ++i) {
      const Argument& output = good_.outputs[i];
      if (output.kind != TN_ARGUMENT_DEVICE || output.alias != 0) continue;
      const std::string name = "output " + std::to_string(i);
      const auto give = [&](const Shape& dims) {
        return [&, dims](KernelDesc& desc) {
          desc.outputs[i].rank = static_cast<int32_t>(dims.size());
          desc.outputs[i].dims = dims;
          if (!output.strides.empty() || output.rank == 0)
            desc.outputs[i].strides = Argument::dense_strides(dims);
        };
      };
      Shape dims = output.dims;
      if (!dims.empty()) {
        ++dims[one_of(dims.size())];
        add("a dim of " + name + " is one too large", give(dims));
        dims = output.dims;
      }
      dims.push_back(2);
      // Which may be a rank that the device does not take at all.
      add(name + " has a dim too many", give(dims), true);
    }
  }

  // How many of the case's arguments have this constraint.
  size_t uses(std::string_view constraint) const {
    size_t count = 0;
    for (size_t i = 0; i < good_.inputs.size(); ++i) {
      const ContractParameter* one = version_->input(i);
      count += one != nullptr && one->constraint == constraint &&
               good_.inputs[i].kind != TN_ARGUMENT_ABSENT;
    }
    for (size_t i = 0; i < good_.outputs.size(); ++i) {
      const ContractParameter* one = version_->output(i);
      count += one != nullptr && one->constraint == constraint &&
               good_.outputs[i].kind != TN_ARGUMENT_ABSENT;
    }
    return count;
  }

  void set(std::string_view name, AttributeValue value, const std::string& why) {
    add(std::string(name) + " is " + why, [&](KernelDesc& desc) {
      std::erase_if(desc.attributes, [&](const Attribute& one) { return one.name == name; });
      desc.attribute(std::string(name), value);
    });
  }

  void add_attributes() {
    add("there is an attribute that the operator does not have",
        [](KernelDesc& desc) { desc.attribute("no_such_attribute", int64_t{1}); });
    for (const AttributeFact& fact : contract_.attributes) {
      const bool is_text = fact.type == TN_ATTRIBUTE_STRING || fact.type == TN_ATTRIBUTE_STRINGS;
      if (is_text) {
        set(fact.name, int64_t{1}, "a number");
      } else {
        set(fact.name, std::string("text"), "a text");
      }
      if (fact.is_required) {
        add(std::string(fact.name) + " is not given", [&](KernelDesc& desc) {
          std::erase_if(desc.attributes,
                        [&](const Attribute& one) { return one.name == fact.name; });
        });
      }
      if (fact.type == TN_ATTRIBUTE_STRING && fact.value_count > 0) {
        set(fact.name, std::string("nonsense"), "no word of the list");
      }
      if (fact.type == TN_ATTRIBUTE_INT && fact.value_count > 0) {
        set(fact.name, int64_t{-7}, "no number of the list");
      }
      if (fact.type != TN_ATTRIBUTE_INT && fact.type != TN_ATTRIBUTE_INTS) continue;
      if (fact.has_least) out_of(fact, fact.least, -1);
      if (fact.has_most) out_of(fact, fact.most, 1);
    }
  }

  void out_of(const AttributeFact& fact, const AttributeLimit& limit, int64_t step) {
    if (limit.sign != 0 && limit.input >= good_.inputs.size()) return;
    const int64_t rank = limit.sign == 0 ? 0 : good_.inputs[limit.input].rank;
    const auto value = limit.sign * rank + static_cast<int64_t>(limit.offset) + step;
    const std::string why =
        std::to_string(value) + (step < 0 ? ", less than" : ", more than") + " it may be";
    if (fact.type == TN_ATTRIBUTE_INT) return set(fact.name, value, why);
    for (const Attribute& one : good_.attributes) {
      if (one.name != fact.name) continue;
      auto list = std::get<std::vector<int64_t>>(one.value);
      if (list.empty()) return;
      list[one_of(list.size())] = value;
      set(fact.name, list, why);
    }
  }

  const KernelDesc& good_;
  std::mt19937_64 random_;
  const ContractOperator& contract_;
  const ContractVersion* version_ = nullptr;
  KernelDesc scratch_;
  std::vector<Forbidden> made_;
};

}  // namespace

std::vector<Forbidden> forbidden_of(const OperatorCase& c, const KernelDesc& good, uint64_t seed) {
  return Maker(c, good, seed).take();
}

}  // namespace tenon::conformance
