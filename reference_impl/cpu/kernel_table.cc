// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernel_table.h"

#include <algorithm>
#include <cstring>

#include "reference_impl/cpu/kernel_choice.h"
#include "reference_impl/cpu/launch_scratch.h"
#include "reference_impl/cpu/layouts.h"
#include "reference_impl/cpu/platform.h"

namespace tenon::cpu {
namespace {

// Fills in what is known of a tensor whose dims, strides and layout the description gives.
void fix(ArgumentSpec& spec) {
  if (spec.kind != TN_ARGUMENT_DEVICE || spec.bits == 0) return;
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
    spec.constrained |=
        spec.dims[i] != TN_DYNAMIC || spec.max_dims[i] != 0 || spec.strides[i] != TN_DYNAMIC;
  }
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

void release_constants(std::vector<ArgumentSpec>& arguments) {
  for (ArgumentSpec& argument : arguments) {
    if (argument.constant != nullptr) argument.constant->release();
  }
}

// Rows of one operator are one, with the element types of all.
void add_row(std::vector<tn_operator_entry>& rows, const OperatorEntry& entry) {
  for (tn_operator_entry& row : rows) {
    if (row.version == entry.version && std::strcmp(row.name, entry.name) == 0 &&
        std::strcmp(row.domain, entry.domain) == 0) {
      row.dtypes |= entry.dtypes;
      return;
    }
  }
  rows.push_back(
      {sizeof(tn_operator_entry), entry.domain, entry.name, entry.version, 0, entry.dtypes});
}

}  // namespace

std::span<const tn_operator_entry> operator_table() {
  static const std::vector<tn_operator_entry> table = [] {
    std::vector<tn_operator_entry> rows;
    for (const auto& families : {platform().families, platform().behind}) {
      for (const Family& family : families) {
        for (const OperatorEntry& entry : family.operators()) add_row(rows, entry);
      }
    }
    return rows;
  }();
  return table;
}

void supports(Device& device, const tn_kernel_desc* desc, tn_kernel_support* support) {
  CheckedDescription checked;
  check_description(device, desc, &checked);
  tn_kernel_support answer{};
  if (support != nullptr) answer = plugin::read(support, "tn_kernel_support");
  answer.requirements = 0;
  try {
    const ChosenKernel chosen = choose_kernel(device, checked);
    if (answer.input_layouts != nullptr) {
      std::ranges::copy(chosen.input_layouts, answer.input_layouts);
    }
    if (answer.output_layouts != nullptr) {
      std::ranges::copy(chosen.output_layouts, answer.output_layouts);
    }
  } catch (const KernelError& error) {
    if (error.status == TN_NEEDS_STATIC) answer.requirements = TN_REQUIRES_NO_ALIAS;
    if (support != nullptr) plugin::write(support, answer, "tn_kernel_support");
    throw;
  }
  if (support != nullptr) plugin::write(support, answer, "tn_kernel_support");
}

KernelObject* make_kernel(Device& device, const tn_kernel_desc* desc) {
  CheckedDescription checked;
  check_description(device, desc, &checked);
  ChosenKernel chosen = choose_kernel(device, checked);
  std::vector<ArgumentSpec> arguments;
  arguments.reserve(checked.inputs.size() + checked.outputs.size());
  try {
    for (size_t i = 0; i < checked.inputs.size(); ++i) {
      const tn_argument& argument = checked.inputs[i];
      arguments.push_back(make_spec(argument, chosen.input_layouts[i]));
      if (argument.kind == TN_ARGUMENT_CONSTANT) {
        arguments.back().constant = bind_constant(device, argument, chosen.input_layouts[i]);
      }
    }
    for (size_t i = 0; i < checked.outputs.size(); ++i) {
      arguments.push_back(make_spec(checked.outputs[i], chosen.output_layouts[i]));
    }
    ServedCount* served = platform().behind.empty() ? nullptr : served_count(checked.operator_name);
    return new KernelObject(device, checked.operator_name, std::move(chosen), std::move(arguments),
                            checked.inputs.size(), served);
  } catch (...) {
    release_constants(arguments);
    throw;
  }
}

}  // namespace tenon::cpu
