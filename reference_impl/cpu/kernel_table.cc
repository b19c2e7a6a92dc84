// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernel_table.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <string_view>

#include "reference_impl/cpu/check_description.h"
#include "reference_impl/cpu/launch_scratch.h"
#include "reference_impl/cpu/layouts.h"
#include "reference_impl/cpu/platform.h"

namespace tenon::cpu {
namespace {

struct Found {
  const OperatorEntry* entry;
  const Family* family;

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

Found find_operator(const CheckedDescription& description) {
  const tn_kernel_desc& desc = description.desc;
  std::string versions;
  for (const Family& family : platform().families) {
    for (const OperatorEntry& entry : family.operators()) {
      if (!same_operator(entry, desc)) continue;
      if (entry.version == desc.version) return {&entry, &family};
      versions += (versions.empty() ? "" : ", ") + std::to_string(entry.version);
    }
  }
  if (versions.empty()) {
    throw KernelError(TN_UNSUPPORTED, "there is no operator " + description.operator_name);
  }
  throw KernelError(TN_UNSUPPORTED, "there is no version " + std::to_string(desc.version) + " of " +
                                        description.operator_name + "; there are " + versions);
}

tn_dtype constrained_dtype(const Description& description) {
  for (size_t i = 0; i < description.input_count(); ++i) {
    // Values from the host (a key, a shape, a scalar) do not say what type is computed in.
    if (description.has_input(i) && description.input(i).kind != TN_ARGUMENT_HOST) {
      return description.input_dtype(i);
    }
  }
  return description.output_count() > 0 ? description.output_dtype(0) : TN_DTYPE_UNDEFINED;
}

// The layout that a kernel takes for input `i`; tokens that it does not take are refused.
tn_layout choose_layout(const Kernel& kernel, const CheckedDescription& description, size_t i) {
  const tn_argument& argument = description.inputs[i];
  const bool constant = argument.kind == TN_ARGUMENT_CONSTANT && argument.constant != nullptr;
  const tn_layout described =
      constant ? plugin::object_of<Constant>(argument.constant)->view().layout : argument.layout;
  if (argument.kind == TN_ARGUMENT_ABSENT || described == TN_LAYOUT_STRIDED) {
    return TN_LAYOUT_STRIDED;
  }
  const tn_layout chosen = kernel.input_layout(i, described);
  if (described != TN_LAYOUT_ANY && chosen != described) {
    throw KernelError(TN_UNSUPPORTED, "input " + std::to_string(i) + " of " +
                                          description.operator_name + " cannot be in layout " +
                                          std::to_string(described));
  }
  return chosen;
}

std::unique_ptr<Kernel> make_implementation(Device& device, const CheckedDescription& checked) {
  const Found found = find_operator(checked);
  const Description description(checked.desc, device.backend());
  const tn_dtype dtype = constrained_dtype(description);
  if ((found.entry->dtypes >> dtype & 1) == 0) {
    throw KernelError(TN_UNSUPPORTED,
                      checked.operator_name + " has no element type " + std::to_string(dtype));
  }
  std::unique_ptr<Kernel> kernel = found.entry->create(description);
  if (const char* unknown = description.unknown_attribute()) {
    throw KernelError(TN_INVALID_ARGUMENT,
                      checked.operator_name + " has no attribute " + std::string(unknown));
  }
  for (size_t i = 0; i < checked.outputs.size(); ++i) {
    const tn_argument& output = checked.outputs[i];
    if (output.alias == 0) continue;
    const bool same = std::any_of(checked.inputs.begin(), checked.inputs.end(),
                                  [&](const auto& input) { return input.alias == output.alias; });
    if (!found.may_replace(i, same)) {
      throw KernelError(TN_NEEDS_STATIC, "output " + std::to_string(i) + " of " +
                                             checked.operator_name + " cannot replace an input" +
                                             (same ? " that is given twice" : ""));
    }
  }
  return kernel;
}

// The same for output `i`.
tn_layout choose_output_layout(const Kernel& kernel, const CheckedDescription& description,
                               size_t i) {
  const tn_argument& argument = description.outputs[i];
  if (argument.kind == TN_ARGUMENT_ABSENT || argument.layout == TN_LAYOUT_STRIDED) {
    return TN_LAYOUT_STRIDED;
  }
  const tn_layout chosen = kernel.output_layout(i, argument.layout);
  if (argument.layout != TN_LAYOUT_ANY && chosen != argument.layout) {
    throw KernelError(TN_UNSUPPORTED, "output " + std::to_string(i) + " of " +
                                          description.operator_name + " cannot be in layout " +
                                          std::to_string(argument.layout));
  }
  return chosen;
}

// Fills in what is known of a tensor whose dims, strides and layout the description gives.
void fix(ArgumentSpec& spec) {
  if (spec.kind != TN_ARGUMENT_DEVICE || spec.bits == 0) return;
  if (spec.alignment > std::max(spec.bits / 8, 1u)) return;
  const std::span<const int64_t> dims(spec.dims.data(), static_cast<size_t>(spec.rank));
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] <= 0 || (spec.max_dims[i] != 0 && dims[i] > spec.max_dims[i])) return;
  }
  try {
    spec.bytes = layout_bytes(spec.layout, spec.dtype, dims);
  } catch (const KernelError&) {
    return;  // Launches say what is wrong with it.
  }
  dense_strides(dims, spec.dense_strides.data());
  for (size_t i = 0; i < dims.size(); ++i) {
    if (spec.strides[i] != TN_DYNAMIC && dims[i] > 1 && spec.strides[i] != spec.dense_strides[i]) {
      return;
    }
  }
  spec.fixed = true;
}

