// SPDX-License-Identifier: Apache-2.0
#include "suite/variants.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "suite/case_traits.h"
#include "suite/claims.h"
#include "suite/compare.h"
#include "suite/contract.h"

namespace tenon::conformance {
namespace {

struct Candidate {
  size_t at;  // In the list of cases.
  Variant variant;
  std::string rule, suffix;
  int worth;  // Less is earlier.
  Trial trial = Trial::kCompute;
  Special special = Special::kNone;
};

bool has_gaps(const OperatorCase& c) {  // In a form that is not dense.
  size_t most = 0;
  for (const CaseInput& input : c.inputs) {
    if (input.kind == TN_ARGUMENT_DEVICE) most = std::max(most, input.tensor.dims.size());
  }
  for (const Expected& output : c.outputs) most = std::max(most, output.dims.size());
  return most > 0;
}

// NaN, infinity and the ends of a type's range, of few elements: no budget of kernels leaves out a
// case that is about them.
bool has_special_values(const OperatorCase& c) {
  return std::ranges::any_of(c.inputs, [](const CaseInput& input) {
    const HostTensor& tensor = input.tensor;
    if (input.kind == TN_ARGUMENT_ABSENT || tensor.values.size() > 64) return false;
    const auto bits = static_cast<int>(tn_dtype_bits(tensor.dtype));
    const Real end =
        is_float(tensor.dtype)
            ? std::ldexp(Real{1}, element_type(tensor.dtype).form.bias)
            : std::ldexp(Real{1}, in_set(tensor.dtype, type_set::kSigned) ? bits - 1 : bits) - 1;
    return tensor.dtype != TN_BOOL && std::ranges::any_of(tensor.values, [&](const Real& value) {
             return !std::isfinite(value) || std::fabs(value) >= end;
           });
  });
}

// Whether special numbers come to the device: a scalar of the host is none of them.
bool takes_specials(const OperatorCase& c, const OperatorCase& special) {
  for (size_t i = 0; i < special.inputs.size(); ++i) {
    const CaseInput& input = c.inputs[i];
    if (input.kind == TN_ARGUMENT_DEVICE && is_float(input.tensor.dtype) &&
        input.tensor.bytes() != special.inputs[i].tensor.bytes()) {
      return true;
    }
  }
  return false;
}

// Whether output 0 may be exactly an input, which it has the dims and the type of.
bool may_replace(const OperatorCase& c, size_t input) {
  if (input >= c.inputs.size() || c.outputs.empty() || c.aliases[0] != 0) return false;
  const CaseInput& one = c.inputs[input];
  return one.kind == TN_ARGUMENT_DEVICE && one.same == 0 && one.tensor.repeated.empty() &&
         one.tensor.dims == c.outputs[0].dims && one.tensor.dtype == c.outputs[0].dtype &&
         c.outputs[0].count() > 0 &&
         std::ranges::none_of(c.inputs, [](const CaseInput& other) { return other.same != 0; });
}

class Planner {
 public:
  Planner(const OperatorRow& row, const std::vector<const OperatorCase*>& cases,
          uint32_t device_flags, uint32_t seed)
      : row_(row),
        cases_(cases),
        seed_(seed),
        dynamic_((device_flags & TN_DEVICE_DYNAMIC_DIMS) != 0) {
    find_reaching();
    find_different();
    add_dense();
    add_specials();
    add_repeated();
    add_forms();
    add_modes();
    add_aliases();
    add_others();
    std::ranges::stable_sort(candidates_, {}, &Candidate::worth);
  }

