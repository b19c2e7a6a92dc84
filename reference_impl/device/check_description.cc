// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/check_description.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

#include "reference_impl/device/constant.h"

namespace tenon::device {
namespace {

// Where a fault is: "input 1 of Add".
struct Place {
  const char* kind;
  size_t index;
  const char* name;
  // As in a host's source: "desc->inputs[1]->rank".
  std::string field(const char* field) const {
    return "desc->" + std::string(kind) + "s[" + std::to_string(index) + "]->" + field;
  }
};

#define TN_REFUSE(status, place, which, format, ...)                                     \
  plugin::fail_at((place).field(which).c_str(), status, nullptr, "%s %zu of %s " format, \
                  (place).kind, (place).index, (place).name __VA_OPT__(, ) __VA_ARGS__)
#define TN_BAD(place, which, ...) TN_REFUSE(TN_INVALID_ARGUMENT, place, which, __VA_ARGS__)

void check_dims(const tn_argument& argument, const Place& place) {
  if (argument.rank < 0 || argument.rank > TN_MAX_RANK) {
    TN_BAD(place, "rank", "has rank %d; the most is %d", argument.rank, TN_MAX_RANK);
  }
  for (int32_t i = 0; i < argument.rank; ++i) {
    if (argument.dims != nullptr && argument.dims[i] < 0 && argument.dims[i] != TN_DYNAMIC) {
      TN_BAD(place, "dims", "has dim %d of %" PRId64, i, argument.dims[i]);
    }
    if (argument.max_dims != nullptr && argument.max_dims[i] < 0) {
      TN_BAD(place, "max_dims", "has a bound of %" PRId64 " for dim %d", argument.max_dims[i], i);
    }
    if (argument.min_dims != nullptr && argument.min_dims[i] < 0) {
      TN_BAD(place, "min_dims", "has a lower bound of %" PRId64 " for dim %d", argument.min_dims[i],
             i);
    }
  }
}

// What a host promises of launches beyond dims and strides.
void check_promises(const tn_argument& argument, const Place& place) {
  constexpr uint32_t kKnown = TN_ARGUMENT_DENSE;
  if ((argument.flags & ~kKnown) != 0) {
    TN_REFUSE(TN_UNSUPPORTED, place, "flags", "has flags 0x%x, which are not known here",
              argument.flags & ~kKnown);
  }
  if ((argument.flags & TN_ARGUMENT_DENSE) != 0 &&
      (argument.strides != nullptr || argument.layout != TN_LAYOUT_STRIDED)) {
    TN_BAD(place, "flags", "is said to be dense row-major, and has strides or a layout");
  }
  if ((argument.alignment & (argument.alignment - 1)) != 0) {
    TN_BAD(place, "alignment", "has alignment %u, which is no power of two", argument.alignment);
  }
}

void check_constant(const OpenDevice& device, const tn_argument& argument, const Place& place) {
  if (argument.constant == nullptr) {
    if (!is_static(argument)) TN_BAD(place, "dims", "is a constant with dims not given");
    const auto* end = argument.dims + argument.rank;
    const bool empty = std::find(argument.dims, end, 0) != end;
    if (argument.host_data == nullptr && !empty)
      TN_BAD(place, "host_data", "is a constant without a value");
    // Host data is strided; TN_LAYOUT_ANY lets the kernel keep it as it likes.
    if (argument.layout != TN_LAYOUT_STRIDED && argument.layout != TN_LAYOUT_ANY) {
      TN_BAD(place, "layout", "has host data with a layout token");
    }
    return;
  }
  if (argument.host_data != nullptr)
    TN_BAD(place, "host_data", "has both a constant and host data");
  const auto* handle = reinterpret_cast<const tn_handle*>(argument.constant);
  if (handle->dispatch != device.dispatch ||
      static_cast<const DeviceObject*>(handle)->device != &device) {
    TN_BAD(place, "constant", "is a constant of another device");
  }
  const View& view = plugin::object_of<Constant>(argument.constant)->view();
  if (argument.dtype != view.dtype || argument.rank != view.rank) {
    TN_BAD(place, "constant", "is described with another type or rank than its constant");
  }
  for (int32_t i = 0; i < view.rank && argument.dims != nullptr; ++i) {
    if (argument.dims[i] != TN_DYNAMIC && argument.dims[i] != view.dims[i]) {
      TN_BAD(place, "dims", "is described with other dims than its constant");
    }
  }
  if (argument.layout != view.layout && argument.layout != TN_LAYOUT_ANY) {
    TN_BAD(place, "layout", "is described with another layout than its constant");
  }
}

void check_argument(const OpenDevice& device, const tn_argument& argument, const Place& place) {
  if (argument.kind < TN_ARGUMENT_ABSENT || argument.kind > TN_ARGUMENT_HOST) {
    TN_REFUSE(TN_UNSUPPORTED, place, "kind", "has unknown kind %d", argument.kind);
  }
  if (argument.kind == TN_ARGUMENT_ABSENT) return;
  if (tn_dtype_bits(argument.dtype) == 0) {
    TN_REFUSE(TN_UNSUPPORTED, place, "dtype", "has unknown element type %d", argument.dtype);
  }
  check_dims(argument, place);
  check_promises(argument, place);
  if (argument.layout != TN_LAYOUT_STRIDED) {
    if (argument.layout != TN_LAYOUT_ANY && !device.layouts().is_token(argument.layout)) {
      TN_BAD(place, "layout", "has layout %" PRIu64 ", which is no token of this device",
             argument.layout);
    }
    if (argument.strides != nullptr) TN_BAD(place, "strides", "has strides and a layout");
    if (argument.kind == TN_ARGUMENT_HOST) TN_BAD(place, "layout", "has host values with a layout");
  }
  if (argument.kind == TN_ARGUMENT_CONSTANT) {
    check_constant(device, argument, place);
  } else if (argument.constant != nullptr || argument.host_data != nullptr) {
    TN_BAD(place, "constant", "has a value, but is not described as TN_ARGUMENT_CONSTANT");
  }
}

// Kernels see a constant as it is, whatever its description leaves open.
void describe_constant(tn_argument* argument) {
  const View& view = plugin::object_of<Constant>(argument->constant)->view();
  argument->dims = view.dims;
  argument->layout = view.layout;
}

void check_alias(const CheckedDescription& all, const tn_argument& output, const Place& place) {
  if (output.alias == 0) return;
  const auto count = static_cast<int64_t>(all.inputs.size());
  if (output.alias < 0 || output.alias > count) {
    TN_BAD(place, "alias", "has alias %d, but there are %" PRId64 " inputs", output.alias, count);
  }
  const tn_argument& input = all.inputs[static_cast<size_t>(output.alias) - 1];
  if (input.kind != TN_ARGUMENT_DEVICE || input.dtype != output.dtype ||
      input.rank != output.rank) {
    TN_BAD(place, "alias",
           "cannot replace input %d, which is no device tensor of its type and rank",
           output.alias - 1);
  }
}

// An input that is the same view as an earlier one, which some output replaces.
void check_same(const CheckedDescription& all, size_t i, const Place& place) {
  const tn_argument& input = all.inputs[i];
  if (input.alias == 0) return;
  if (input.alias < 0 || static_cast<size_t>(input.alias) > i) {
    TN_BAD(place, "alias", "has alias %d, which is no earlier input", input.alias);
  }
  const tn_argument& first = all.inputs[static_cast<size_t>(input.alias) - 1];
  if (input.kind != TN_ARGUMENT_DEVICE || first.kind != TN_ARGUMENT_DEVICE ||
      input.dtype != first.dtype || input.rank != first.rank) {
    TN_BAD(place, "alias",
           "cannot be the same view as input %d, which has another kind, type or rank",
           input.alias - 1);
  }
  if (std::none_of(all.outputs.begin(), all.outputs.end(),
                   [&](const tn_argument& output) { return output.alias == input.alias; })) {
    TN_BAD(place, "alias", "has alias %d, but no output replaces that input", input.alias);
  }
}

void check_attribute(const tn_attribute& attribute, const Place& place) {
  if (attribute.name == nullptr) TN_BAD(place, "name", "has no name");
  if (attribute.reserved != 0) {
    TN_REFUSE(TN_UNSUPPORTED, place, "reserved", "(%.64s) has reserved set to 0x%x", attribute.name,
              attribute.reserved);
  }
  const void* value = nullptr;
  const char* field = "";
  switch (attribute.type) {
    case TN_ATTRIBUTE_INT:
    case TN_ATTRIBUTE_INTS:
      value = attribute.ints;
      field = "ints";
      break;
    case TN_ATTRIBUTE_FLOAT:
    case TN_ATTRIBUTE_FLOATS:
      value = attribute.floats;
      field = "floats";
      break;
    case TN_ATTRIBUTE_STRING:
    case TN_ATTRIBUTE_STRINGS:
      value = attribute.strings;
      field = "strings";
      break;
    case TN_ATTRIBUTE_TENSOR:
    case TN_ATTRIBUTE_TENSORS:
      value = attribute.tensors;
      field = "tensors";
      break;
    default:
      TN_REFUSE(TN_UNSUPPORTED, place, "type", "(%.64s) has type %d, which is not known here",
                attribute.name, attribute.type);
  }
  if (attribute.type < TN_ATTRIBUTE_FLOATS && attribute.count != 1) {
    TN_BAD(place, "count", "(%.64s) has count %zu, not 1", attribute.name, attribute.count);
  }
  if (attribute.count != 0 && value == nullptr) {
    TN_BAD(place, field, "(%.64s) has no value", attribute.name);
  }
}

// `list` is the field of the description that counts and points to them.
template <class T>
void copy_structs(const T* const* from, size_t count, const char* list, const char* type,
                  std::vector<T>* structs, std::vector<const T*>* pointers) {
  const std::string where = std::string("desc->") + list;
  if (count != 0 && from == nullptr) {
    plugin::fail_at(where.c_str(), TN_INVALID_ARGUMENT, nullptr,
                    "%s is NULL, but there are %zu of them", where.c_str(), count);
  }
  structs->reserve(count);
  for (size_t i = 0; i < count; ++i) {
    T one;
    plugin::Failure failure;
    if (plugin::read_struct(from[i], &one, type, &failure.error) != TN_OK) {
      plugin::set_error_argument(&failure.error, (where + "[" + std::to_string(i) + "]").c_str());
      throw failure;
    }
    structs->push_back(one);
  }
  for (const T& one : *structs) pointers->push_back(&one);
}

}  // namespace

bool is_static(const tn_argument& argument) {
  return argument.rank == 0 ||
         (argument.dims != nullptr && std::find(argument.dims, argument.dims + argument.rank,
                                                TN_DYNAMIC) == argument.dims + argument.rank);
}

void check_description(const OpenDevice& device, const tn_kernel_desc* given,
                       CheckedDescription* out) {
  tn_kernel_desc& desc = out->desc;
  desc = plugin::read(given, "tn_kernel_desc");
  if (desc.name == nullptr) {
    plugin::fail_at("desc->name", TN_INVALID_ARGUMENT, nullptr, "the kernel has no name");
  }
  if (desc.domain == nullptr) desc.domain = "";
  out->operator_name =
      *desc.domain == '\0' ? desc.name : std::string(desc.domain) + "." + desc.name;
  const char* name = out->operator_name.c_str();
  if (desc.reserved != 0) {
    plugin::fail_at("desc->reserved", TN_UNSUPPORTED, nullptr, "%s: reserved is 0x%x", name,
                    desc.reserved);
  }
  constexpr uint32_t kKnownFlags =
      TN_KERNEL_DETERMINISTIC | TN_KERNEL_CHECK_DATA | TN_KERNEL_FLUSH_SUBNORMALS;
  if ((desc.flags & ~kKnownFlags) != 0) {
    plugin::fail_at("desc->flags", TN_UNSUPPORTED, nullptr, "%s: flags 0x%x are not known here",
                    name, desc.flags & ~kKnownFlags);
  }
  if (desc.math_mode < TN_MATH_STRICT || desc.math_mode > TN_MATH_BF16) {
    plugin::fail_at("desc->math_mode", TN_UNSUPPORTED, nullptr, "%s: math mode %d is unknown", name,
                    desc.math_mode);
  }
  copy_structs(desc.inputs, desc.input_count, "inputs", "tn_argument", &out->inputs,
               &out->input_pointers);
  copy_structs(desc.outputs, desc.output_count, "outputs", "tn_argument", &out->outputs,
               &out->output_pointers);
  copy_structs(desc.attributes, desc.attribute_count, "attributes", "tn_attribute",
               &out->attributes, &out->attribute_pointers);
  desc.inputs = out->input_pointers.data();
  desc.outputs = out->output_pointers.data();
  desc.attributes = out->attribute_pointers.data();

  for (size_t i = 0; i < out->inputs.size(); ++i) {
    const Place place{"input", i, name};
    check_argument(device, out->inputs[i], place);
    if (out->inputs[i].constant != nullptr) describe_constant(&out->inputs[i]);
    check_same(*out, i, place);
  }
  for (size_t i = 0; i < out->outputs.size(); ++i) {
    const Place place{"output", i, name};
    const tn_argument& output = out->outputs[i];
    check_argument(device, output, place);
    if (output.kind != TN_ARGUMENT_ABSENT && output.kind != TN_ARGUMENT_DEVICE) {
      TN_BAD(place, "kind", "has kind %d; outputs are device tensors", output.kind);
    }
    check_alias(*out, output, place);
  }
  if (out->attributes.size() > 64) {
    plugin::fail_at("desc->attribute_count", TN_INVALID_ARGUMENT, nullptr,
                    "%s: %zu attributes; no operator has as many", name, out->attributes.size());
  }
  for (size_t i = 0; i < out->attributes.size(); ++i) {
    check_attribute(out->attributes[i], {"attribute", i, name});
    for (size_t j = 0; j < i; ++j) {
      if (std::strcmp(out->attributes[i].name, out->attributes[j].name) == 0) {
        plugin::fail_at(("desc->attributes[" + std::to_string(i) + "]").c_str(),
                        TN_INVALID_ARGUMENT, nullptr, "%s: attribute %.64s is given twice", name,
                        out->attributes[i].name);
      }
    }
  }
}

}  // namespace tenon::device