ArgumentSpec make_spec(const tn_argument& argument, tn_layout layout) {
  ArgumentSpec spec;
  spec.kind = argument.kind;
  if (argument.kind == TN_ARGUMENT_ABSENT) return spec;
  spec.dtype = argument.dtype;
  spec.bits = tn_dtype_bits(argument.dtype);
  spec.rank = argument.rank;
  spec.alias = argument.alias;
  spec.layout = layout;
  for (size_t i = 0; i < static_cast<size_t>(argument.rank); ++i) {
    spec.dims[i] = argument.dims != nullptr ? argument.dims[i] : TN_DYNAMIC;
    spec.max_dims[i] = argument.max_dims != nullptr ? argument.max_dims[i] : 0;
    spec.strides[i] = argument.strides != nullptr ? argument.strides[i] : TN_DYNAMIC;
    spec.min_dims[i] = argument.min_dims != nullptr ? argument.min_dims[i] : 0;
    spec.symbols[i] = argument.symbols != nullptr ? argument.symbols[i] : 0;
    spec.constrained |= spec.dims[i] != TN_DYNAMIC || spec.max_dims[i] != 0 ||
                        spec.min_dims[i] != 0 || spec.strides[i] != TN_DYNAMIC;
  }
  spec.alignment = std::max(argument.alignment, 1u);
  spec.dense = (argument.flags & TN_ARGUMENT_DENSE) != 0;
  spec.constrained |= spec.dense;
  fix(spec);
  return spec;
}

// The constant of an argument, with a reference of its own.
Constant* bind_constant(Device& device, const tn_argument& argument, tn_layout layout) {
  if (argument.constant != nullptr) {
    auto* constant = plugin::object_of<Constant>(argument.constant);
    constant->retain();
    return constant;
  }
  // Host data comes strided and is kept in the layout that the kernel wants.
  const std::span dims(argument.dims, static_cast<size_t>(argument.rank));
  Constant* constant = Constant::make(device, layout, argument.dtype, dims);
  Strides strides;
  dense_strides(dims, strides.data());
  View value = constant->view();
  value.data = static_cast<std::byte*>(const_cast<void*>(argument.host_data));
  value.strides = strides.data();
  value.layout = TN_LAYOUT_STRIDED;
  device.reorder_now(constant->view(), value);
  return constant;
}

// The type constraint that the types of a row are of, by ONNX's names.
const char* constraint_of(const OperatorEntry& entry) {
  static constexpr std::pair<std::string_view, const char*> kOthers[] = {
      {"Identity", "V"}, {"Cast", "T1"}, {"IsNaN", "T1"}, {"IsInf", "T1"}, {"OneHot", "T3"}};
  for (const auto& [name, constraint] : kOthers) {
    if (name == entry.name && *entry.domain == '\0') return constraint;
  }
  return "T";
}