  Plan plan(size_t budget) {
    Plan plan;
    std::set<std::string> keys;
    // Those that reach other claims are of other pairs of operator and type, and come on top.
    size_t reaching = 0, others = 0;
    for (const Candidate& one : candidates_) {
      const OperatorCase& c = case_of(one);
      const std::string& key = key_of(one);
      if (!keys.contains(key)) {
        const bool reaches = one.worth < 0;
        size_t& made = reaches ? reaching : others;
        if (budget != 0 && made >= (reaches ? 2 * budget : budget)) continue;
        ++made;
        keys.insert(key);
      }
      plan.tests.push_back({&c, one.variant, one.trial,
                            one.rule + "_" + c.label + (one.suffix.empty() ? "" : "_" + one.suffix),
                            one.special});
    }
    plan.descriptions = keys.size();
    return plan;
  }

 private:
  // What is repeated is laid out in another way, so that it is a case of its own.
  const OperatorCase& case_of(const Candidate& one) const {
    const OperatorCase& c = *cases_[one.at];
    return one.special == Special::kRepeated ? sibling_of(c, seed_, one.special) : c;
  }

  const std::string& key_of(const Candidate& one) {
    const Variant& v = one.variant;
    std::string& key = keys_[{one.at, v.form, v.mode, v.flags, v.constant, v.replaced, v.layouts,
                              one.special == Special::kRepeated}];
    if (!key.empty()) return key;
    key = Described(case_of(one), row_.version, v).key();
    // A constant's value is part of it.
    if (key.empty()) key = "constant " + std::to_string(keys_.size());
    return key;
  }

  void add(size_t at, Variant variant, const char* rule, std::string suffix, int worth,
           Trial trial = Trial::kCompute, Special special = Special::kNone) {
    candidates_.push_back({at, variant, rule, std::move(suffix), worth, trial, special});
  }

  // The first cases come before everything else, then the forms, those with special values and
  // those that have something which none before has, the others by and by.
  int worth_of(size_t at) const {
    if (at < kFirst) return static_cast<int>(at);
    if (has_special_values(*cases_[at])) return 9;
    return different_.contains(at) ? 11 : 40 + static_cast<int>(at);
  }

  // Cases that alone reach a claim of another constraint than the column.
  void find_reaching() {
    Claims seen;
    for (size_t i = 0; i < cases_.size(); ++i) {
      const size_t before = seen.size();
      seen.merge(exercised_by(*cases_[i], row_));
      if (i > 0 && seen.size() > before) reaching_.insert(i);
    }
  }

  // Beside the first ones as few cases as have all that any case has: the next one always that
  // which adds most.
  void find_different() {
    std::vector<Traits> left;
    for (const OperatorCase* c : cases_) left.push_back(traits_of(*c));
    const auto take = [&](const Traits& taken) {
      for (Traits& one : left) {
        std::erase_if(one, [&](const std::string& trait) { return taken.contains(trait); });
      }
    };
    for (size_t i = 0; i < std::min(left.size(), kFirst); ++i) take(Traits(left[i]));
    while (!left.empty()) {
      const auto most = std::ranges::max_element(left, {}, &Traits::size);
      if (most->empty()) break;
      different_.insert(static_cast<size_t>(most - left.begin()));
      take(Traits(*most));
    }
  }

  void add_dense() {
    for (size_t i = 0; i < cases_.size(); ++i) {
      if (reaching_.contains(i)) add(i, {}, "TN_operator_001", "dense", -1);
    }
    for (size_t i = 0; i < cases_.size(); ++i) {
      if (!reaching_.contains(i)) add(i, {}, "TN_operator_001", "dense", worth_of(i));
      if (i < 6) add(i, {}, "TN_operator_002", "", worth_of(i), Trial::kAgain);
      add(i, {}, "TN_kernel_014", "", worth_of(i), Trial::kDims);
      // What knows its dims at launch alone is one description for many cases.
      if (dynamic_ || i == 0) {
        add(i, {Form::kDynamic}, "TN_operator_001", "dynamic", i < 2 ? 4 : 30);
        if (i < 2) add(i, {Form::kDynamic}, "TN_kernel_014", "dynamic", 4, Trial::kDims);
      }
    }
    if (!cases_.empty()) add(0, {}, "TN_launch_008", "threads", 0, Trial::kThreads);
    for (size_t i = 0; i < std::min<size_t>(cases_.size(), 2); ++i) {
      add(i, {}, "TN_operator_006", "", worth_of(i), Trial::kClaim);
      add(i, {}, "TN_kernel_004", "forbidden", worth_of(i), Trial::kForbidden);
    }
  }

