// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/kernel_choice.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "reference_impl/device/constant.h"
#include "tenon/device/layouts.h"
#include "tenon/device/platform.h"

namespace tenon::device {
namespace {

struct Row {
  const OperatorEntry* entry;
  const Family* family;
  bool behind;

  // `same`: a further input is the view that is replaced.
  bool may_replace(size_t output, bool same) const {
    const auto& all = family->replaces_input;
    return std::any_of(all.begin(), all.end(),
                       [&](const Replaces& one) { return one.allows(*entry, output, same); });
  }
};

bool same_operator(const OperatorEntry& entry, const tn_kernel_desc& desc) {
  return std::strcmp(entry.domain, desc.domain) == 0 && std::strcmp(entry.name, desc.name) == 0;
}

// At least one.
std::vector<Row> find_rows(const CheckedDescription& description) {
  const tn_kernel_desc& desc = description.desc;
  std::vector<Row> rows;
  std::string versions;
  for (const bool behind : {false, true}) {
    for (const Family& family : behind ? platform().behind : platform().families) {
      for (const OperatorEntry& entry : family.operators()) {
        if (!same_operator(entry, desc)) continue;
        if (entry.version == desc.version) rows.push_back({&entry, &family, behind});
        versions += (versions.empty() ? "" : ", ") + std::to_string(entry.version);
      }
    }
  }
  if (!rows.empty()) return rows;
  if (versions.empty()) {
    throw KernelError(TN_UNSUPPORTED, "there is no operator " + description.operator_name);
  }
  throw KernelError(TN_UNSUPPORTED, "there is no version " + std::to_string(desc.version) + " of " +
                                        description.operator_name + "; there are " + versions);
}

// TN_DTYPE_UNDEFINED when that argument is absent.
tn_dtype constrained_dtype(const Description& description, const OperatorEntry& entry) {
  return entry.column >= 0 ? description.input_dtype(static_cast<size_t>(entry.column))
                           : description.output_dtype(0);
}

[[noreturn]] void refuse_layout(const char* side, size_t i, const CheckedDescription& description,
                                tn_layout described) {
  throw KernelError(TN_UNSUPPORTED, std::string(side) + " " + std::to_string(i) + " of " +
                                        description.operator_name + " cannot be in layout " +
                                        std::to_string(described));
}

// What a kernel takes, given what it answers. A family of another device answers that device's
// tokens: its kernels take strided tensors, too.
tn_layout taken(tn_layout answer) { return is_token(answer) ? answer : TN_LAYOUT_STRIDED; }

tn_layout choose_input_layout(const Kernel& kernel, const CheckedDescription& description,
                              size_t i) {
  const tn_argument& argument = description.inputs[i];
  const bool constant = argument.kind == TN_ARGUMENT_CONSTANT && argument.constant != nullptr;
  const tn_layout described =
      constant ? plugin::object_of<Constant>(argument.constant)->view().layout : argument.layout;
  if (argument.kind == TN_ARGUMENT_ABSENT || described == TN_LAYOUT_STRIDED) {
    return TN_LAYOUT_STRIDED;
  }
  const tn_layout chosen = taken(kernel.input_layout(i, described));
  if (described != TN_LAYOUT_ANY && chosen != described) {
    refuse_layout("input", i, description, described);
  }
  return chosen;
}

tn_layout choose_output_layout(const Kernel& kernel, const CheckedDescription& description,
                               size_t i) {
  const tn_argument& argument = description.outputs[i];
  if (argument.kind == TN_ARGUMENT_ABSENT || argument.layout == TN_LAYOUT_STRIDED) {
    return TN_LAYOUT_STRIDED;
  }
  const tn_layout chosen = taken(kernel.output_layout(i, argument.layout));
  if (argument.layout != TN_LAYOUT_ANY && chosen != argument.layout) {
    refuse_layout("output", i, description, argument.layout);
  }
  return chosen;
}

void check_aliases(const Row& row, const CheckedDescription& checked) {
  for (size_t i = 0; i < checked.outputs.size(); ++i) {
    const tn_argument& output = checked.outputs[i];
    if (output.alias == 0) continue;
    const bool same = std::any_of(checked.inputs.begin(), checked.inputs.end(),
                                  [&](const auto& input) { return input.alias == output.alias; });
    if (!row.may_replace(i, same)) {
      throw KernelError(TN_NEEDS_STATIC, "output " + std::to_string(i) + " of " +
                                             checked.operator_name + " cannot replace an input" +
                                             (same ? " that is given twice" : ""));
    }
  }
}

ChosenKernel make(Device& device, const CheckedDescription& checked, const Row& row) {
  const Description description(checked.desc, device.backend());
  const tn_dtype dtype = constrained_dtype(description, *row.entry);
  const uint64_t known = row.entry->dtypes & row.entry->allowed;
  // Kernels say what they miss.
  if (dtype != TN_DTYPE_UNDEFINED && (known >> dtype & 1) == 0) {
    throw KernelError(TN_UNSUPPORTED,
                      checked.operator_name + " has no element type " + std::to_string(dtype));
  }
  ChosenKernel made;
  made.behind = row.behind;
  made.kernel = row.entry->create(description);
  if (const char* unknown = description.unknown_attribute()) {
    throw KernelError(TN_INVALID_ARGUMENT,
                      checked.operator_name + " has no attribute " + std::string(unknown));
  }
  check_aliases(row, checked);
  for (size_t i = 0; i < checked.inputs.size(); ++i) {
    made.input_layouts.push_back(choose_input_layout(*made.kernel, checked, i));
  }
  for (size_t i = 0; i < checked.outputs.size(); ++i) {
    made.output_layouts.push_back(choose_output_layout(*made.kernel, checked, i));
  }
  return made;
}

bool has_token(const ChosenKernel& made) {
  return std::ranges::any_of(made.input_layouts, is_token) ||
         std::ranges::any_of(made.output_layouts, is_token);
}

// Whether the next row is asked after this refusal. The last one says what is wrong with a
// description, or what the device lacks.
bool goes_on(tn_status status) {
  return TN_STATUS_CLASS(status) == TN_UNSUPPORTED || status == TN_NEEDS_STATIC ||
         status == TN_INVALID_ARGUMENT;
}

}  // namespace

ChosenKernel choose_kernel(Device& device, const CheckedDescription& description) {
  ChosenKernel chosen;
  std::optional<KernelError> refusal;
  for (const Row& row : find_rows(description)) {
    try {
      ChosenKernel made = make(device, description, row);
      if (chosen.kernel != nullptr) {
        chosen.next = std::move(made.kernel);
        break;
      }
      chosen = std::move(made);
      if (has_token(chosen)) break;
    } catch (const KernelError& error) {
      if (!goes_on(error.status)) throw;
      // "Not in place" is something that the host can change.
      if (!refusal || refusal->status != TN_NEEDS_STATIC) refusal = error;
    }
  }
  if (chosen.kernel == nullptr) throw KernelError(*refusal);
  return chosen;
}

}  // namespace tenon::device
