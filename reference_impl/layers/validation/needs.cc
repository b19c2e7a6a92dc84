// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/validation/needs.h"

#include <algorithm>
#include <bit>

namespace tenon::layers::validation {
namespace {

constexpr uint32_t kRequirements = TN_REQUIRES_STATIC_DIMS | TN_REQUIRES_STATIC_STRIDES |
                                   TN_REQUIRES_DENSE | TN_REQUIRES_NO_ALIAS | TN_REQUIRES_CONSTANT |
                                   TN_REQUIRES_ALIGNED;
constexpr tn_argument_needs kMargin{0xa7a7a7a7, 0xa7a7a7a7, 0xa7a7a7a7a7a7a7a7};

std::vector<int64_t> list_of(const int64_t* values, int32_t rank) {
  if (values == nullptr) return {};
  return {values, values + rank};
}

bool all_given(const std::vector<int64_t>& values, int32_t rank) {
  return rank == 0 || (!values.empty() && std::ranges::count(values, TN_DYNAMIC) == 0);
}

// What is required beyond what the description has already.
uint32_t open_requirements(const tn_argument_needs& needs, const Described& described) {
  uint32_t open = needs.requirements;
  const bool strided = described.layout == TN_LAYOUT_STRIDED;
  if (all_given(described.dims, described.rank)) open &= ~uint32_t{TN_REQUIRES_STATIC_DIMS};
  if (all_given(described.strides, described.rank) || described.dense || !strided) {
    open &= ~uint32_t{TN_REQUIRES_STATIC_STRIDES};
  }
  // Strides that say it are for the plugin to read, with the dims.
  if (described.dense) open &= ~uint32_t{TN_REQUIRES_DENSE};
  if (described.alias == 0) open &= ~uint32_t{TN_REQUIRES_NO_ALIAS};
  if (described.kind == TN_ARGUMENT_CONSTANT) open &= ~uint32_t{TN_REQUIRES_CONSTANT};
  if (described.alignment >= needs.alignment) open &= ~uint32_t{TN_REQUIRES_ALIGNED};
  return open;
}

// What no description could ever have.
const char* impossible(const tn_argument_needs& needs, const Described& described, bool output) {
  const auto wants = [&](uint32_t bit) { return (needs.requirements & bit) != 0; };
  if (described.kind == TN_ARGUMENT_ABSENT && needs.requirements != 0)
    return "something that is absent";
  if (output && wants(TN_REQUIRES_CONSTANT)) return "an output that is constant";
  if (wants(TN_REQUIRES_ALIGNED) && described.kind == TN_ARGUMENT_HOST) {
    return "host values at an offset";
  }
  return nullptr;
}

}  // namespace

Described describe_argument(const tn_argument* given) {
  tn_argument known{};
  std::memcpy(&known, given, std::min(given->struct_size, sizeof(known)));
  const int32_t rank = std::max(known.rank, 0);
  return {known.kind,
          known.dtype,
          rank,
          known.alias,
          known.layout,
          (known.flags & TN_ARGUMENT_DENSE) != 0,
          known.alignment,
          list_of(known.dims, rank),
          list_of(known.min_dims, rank),
          list_of(known.max_dims, rank),
          list_of(known.strides, rank)};
}

void Needs::put(List& list, tn_argument_needs** given) {
  if (!call_.is_filled(given, sizeof(*given))) return;
  list.host = *given;
  if (list.host == nullptr) return;
  list.copy.assign(list.host, list.host + list.described.size());
  list.copy.insert(list.copy.end(), kNeedsMargin, kMargin);
  *given = list.copy.data();
}

void Needs::take(List& list, tn_argument_needs** given, tn_status status) {
  if (list.host == nullptr) return;
  if (*given != list.copy.data()) {
    call_.fault("TN-answer-001", fmt::format("changed {}, which is the host's", list.name));
  }
  *given = list.host;
  const bool intact = std::all_of(
      list.copy.end() - kNeedsMargin, list.copy.end(),
      [](const tn_argument_needs& one) { return std::memcmp(&one, &kMargin, sizeof(one)) == 0; });
  if (!intact) {
    call_.fault("TN-struct-003",
                fmt::format("wrote more than {} elements to {}", list.described.size(), list.name));
  }
  if (status == TN_OK || status == TN_NEEDS_STATIC) {
    for (size_t i = 0; i < list.described.size(); ++i) check(list, i, status);
  }
  std::copy_n(list.copy.begin(), list.described.size(), list.host);
}

void Needs::check(List& list, size_t index, tn_status status) {
  tn_argument_needs& needs = list.copy[index];
  const Described& described = list.described[index];
  const std::string name = fmt::format("{}[{}]", list.name, index);
  if ((needs.requirements & ~kRequirements) != 0 && !call_.layer().plugin_is_newer()) {
    call_.fault("TN-answer-001", fmt::format("wrote the unknown bits {:#x} to {}.requirements",
                                             needs.requirements & ~kRequirements, name));
    needs.requirements &= kRequirements;
  }
  if (status == TN_OK && needs.requirements != 0) {
    call_.fault("TN-kernel-007",
                fmt::format("answered TN_OK, but requires {:#x} of {}", needs.requirements, name));
    needs.requirements = 0;
  }
  if ((needs.requirements & TN_REQUIRES_ALIGNED) != 0 && !std::has_single_bit(needs.alignment)) {
    call_.fault("TN-kernel-007",
                fmt::format("requires an alignment of {} of {}", needs.alignment, name));
    needs.requirements &= ~uint32_t{TN_REQUIRES_ALIGNED};
    needs.alignment = 0;
  }
  if (const char* what = impossible(needs, described, &list == &outputs_)) {
    call_.fault("TN-kernel-007", fmt::format("requires of {} {}", name, what));
    needs.requirements = 0;
  }
  const bool chosen = described.layout == TN_LAYOUT_ANY;
  const bool known = needs.layout == TN_LAYOUT_STRIDED || needs.layout >= TN_LAYOUT_FIRST_TOKEN;
  if (described.kind == TN_ARGUMENT_DEVICE &&
      (chosen ? !known : needs.layout != described.layout)) {
    call_.fault(
        "TN-kernel-008",
        fmt::format("{} the layout {} for {}, {}", chosen ? "chose" : "told", needs.layout, name,
                    chosen ? "which is none" : fmt::format("described was {}", described.layout)));
    needs.layout = chosen ? TN_LAYOUT_STRIDED : described.layout;
  }
  list.open = list.open || open_requirements(needs, described) != 0;
}

void Needs::blame_for_nothing() const {
  call_.fault("TN-kernel-007",
              "answered TN_NEEDS_STATIC, but requires nothing that the description lacks");
}

}  // namespace tenon::layers::validation