// The families' rows in the ABI's form.
class OperatorTable {
 public:
  OperatorTable() {
    for (const Family& family : platform().families) {
      for (const OperatorEntry& entry : family.operators()) add(entry);
    }
  }
  std::span<const tn_operator_entry> rows() const { return rows_; }

 private:
  void add(const OperatorEntry& entry) {
    std::vector<tn_dtype>& dtypes = dtypes_[entry.dtypes];
    if (dtypes.empty()) {
      for (tn_dtype dtype = 0; dtype < 64; ++dtype) {
        if ((entry.dtypes >> dtype & 1) != 0) dtypes.push_back(dtype);
      }
    }
    const tn_type_list& types =
        lists_.emplace_back(tn_type_list{constraint_of(entry), dtypes.data(), dtypes.size()});
    rows_.push_back(
        {sizeof(tn_operator_entry), entry.domain, entry.name, entry.version, 0, &types, 1});
  }

  std::map<uint64_t, std::vector<tn_dtype>> dtypes_;  // By the set as bits.
  std::deque<tn_type_list> lists_;
  std::vector<tn_operator_entry> rows_;
};

void release_constants(std::vector<ArgumentSpec>& arguments) {
  for (ArgumentSpec& argument : arguments) {
    if (argument.constant != nullptr) argument.constant->release();
  }
}

}  // namespace

std::span<const tn_operator_entry> operator_table() {
  static const OperatorTable table;
  return table.rows();
}

void supports(Device& device, const tn_kernel_desc* desc, tn_kernel_support* support) {
  CheckedDescription checked;
  check_description(device, desc, &checked);
  tn_kernel_support answer{};
  if (support != nullptr) answer = plugin::read(support, "tn_kernel_support");
  for (size_t i = 0; answer.inputs != nullptr && i < checked.inputs.size(); ++i) {
    answer.inputs[i] = {};
  }
  for (size_t i = 0; answer.outputs != nullptr && i < checked.outputs.size(); ++i) {
    answer.outputs[i] = {};
  }
  try {
    const std::unique_ptr<Kernel> kernel = make_implementation(device, checked);
    for (size_t i = 0; i < checked.inputs.size(); ++i) {
      const tn_layout layout = choose_layout(*kernel, checked, i);
      if (answer.inputs != nullptr) answer.inputs[i].layout = layout;
    }
    for (size_t i = 0; i < checked.outputs.size(); ++i) {
      const tn_layout layout = choose_output_layout(*kernel, checked, i);
      if (answer.outputs != nullptr) answer.outputs[i].layout = layout;
    }
  } catch (const KernelError& error) {
    // Aliases are all that it can be asked to leave out.
    for (size_t i = 0; answer.outputs != nullptr && i < checked.outputs.size(); ++i) {
      if (error.status == TN_NEEDS_STATIC && checked.outputs[i].alias != 0) {
        answer.outputs[i].requirements = TN_REQUIRES_NO_ALIAS;
      }
    }
    throw;
  }
}

KernelObject* make_kernel(Device& device, const tn_kernel_desc* desc) {
  CheckedDescription checked;
  check_description(device, desc, &checked);
  std::unique_ptr<Kernel> kernel = make_implementation(device, checked);
  std::vector<ArgumentSpec> arguments;
  arguments.reserve(checked.inputs.size() + checked.outputs.size());
  try {
    for (size_t i = 0; i < checked.inputs.size(); ++i) {
      const tn_argument& argument = checked.inputs[i];
      const tn_layout layout = choose_layout(*kernel, checked, i);
      arguments.push_back(make_spec(argument, layout));
      if (argument.kind == TN_ARGUMENT_CONSTANT) {
        arguments.back().constant = bind_constant(device, argument, layout);
      }
    }
    for (size_t i = 0; i < checked.outputs.size(); ++i) {
      const tn_layout layout = choose_output_layout(*kernel, checked, i);
      arguments.push_back(make_spec(checked.outputs[i], layout));
    }
    return new KernelObject(device, checked.operator_name, std::move(kernel), std::move(arguments),
                            checked.inputs.size());
  } catch (...) {
    release_constants(arguments);
    throw;
  }
}

}  // namespace tenon::cpu