  // The first cases that bring such numbers to the device; they are descriptions that are made
  // anyway.
  void add_specials() {
    if (cases_.empty() || !is_float(cases_[0]->dtype)) return;
    size_t found = 0;
    for (size_t i = 0; i < cases_.size() && found < kFirst; ++i) {
      bool takes = false;
      for (const auto& [special, suffix] :
           {std::pair{Special::kFinite, "finite_specials"}, {Special::kInfinite, "specials"}}) {
        const OperatorCase& sibling = sibling_of(*cases_[i], seed_, special);
        if (!takes_specials(*cases_[i], sibling)) continue;
        takes = true;
        add(i, {}, "TN_operator_001", suffix, worth_of(i), Trial::kSpecial, special);
      }
      found += takes;
    }
  }

  // The first cases whose inputs may be expanded, with stride 0.
  void add_repeated() {
    int found = 0;
    for (size_t i = 0; i < cases_.size() && found < 3; ++i) {
      const OperatorCase& sibling = sibling_of(*cases_[i], seed_, Special::kRepeated);
      const bool any = std::ranges::any_of(sibling.inputs, [](const CaseInput& input) {
        return input.kind == TN_ARGUMENT_DEVICE && !input.tensor.repeated.empty();
      });
      if (!any) continue;
      add(i, {}, "TN_operator_001", "repeated", found++ == 0 ? 8 : worth_of(i) + 20,
          Trial::kCompute, Special::kRepeated);
    }
  }

  // Each form for a case of its own first, then for the next ones in turn.
  void add_forms() {
    static constexpr Form kForms[] = {Form::kStrided, Form::kReversed, Form::kSliced};
    size_t turn = 0;
    for (size_t i = 0; i < cases_.size(); ++i) {
      if (!has_gaps(*cases_[i])) continue;
      for (size_t f = 0; f < std::size(kForms); ++f) {
        const Form form = kForms[(turn + f) % std::size(kForms)];
        const int worth = f == 0 && turn < 3 ? 5 + static_cast<int>(turn)
                          : f == 0           ? worth_of(i) + 10
                                             : worth_of(i) + 200;
        add(i, {form}, "TN_operator_001", form_name(form), worth);
        if (f == 0 && turn < 3) {
          add(i, {form}, "TN_kernel_014", form_name(form), worth, Trial::kDims);
        }
      }
      ++turn;
    }
  }

  // The modes beside TN_MATH_STRICT that may make a difference.
  void add_modes() {
    for (size_t i = 0; i < cases_.size(); ++i) {
      const OperatorCase& c = *cases_[i];
      if (!is_float(c.outputs[0].dtype)) continue;
      const int worth = i == 0 ? 10 : worth_of(i) + 100;
      add(i, {.mode = TN_MATH_RELAXED}, "TN_operator_003", "relaxed", worth);
      if (tolerance_of(c.domain, c.name, c.dtype, TN_MATH_TF32).factors == 0) continue;
      add(i, {.mode = TN_MATH_TF32}, "TN_operator_003", "tf32", worth);
      add(i, {.mode = TN_MATH_BF16}, "TN_operator_003", "bf16", worth);
    }
  }

  // Output 0 onto each input that the contract lets it replace.
  void add_aliases() {
    const ContractOperator* contract = find_contract(row_.domain, row_.name);
    if (contract == nullptr) return;
    for (const ContractReplaces& one : contract->replaces) {
      if (one.output != 0) continue;
      int found = 0;
      for (size_t i = 0; i < cases_.size() && found < 2; ++i) {
        if (!may_replace(*cases_[i], one.input)) continue;
        const auto input = static_cast<int>(one.input);
        const std::string suffix = "onto_input_" + std::to_string(input);
        if (found == 0) add(i, {.replaced = input}, "TN_launch_004", suffix, 8);
        if (found == 1 && has_gaps(*cases_[i])) {
          add(i, {.form = Form::kStrided, .replaced = input}, "TN_launch_004", suffix + "_strided",
              50);
        }
        ++found;
      }
    }
  }

