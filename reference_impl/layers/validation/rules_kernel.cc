// SPDX-License-Identifier: Apache-2.0
//
// Constants and kernels: their descriptions, kept for the launches to come.
#include <algorithm>
#include <span>

#include "reference_impl/layers/validation/needs.h"
#include "reference_impl/layers/validation/new_handle.h"
#include "reference_impl/layers/validation/rules.h"
#include "reference_impl/layers/validation/tensors.h"

namespace tenon::layers::validation::rules {
namespace {

// One argument as described.
bool check_argument(CheckedCall& call, const tn_argument* given, const Path& path) {
  tn_argument known;
  if (!call.read(given, &known, "tn_argument", path)) return false;
  if (known.kind == TN_ARGUMENT_ABSENT) return true;
  if (known.kind == TN_ARGUMENT_CONSTANT && known.constant != nullptr &&
      known.host_data != nullptr) {
    call.refuse_at(path.field("constant").text(), TN_INVALID_ARGUMENT, "TN-kernel-010",
                   path.text() + " has a constant and host_data", "give one of them");
  }
  if ((known.alignment & (known.alignment - 1)) != 0) {
    call.refuse_at(path.field("alignment").text(), TN_INVALID_ARGUMENT, "TN-kernel-011",
                   fmt::format("{} is {}", path.field("alignment").text(), known.alignment),
                   "give a power of two, or 0 for the element's size");
  }
  if ((known.flags & TN_ARGUMENT_DENSE) != 0 &&
      (known.strides != nullptr || known.layout != TN_LAYOUT_STRIDED)) {
    call.refuse_at(path.field("strides").text(), TN_INVALID_ARGUMENT, "TN-kernel-012",
                   path.text() + " is TN_ARGUMENT_DENSE and has strides or a layout",
                   "leave strides NULL and layout TN_LAYOUT_STRIDED");
  }
  return check_dims(call, known.rank, known.dims, path, Dims::kDescribed) &&
         check_dims(call, known.rank, known.min_dims, path.field("min_dims"), Dims::kDescribed) &&
         (known.dims == nullptr || check_bytes(call, known.rank, known.dims, known.dtype, path)) &&
         check_dims(call, known.rank, known.max_dims, path.field("max_dims"), Dims::kDescribed);
}

// What its type names is there.
bool check_attribute(CheckedCall& call, const tn_attribute* given, const Path& path) {
  tn_attribute known;
  if (!call.read(given, &known, "tn_attribute", path)) return false;
  if (!call.needed(known.name, path.field("name"))) return false;
  if (known.type >= TN_ATTRIBUTE_FLOAT && known.type <= TN_ATTRIBUTE_GRAPH && known.count != 1) {
    call.refuse_at(path.field("count").text(), TN_INVALID_ARGUMENT, "TN-kernel-013",
                   fmt::format("{} is {} of an attribute of one value", path.field("count").text(),
                               known.count),
                   "set it to 1");
    return false;
  }
  switch (known.type) {
    case TN_ATTRIBUTE_INT:
    case TN_ATTRIBUTE_INTS:
      return call.values(known.ints, known.count, sizeof(int64_t), path.field("ints"));
    case TN_ATTRIBUTE_FLOAT:
    case TN_ATTRIBUTE_FLOATS:
      return call.values(known.floats, known.count, sizeof(float), path.field("floats"));
    case TN_ATTRIBUTE_STRING:
    case TN_ATTRIBUTE_STRINGS:
      if (!call.list(known.strings, known.count, path.field("strings"))) return false;
      for (size_t i = 0; i < known.count; ++i) {
        const tn_string& string = known.strings[i];
        const Path at = path.element("strings", i);
        if (!call.values(string.data, string.size, 1, at.field("data"))) return false;
      }
      return true;
    case TN_ATTRIBUTE_TENSOR:
    case TN_ATTRIBUTE_TENSORS:
      if (!call.list(known.tensors, known.count, path.field("tensors"))) return false;
      for (size_t i = 0; i < known.count; ++i) {
        const Path at = path.element("tensors", i);
        if (!call.needed(known.tensors[i], at) || !check_host_tensor(call, *known.tensors[i], at)) {
          return false;
        }
      }
      return true;
    case TN_ATTRIBUTE_GRAPH:
    case TN_ATTRIBUTE_GRAPHS:
      return call.list(known.graphs, known.count, path.field("graphs"));
    default:
      return true;  // The generic half has refused it.
  }
}

// What holds for every description, whatever the operator.
bool check_description(CheckedCall& call, const tn_kernel_desc& desc) {
  const Path path("desc");
  if (!call.needed(desc.name, path.field("name"))) return false;
  for (size_t i = 0; i < desc.input_count; ++i) {
    if (!check_argument(call, desc.inputs[i], path.element("inputs", i))) return false;
  }
  for (size_t i = 0; i < desc.output_count; ++i) {
    if (!check_argument(call, desc.outputs[i], path.element("outputs", i))) return false;
  }
  for (size_t i = 0; i < desc.attribute_count; ++i) {
    if (!check_attribute(call, desc.attributes[i], path.element("attributes", i))) return false;
  }
  return true;
}

std::vector<Described> describe(const tn_argument* const* arguments, size_t count) {
  std::vector<Described> described;
  for (size_t i = 0; i < count; ++i) described.push_back(describe_argument(arguments[i]));
  return described;
}

// What the kernel says of itself, among it the layouts that it has chosen where TN_LAYOUT_ANY was
// described.
void learn(CheckedCall& call, tn_kernel* kernel, KernelRecord* record) {
  std::vector<tn_argument_needs> inputs(record->inputs.size() + kNeedsMargin);
  std::vector<tn_argument_needs> outputs(record->outputs.size() + kNeedsMargin);
  WithMargin<tn_kernel_info> asked;
  tn_kernel_info& info = asked.value;
  info.inputs = inputs.data();
  info.outputs = outputs.data();
  if (call.below().kernel_get_info(kernel, &info, nullptr) != TN_OK) return;
  record->told = true;
  record->no_workspace = (info.flags & TN_KERNEL_NO_WORKSPACE) != 0;
  const auto choose = [&](std::vector<Described>& described,
                          const std::vector<tn_argument_needs>& needs, const char* list) {
    for (size_t i = 0; i < described.size(); ++i) {
      const tn_layout layout = needs[i].layout;
      if (described[i].layout != TN_LAYOUT_ANY) continue;
      if (layout != TN_LAYOUT_STRIDED && layout < TN_LAYOUT_FIRST_TOKEN) {
        call.fault("TN-kernel-008",
                   fmt::format("chose the layout {} for {}[{}], which is none", layout, list, i));
        continue;  // What a launch brings is not compared with it.
      }
      described[i].layout = layout;
    }
  };
  choose(record->inputs, inputs, "inputs");
  choose(record->outputs, outputs, "outputs");
}

}  // namespace

tn_status constant_create(CheckedCall& call, tn_device* device, const tn_constant_desc* desc,
                          tn_constant** constant, tn_error* error) {
  tn_constant_desc known;
  if (!call.read(desc, &known, "tn_constant_desc", Path("desc"))) return call.status();
  if (!call.needed(known.value, Path("desc->value"))) return call.status();
  const tn_tensor& value = *known.value;
  std::vector<Access> accesses;
  if (value.buffer != nullptr && value.host_data != nullptr) {
    return call.refuse_at("desc->value", TN_INVALID_ARGUMENT, "TN-constant-003",
                          "desc->value has a buffer and host_data", "give one of them");
  }
  if (value.buffer != nullptr) {
    locate_tensor(call, value, false, Path("desc->value"), &accesses);
  } else {
    check_host_tensor(call, value, Path("desc->value"));
  }
  if (!check_order(call, known.stream, accesses)) return call.status();
  const tn_status status = make_handle(
      call, constant, [&] { return call.below().constant_create(device, desc, constant, error); });
  if (status != TN_OK) return status;
  if (known.stream != nullptr) note_work(call, known.stream, accesses);
  auto record = enter<ConstantRecord>(call, *constant,
                                      fmt::format("rank {}, layout {}", value.rank, known.layout));
  record->layout = known.layout;
  record->dtype = value.dtype;
  record->dims.assign(value.dims, value.dims + value.rank);
  Registry::get().add(std::move(record));
  return status;
}

void constant_retain(CheckedCall& call, tn_constant* constant) {
  if (const auto record = call.record<ConstantRecord>(constant)) {
    const std::lock_guard lock(call.layer().mutex);
    ++record->references;
  }
  call.below().constant_retain(constant);
}

void constant_release(CheckedCall& call, tn_constant* constant) {
  if (const auto record = call.record<ConstantRecord>(constant)) {
    bool last = false;
    {
      const std::lock_guard lock(call.layer().mutex);
      last = --record->references == 0;
    }
    if (last) Registry::get().end(*record, call.function());
  }
  call.below().constant_release(constant);
}

tn_status kernel_supports(CheckedCall& call, tn_device* device, const tn_kernel_desc* desc,
                          tn_kernel_support* support, tn_error* error) {
  tn_kernel_desc known;
  if (!call.read(desc, &known, "tn_kernel_desc", Path("desc"))) return call.status();
  if (!check_description(call, known)) return call.status();
  const auto inputs = describe(known.inputs, known.input_count);
  const auto outputs = describe(known.outputs, known.output_count);
  Needs needs(call, inputs, outputs);
  if (support != nullptr) needs.put_into(support);
  const tn_status status = call.below().kernel_supports(device, desc, support, error);
  if (support != nullptr) needs.take_from(support, status);
  return status;
}

tn_status kernel_create(CheckedCall& call, tn_device* device, const tn_kernel_desc* desc,
                        tn_kernel** kernel, tn_error* error) {
  tn_kernel_desc known;
  if (!call.read(desc, &known, "tn_kernel_desc", Path("desc"))) return call.status();
  if (!check_description(call, known)) return call.status();
  const tn_status status = make_handle(
      call, kernel, [&] { return call.below().kernel_create(device, desc, kernel, error); });
  if (status != TN_OK) return status;
  const bool onnx = known.domain == nullptr || *known.domain == '\0';
  const std::string name = onnx ? known.name : std::string(known.domain) + "." + known.name;
  auto record = enter<KernelRecord>(call, *kernel, name);
  record->name = name;
  record->inputs = describe(known.inputs, known.input_count);
  record->outputs = describe(known.outputs, known.output_count);
  learn(call, *kernel, record.get());
  Registry::get().add(std::move(record));
  return status;
}

tn_status constant_get_info(CheckedCall& call, tn_constant* constant, tn_constant_info* info,
                            tn_error* error) {
  const tn_status status = call.below().constant_get_info(constant, info, error);
  if (status != TN_OK || !call.is_filled(&info->rank, sizeof(info->rank))) return status;
  if (info->rank < 0 || info->rank > TN_MAX_RANK) {
    const int32_t said = info->rank;
    info->rank = 0;  // A host would read as many dims.
    return call.blame("TN-answer-001", fmt::format("says that a constant has rank {}", said));
  }
  const auto record = call.record<ConstantRecord>(constant);
  if (record == nullptr || !call.is_filled(info, sizeof(*info))) return status;
  const auto rank = static_cast<size_t>(info->rank);
  if (info->dtype != record->dtype || info->layout != record->layout ||
      !std::ranges::equal(std::span(info->dims, rank), record->dims)) {
    return call.blame("TN-constant-004",
                      "tells another type, layout or dims of " + describe(*record));
  }
  const uint64_t dense = dense_bytes(info->dtype, info->rank, info->dims);
  if (info->layout == TN_LAYOUT_STRIDED && info->resident_bytes < dense) {
    call.fault("TN-constant-004", fmt::format("says that {} dense bytes of {} reside in {}", dense,
                                              describe(*record), info->resident_bytes));
  }
  return status;
}

tn_status kernel_get_info(CheckedCall& call, tn_kernel* kernel, tn_kernel_info* info,
                          tn_error* error) {
  const auto record = call.record<KernelRecord>(kernel);
  if (record == nullptr) return call.below().kernel_get_info(kernel, info, error);
  Needs needs(call, record->inputs, record->outputs);
  needs.put_into(info);
  const tn_status status = call.below().kernel_get_info(kernel, info, error);
  needs.take_from(info, status);
  if (status == TN_OK && record->told && call.is_filled(&info->flags, sizeof(info->flags)) &&
      record->no_workspace != ((info->flags & TN_KERNEL_NO_WORKSPACE) != 0)) {
    call.fault("TN-launch-014", "does not say the same of TN_KERNEL_NO_WORKSPACE each time");
  }
  return status;
}

void kernel_destroy(CheckedCall& call, tn_kernel* kernel) {
  const auto record = Registry::get().find(kernel);
  if (record == nullptr) return call.below().kernel_destroy(kernel);
  Registry::get().end(*record, call.function());
  call.layer().keep(record, 0, [below = &call.below(), kernel] { below->kernel_destroy(kernel); });
}

}  // namespace tenon::layers::validation::rules
