// SPDX-License-Identifier: Apache-2.0
//
// Constants and kernels: their descriptions, kept for the launches to come.
#include "reference_impl/layers/validation/new_handle.h"
#include "reference_impl/layers/validation/rules.h"
#include "reference_impl/layers/validation/tensors.h"

namespace tenon::layers::validation::rules {
namespace {

std::vector<int64_t> list_of(const int64_t* values, int32_t rank) {
  if (values == nullptr) return {};
  return {values, values + rank};
}

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

// A layout that a plugin has chosen: strided, or a token of its own.
void check_choice(const CheckedCall& call, tn_layout layout, const char* list, size_t index) {
  if (layout == TN_LAYOUT_STRIDED || layout >= TN_LAYOUT_FIRST_TOKEN) return;
  call.fault("TN-kernel-008",
             fmt::format("chose the layout {} for {}[{}], which is none", layout, list, index));
}

// True if the caller asked for everything and got no answer at all.
bool requires_nothing(const tn_kernel_desc& desc, const tn_kernel_support* support) {
  tn_kernel_support known{};
  if (support != nullptr) {
    std::memcpy(&known, support, std::min(support->struct_size, sizeof(known)));
  }
  const auto none = [](const tn_argument_needs* needs, size_t count) {
    return std::all_of(needs, needs + count, [](const auto& one) { return one.requirements == 0; });
  };
  return (known.inputs != nullptr || desc.input_count == 0) &&
         (known.outputs != nullptr || desc.output_count == 0) &&
         none(known.inputs, desc.input_count) && none(known.outputs, desc.output_count);
}

// What the kernel says of itself, among it the layouts that it has chosen where TN_LAYOUT_ANY was
// described.
void learn(CheckedCall& call, tn_kernel* kernel, KernelRecord* record) {
  std::vector<tn_argument_needs> inputs(record->inputs.size());
  std::vector<tn_argument_needs> outputs(record->outputs.size());
  tn_kernel_info info{};
  info.struct_size = sizeof(info);
  info.inputs = inputs.data();
  info.outputs = outputs.data();
  if (call.below().kernel_get_info(kernel, &info, nullptr) != TN_OK) return;
  record->no_workspace = (info.flags & TN_KERNEL_NO_WORKSPACE) != 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (record->inputs[i].layout != TN_LAYOUT_ANY) continue;
    check_choice(call, inputs[i].layout, "inputs", i);
    record->inputs[i].layout = inputs[i].layout;
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (record->outputs[i].layout != TN_LAYOUT_ANY) continue;
    check_choice(call, outputs[i].layout, "outputs", i);
    record->outputs[i].layout = outputs[i].layout;
  }
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
  Registry::get().add(enter<ConstantRecord>(
      call, *constant, fmt::format("rank {}, layout {}", value.rank, known.layout)));
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
  const tn_status status = call.below().kernel_supports(device, desc, support, error);
  if (status == TN_NEEDS_STATIC && requires_nothing(known, support)) {
    call.fault("TN-kernel-007", "answered TN_NEEDS_STATIC, but requires nothing");
  }
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
  for (size_t i = 0; i < known.input_count; ++i) {
    record->inputs.push_back(describe_argument(known.inputs[i]));
  }
  for (size_t i = 0; i < known.output_count; ++i) {
    record->outputs.push_back(describe_argument(known.outputs[i]));
  }
  learn(call, *kernel, record.get());
  Registry::get().add(std::move(record));
  return status;
}

tn_status constant_get_info(CheckedCall& call, tn_constant* constant, tn_constant_info* info,
                            tn_error* error) {
  const tn_status status = call.below().constant_get_info(constant, info, error);
  if (status != TN_OK || !call.is_filled(&info->rank, sizeof(info->rank)) ||
      (info->rank >= 0 && info->rank <= TN_MAX_RANK)) {
    return status;
  }
  const int32_t said = info->rank;
  info->rank = 0;  // A host would read as many dims.
  return call.blame("TN-answer-001", fmt::format("says that a constant has rank {}", said));
}

void kernel_destroy(CheckedCall& call, tn_kernel* kernel) {
  const auto record = Registry::get().find(kernel);
  if (record == nullptr) return call.below().kernel_destroy(kernel);
  Registry::get().end(*record, call.function());
  call.layer().keep(record, 0, [below = &call.below(), kernel] { below->kernel_destroy(kernel); });
}

}  // namespace tenon::layers::validation::rules
