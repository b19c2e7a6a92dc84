// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/kernel_table.h"

#include <algorithm>

#include "reference_impl/device/kernel_choice.h"
#include "reference_impl/device/launch_scratch.h"
#include "tenon/device/needs.h"
#include "tenon/device/platform.h"

namespace tenon::device {
namespace {

// Fills in what is known of a tensor whose dims, strides and layout the description gives.
void fix(ArgumentSpec& spec, const Layouts& layouts) {
  if (spec.kind != TN_ARGUMENT_DEVICE || spec.bits == 0) return;
  if (spec.alignment > std::max(spec.bits / 8, 1u)) return;
  const std::span<const int64_t> dims(spec.dims.data(), static_cast<size_t>(spec.rank));
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] <= 0 || (spec.max_dims[i] != 0 && dims[i] > spec.max_dims[i])) return;
  }
  try {
    spec.bytes = layouts.bytes(spec.layout, spec.dtype, dims);
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

ArgumentSpec make_spec(const Layouts& layouts, const tn_argument& argument, tn_layout layout) {
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
  fix(spec, layouts);
  return spec;
}

// The constant of an argument, with a reference of its own.
Constant* bind_constant(OpenDevice& device, const tn_argument& argument, tn_layout layout) {
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

tn_argument_needs asked(const NeedsStatic& needs, uint32_t requirements) {
  const bool aligned = (requirements & TN_REQUIRES_ALIGNED) != 0;
  return {requirements, aligned ? needs.alignment : 0, TN_LAYOUT_STRIDED};
}

void release_constants(std::vector<ArgumentSpec>& arguments) {
  for (ArgumentSpec& argument : arguments) {
    if (argument.constant != nullptr) argument.constant->release();
  }
}

}  // namespace

void supports(OpenDevice& device, const tn_kernel_desc* desc, tn_kernel_support* support) {
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
    const ChosenKernel chosen = choose_kernel(device, checked);
    for (size_t i = 0; answer.inputs != nullptr && i < checked.inputs.size(); ++i) {
      answer.inputs[i].layout = chosen.input_layouts[i];
    }
    for (size_t i = 0; answer.outputs != nullptr && i < checked.outputs.size(); ++i) {
      answer.outputs[i].layout = chosen.output_layouts[i];
    }
  } catch (const NeedsStatic& needs) {
    for (size_t i = 0; answer.inputs != nullptr && i < checked.inputs.size(); ++i) {
      answer.inputs[i] = asked(needs, needs.inputs[i]);
    }
    for (size_t i = 0; answer.outputs != nullptr && i < checked.outputs.size(); ++i) {
      answer.outputs[i] = asked(needs, needs.outputs[i]);
    }
    throw;
  }
}

KernelObject* make_kernel(OpenDevice& device, const tn_kernel_desc* desc) {
  CheckedDescription checked;
  check_description(device, desc, &checked);
  ChosenKernel chosen = choose_kernel(device, checked);
  std::vector<ArgumentSpec> arguments;
  arguments.reserve(checked.inputs.size() + checked.outputs.size());
  try {
    for (size_t i = 0; i < checked.inputs.size(); ++i) {
      const tn_argument& argument = checked.inputs[i];
      arguments.push_back(make_spec(device.layouts(), argument, chosen.input_layouts[i]));
      if (argument.kind == TN_ARGUMENT_CONSTANT) {
        arguments.back().constant = bind_constant(device, argument, chosen.input_layouts[i]);
      }
    }
    for (size_t i = 0; i < checked.outputs.size(); ++i) {
      arguments.push_back(
          make_spec(device.layouts(), checked.outputs[i], chosen.output_layouts[i]));
    }
    ServedCount* served =
        device.platform().behind.empty() ? nullptr : served_count(checked.operator_name);
    return new KernelObject(device, checked.operator_name, std::move(chosen), std::move(arguments),
                            checked.inputs.size(), checked.desc.flags, served);
  } catch (...) {
    release_constants(arguments);
    throw;
  }
}

}  // namespace tenon::device