  // The case with the most channels, of those that are soon computed: layouts that pack channels
  // fill up the last block of them.
  size_t find_widest() const {
    size_t widest = 0;
    int64_t most = 0;
    for (size_t i = 0; i < cases_.size(); ++i) {
      for (const CaseInput& input : cases_[i]->inputs) {
        const Shape& dims = input.tensor.dims;
        if (input.kind != TN_ARGUMENT_DEVICE || dims.size() < 2 || dims[1] <= most ||
            !input.tensor.repeated.empty() || input.tensor.count() > 8192) {
          continue;
        }
        most = dims[1];
        widest = i;
      }
    }
    return widest;
  }

  void add_others() {
    const size_t widest = find_widest();
    std::set<std::pair<size_t, tn_argument_kind>> constants;
    for (size_t i = 0; i < cases_.size(); ++i) {
      const OperatorCase& c = *cases_[i];
      const int later = i == 0 ? 0 : 300 + static_cast<int>(i);
      const int packed = i == 0 || i == widest ? 0 : later;
      add(i, {.flags = TN_KERNEL_DETERMINISTIC}, "TN_operator_004", "", 10 + later,
          Trial::kDeterministic);
      add(i, {.layouts = true}, "TN_layout_004", "", 10 + packed);
      // Weights, packed once.
      if (c.inputs.size() > 1 && c.inputs[1].kind == TN_ARGUMENT_DEVICE && c.inputs[1].same == 0 &&
          std::ranges::find(c.aliases, 2) == c.aliases.end()) {
        add(i, {.constant = 1, .layouts = true}, "TN_layout_004", "constant_1", 10 + packed);
      }
      for (size_t k = 0; k < c.inputs.size(); ++k) {
        if (c.inputs[k].kind == TN_ARGUMENT_ABSENT || c.inputs[k].same != 0) continue;
        const auto replaced = static_cast<int32_t>(k + 1);
        if (std::ranges::find(c.aliases, replaced) != c.aliases.end()) continue;
        const auto input = static_cast<int>(k);
        // Each input once; weights come first: they are packed. What a host gives anyway is last.
        const bool first = constants.insert({k, c.inputs[k].kind}).second;
        const int worth = c.inputs[k].kind == TN_ARGUMENT_HOST ? 60 : k == 1 ? 8 : 10;
        add(i, {.constant = input}, "TN_operator_005", "constant_" + std::to_string(k),
            worth + (first ? 0 : 300 + static_cast<int>(i)));
      }
    }
  }

  static constexpr size_t kFirst = 4;

  const OperatorRow& row_;
  const std::vector<const OperatorCase*>& cases_;
  const uint32_t seed_;
  const bool dynamic_;
  std::set<size_t> reaching_, different_;
  std::vector<Candidate> candidates_;
  std::map<std::tuple<size_t, Form, tn_math_mode, uint32_t, int, int, bool, bool>, std::string>
      keys_;
};

}  // namespace

Plan plan_variants(const OperatorRow& row, const std::vector<const OperatorCase*>& cases,
                   uint32_t device_flags, size_t budget, uint32_t seed) {
  // Older versions are the same kernels by another number.
  const ContractOperator* contract = find_contract(row.domain, row.name);
  const bool other = contract != nullptr && contract->versions[0].version != row.version;
  constexpr size_t kOfOtherVersions = 8;
  if (other && (budget == 0 || budget > kOfOtherVersions)) budget = kOfOtherVersions;
  return Planner(row, cases, device_flags, seed).plan(budget);
}

}  // namespace tenon::conformance
