// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/kernel_choice.h"

#include <algorithm>
#include <cstring>
#include <exception>

#include "reference_impl/device/attribute_bounds.h"
#include "reference_impl/device/constant.h"
#include "reference_impl/device/parameters.h"
#include "reference_impl/device/static_dims.h"
#include "tenon/device/needs.h"
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
std::vector<Row> find_rows(const Platform& platform, const CheckedDescription& description) {
  const tn_kernel_desc& desc = description.desc;
  std::vector<Row> rows;
  std::string versions;
  for (const bool behind : {false, true}) {
    for (const Family& family : behind ? platform.behind : platform.families) {
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
tn_layout taken(const Layouts& layouts, tn_layout answer) {
  return layouts.is_token(answer) ? answer : TN_LAYOUT_STRIDED;
}

tn_layout choose_input_layout(const Layouts& layouts, const Kernel& kernel,
                              const CheckedDescription& description, size_t i) {
  const tn_argument& argument = description.inputs[i];
  const bool constant = argument.kind == TN_ARGUMENT_CONSTANT && argument.constant != nullptr;
  const tn_layout described =
      constant ? plugin::object_of<Constant>(argument.constant)->view().layout : argument.layout;
  if (argument.kind == TN_ARGUMENT_ABSENT || described == TN_LAYOUT_STRIDED) {
    return TN_LAYOUT_STRIDED;
  }
  const tn_layout chosen = taken(layouts, kernel.input_layout(i, described));
  if (described != TN_LAYOUT_ANY && chosen != described) {
    refuse_layout("input", i, description, described);
  }
  return chosen;
}

tn_layout choose_output_layout(const Layouts& layouts, const Kernel& kernel,
                               const CheckedDescription& description, size_t i) {
  const tn_argument& argument = description.outputs[i];
  if (argument.kind == TN_ARGUMENT_ABSENT || argument.layout == TN_LAYOUT_STRIDED) {
    return TN_LAYOUT_STRIDED;
  }
  const tn_layout chosen = taken(layouts, kernel.output_layout(i, argument.layout));
  if (argument.layout != TN_LAYOUT_ANY && chosen != argument.layout) {
    refuse_layout("output", i, description, argument.layout);
  }
  return chosen;
}

bool is_dense(const tn_argument& argument) {
  if ((argument.flags & TN_ARGUMENT_DENSE) != 0 || argument.layout != TN_LAYOUT_STRIDED)
    return true;
  int64_t count = 1;
  for (int32_t i = argument.rank; i-- > 0; count *= argument.dims[i]) {
    if (argument.dims == nullptr || argument.dims[i] == TN_DYNAMIC) return false;
    if (argument.dims[i] > 1 && (argument.strides == nullptr || argument.strides[i] != count)) {
      return false;
    }
  }
  return true;
}

// Those of the family's needs that the description of an argument does not meet.
uint32_t unmet(const Family& family, const tn_argument& argument) {
  if (argument.kind != TN_ARGUMENT_DEVICE) return 0;
  uint32_t found = 0;
  const std::span dims(argument.dims, argument.dims != nullptr ? argument.rank : 0);
  const bool known = argument.rank == 0 || (!dims.empty() && !std::ranges::count(dims, TN_DYNAMIC));
  if (!known) found |= TN_REQUIRES_STATIC_DIMS;
  if ((family.needs & TN_REQUIRES_DENSE) != 0 && !is_dense(argument)) found |= TN_REQUIRES_DENSE;
  if (argument.alignment < family.alignment) found |= TN_REQUIRES_ALIGNED;
  return found & family.needs;
}

// Throws NeedsStatic for what the family needs and for aliases that it does not take.
void check_needs(const Row& row, const CheckedDescription& checked) {
  std::vector<uint32_t> inputs, outputs;
  std::string message;
  const auto say = [&](const std::string& text) {
    message += (message.empty() ? "" : "; ") + text;
  };
  for (const auto* side : {&checked.inputs, &checked.outputs}) {
    for (const tn_argument& argument : *side) {
      (side == &checked.inputs ? inputs : outputs).push_back(unmet(*row.family, argument));
    }
  }
  const auto lacks = [](uint32_t needs) { return needs != 0; };
  if (std::ranges::any_of(inputs, lacks) || std::ranges::any_of(outputs, lacks)) {
    say(checked.operator_name + " is made for what is known beforehand: describe " +
        ((row.family->needs & TN_REQUIRES_STATIC_DIMS) != 0 ? "all dims" : "tensors") +
        ((row.family->needs & TN_REQUIRES_DENSE) != 0 ? ", dense" : "") +
        ((row.family->needs & TN_REQUIRES_ALIGNED) != 0
             ? ", at multiples of " + std::to_string(row.family->alignment) + " bytes"
             : ""));
  }
  for (size_t i = 0; i < checked.outputs.size(); ++i) {
    const tn_argument& output = checked.outputs[i];
    if (output.alias == 0) continue;
    const bool same = std::any_of(checked.inputs.begin(), checked.inputs.end(),
                                  [&](const auto& input) { return input.alias == output.alias; });
    if (row.may_replace(i, same)) continue;
    outputs[i] |= TN_REQUIRES_NO_ALIAS;
    say("output " + std::to_string(i) + " of " + checked.operator_name +
        " cannot replace an input" + (same ? " that is given twice" : ""));
  }
  if (!message.empty()) {
    throw NeedsStatic(message, std::move(inputs), std::move(outputs), row.family->alignment);
  }
}

ChosenKernel make(OpenDevice& device, const CheckedDescription& checked, const Row& row) {
  check_parameters(*row.entry, checked);
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
  check_attributes(*row.entry, checked.desc);
  // Making such a kernel may look at dims.
  if (row.family->needs != 0) check_needs(row, checked);
  made.kernel = row.entry->create(description);
  if (const char* unknown = description.unknown_attribute()) {
    throw KernelError(TN_INVALID_ARGUMENT,
                      checked.operator_name + " has no attribute " + std::string(unknown));
  }
  check_needs(row, checked);
  for (size_t i = 0; i < checked.inputs.size(); ++i) {
    made.input_layouts.push_back(choose_input_layout(device.layouts(), *made.kernel, checked, i));
  }
  for (size_t i = 0; i < checked.outputs.size(); ++i) {
    made.output_layouts.push_back(choose_output_layout(device.layouts(), *made.kernel, checked, i));
  }
  return made;
}

// Chosen layouts are strided or tokens.
bool has_token(const ChosenKernel& made) {
  const auto is_token = [](tn_layout layout) { return layout != TN_LAYOUT_STRIDED; };
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

ChosenKernel choose_kernel(OpenDevice& device, const CheckedDescription& description) {
  ChosenKernel chosen;
  std::exception_ptr refusal;
  bool mendable = false;
  for (const Row& row : find_rows(device.platform(), description)) {
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
      // What a host can describe otherwise is worth more to it than the last refusal.
      if (mendable) continue;
      refusal = std::current_exception();
      mendable = error.status == TN_NEEDS_STATIC;
    }
  }
  if (chosen.kernel == nullptr) std::rethrow_exception(refusal);
  check_static_dims(chosen.next != nullptr ? *chosen.next : *chosen.kernel, description);
  return chosen;
}

}  // namespace tenon::device
