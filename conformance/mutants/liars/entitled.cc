// SPDX-License-Identifier: Apache-2.0
//
// No defects: devices that are entitled to what the reference device does not ask for. The suite
// must pass them.
#include <algorithm>
#include <array>
#include <vector>

#include "conformance/mutants/liar.h"

namespace tenon::liar {

// Every kernel needs a workspace, and a launch without one is refused.
TN_LIAR(needs_workspace) {
  table.kernel_get_info = [](tn_kernel* kernel, tn_kernel_info* info, tn_error* error) {
    const tn_status status = sound().kernel_get_info(kernel, info, error);
    if (status == TN_OK && info->struct_size >= sizeof(*info)) {
      info->flags &= ~uint32_t{TN_KERNEL_NO_WORKSPACE};
    }
    return status;
  };
  table.kernel_workspace_size = [](tn_kernel* kernel, const tn_launch* launch, uint64_t* size,
                                   tn_error* error) {
    const tn_status status = sound().kernel_workspace_size(kernel, launch, size, error);
    if (status == TN_OK) *size += 64;
    return status;
  };
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    if (launch != nullptr && launch->workspace == nullptr) {
      return plugin::set_error(error, TN_INVALID_ARGUMENT, "TN-launch-012",
                               "launch->workspace is NULL");
    }
    return sound().kernel_launch(kernel, stream, launch, error);
  };
}

// The question for output dims may be left out; it is reported as unsupported, never as passed.
TN_LIAR(no_output_dims) { table.kernel_output_dims = nullptr; }

namespace {

// Operators that are known as an older since-version which means the same.
constexpr int32_t kNew = 14, kOld = 13;
constexpr std::array kOlder = {"Add", "Sub", "Mul", "Div", "Relu"};

bool is_older(const char* domain, const char* name) {
  return domain != nullptr && domain[0] == '\0' && name != nullptr &&
         std::ranges::any_of(kOlder, [&](const char* one) { return std::strcmp(one, name) == 0; });
}

// The description as the sound device knows it; NULL for the version that is not known here.
const tn_kernel_desc* newer(const tn_kernel_desc* desc, tn_kernel_desc* room) {
  if (!whole(desc) || !is_older(desc->domain, desc->name)) return desc;
  if (desc->version == kNew) return nullptr;
  *room = *desc;
  if (room->version == kOld) room->version = kNew;
  return room;
}

}  // namespace

TN_LIAR(older_versions) {
  table.device_get_operators = [](tn_device* device, tn_operator_table* table, tn_error* error) {
    const tn_status status = sound().device_get_operators(device, table, error);
    if (status != TN_OK || !whole(table)) return status;
    auto* const rows = new std::vector<tn_operator_entry>;  // As long as the device.
    const auto* at = reinterpret_cast<const char*>(table->first);
    for (size_t i = 0; i < table->count; ++i, at += table->stride) {
      rows->push_back(*reinterpret_cast<const tn_operator_entry*>(at));
      if (is_older(rows->back().domain, rows->back().name)) rows->back().version = kOld;
    }
    table->first = rows->data();
    table->stride = sizeof(tn_operator_entry);
    return status;
  };
  table.kernel_supports = [](tn_device* device, const tn_kernel_desc* desc,
                             tn_kernel_support* support, tn_error* error) {
    tn_kernel_desc room;
    const tn_kernel_desc* const known = newer(desc, &room);
    if (known != nullptr || desc == nullptr) {
      return sound().kernel_supports(device, known, support, error);
    }
    return plugin::set_error(error, TN_UNSUPPORTED, nullptr, "%s %d is not known", desc->name,
                             kNew);
  };
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    tn_kernel_desc room;
    const tn_kernel_desc* const known = newer(desc, &room);
    if (known != nullptr || desc == nullptr) {
      return sound().kernel_create(device, known, kernel, error);
    }
    *kernel = nullptr;
    return plugin::set_error(error, TN_UNSUPPORTED, nullptr, "%s %d is not known", desc->name,
                             kNew);
  };
}

// -- Dense tensors of known dims that lie at multiples of 256, and one kind of memory --

namespace {

constexpr uint32_t kAlignment = 256;

bool is_dynamic(const int64_t* values, int32_t rank) {
  return rank > 0 &&
         (values == nullptr || std::find(values, values + rank, TN_DYNAMIC) != values + rank);
}

bool is_dense(const tn_argument& argument) {
  const int64_t* const end = argument.dims + argument.rank;
  if (std::find(argument.dims, end, 0) != end) return true;  // Strides do not matter.
  int64_t step = 1;
  for (int32_t i = argument.rank; i-- > 0;) {
    if (argument.dims[i] != 1 && argument.strides[i] != step) return false;
    step *= argument.dims[i];
  }
  return true;
}

// TN_REQUIRES_* that a description lacks.
uint32_t missing(const tn_argument* given) {
  const auto argument = plugin::read(given, "tn_argument");
  if (argument.kind != TN_ARGUMENT_DEVICE) return 0;
  uint32_t all = argument.alignment < kAlignment ? TN_REQUIRES_ALIGNED : 0;
  const bool strided = argument.layout == TN_LAYOUT_STRIDED;
  if (is_dynamic(argument.dims, argument.rank)) {
    all |= TN_REQUIRES_STATIC_DIMS | TN_REQUIRES_STATIC_STRIDES;
  } else if (strided && (argument.flags & TN_ARGUMENT_DENSE) == 0) {
    if (is_dynamic(argument.strides, argument.rank)) {
      all |= TN_REQUIRES_STATIC_STRIDES;
    } else if (!is_dense(argument)) {
      all |= TN_REQUIRES_DENSE;
    }
  }
  return all;
}

// What is missing in one list; written out where the caller asks for it.
uint32_t ask(const tn_argument* const* arguments, size_t count, tn_argument_needs* needs) {
  uint32_t all = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t one = missing(arguments[i]);
    if (needs != nullptr) needs[i] = {one, kAlignment, needs[i].layout};
    all |= one;
  }
  return all;
}

// Of a description that the sound device takes.
tn_status examine(const tn_kernel_desc* given, tn_kernel_support* support, tn_error* error) {
  return plugin::guard(error, [&] {
    const auto desc = plugin::read(given, "tn_kernel_desc");
    tn_kernel_support known{};
    if (support != nullptr) known = plugin::read(support, "tn_kernel_support");
    const uint32_t all = ask(desc.inputs, desc.input_count, known.inputs) |
                         ask(desc.outputs, desc.output_count, known.outputs);
    if (all == 0) return static_cast<tn_status>(TN_OK);
    return plugin::set_error(error, TN_NEEDS_STATIC, nullptr,
                             "%s wants dense tensors of known dims at multiples of %u", desc.name,
                             kAlignment);
  });
}

}  // namespace

// It asks for what it needs, argument by argument; its streams cannot wait for the host.
TN_LIAR(frugal) {
  table.kernel_supports = [](tn_device* device, const tn_kernel_desc* desc,
                             tn_kernel_support* support, tn_error* error) {
    const tn_status status = sound().kernel_supports(device, desc, support, error);
    return status == TN_OK ? examine(desc, support, error) : status;
  };
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    const tn_status status = sound().kernel_create(device, desc, kernel, error);
    if (status != TN_OK) return status;
    const tn_status asked = examine(desc, nullptr, error);
    if (asked == TN_OK) return asked;
    sound().kernel_destroy(*kernel);
    *kernel = nullptr;
    return asked;
  };
  table.instance_device_info = [](tn_instance* instance, size_t index, tn_device_info* info,
                                  tn_error* error) {
    const tn_status status = sound().instance_device_info(instance, index, info, error);
    if (status == TN_OK && info->struct_size >= offsetof(tn_device_info, name)) {
      info->flags &= ~uint32_t{TN_DEVICE_DYNAMIC_DIMS};
    }
    return status;
  };
  table.device_get_info = [](tn_device* device, tn_device_info* info, tn_error* error) {
    const tn_status status = sound().device_get_info(device, info, error);
    if (status == TN_OK && info->struct_size >= offsetof(tn_device_info, name)) {
      info->flags &= ~uint32_t{TN_DEVICE_DYNAMIC_DIMS};
    }
    return status;
  };
  table.buffer_create = [](tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    const tn_status status = sound().buffer_create(device, desc, buffer, error);
    if (status != TN_OK || desc->struct_size < offsetof(tn_buffer_desc, alignment) ||
        desc->kind == TN_BUFFER_DEVICE) {
      return status;
    }
    sound().buffer_destroy(*buffer, nullptr);
    *buffer = nullptr;
    return plugin::set_error(error, TN_UNSUPPORTED, nullptr, "there is no memory of kind %d",
                             desc->kind);
  };
  table.event_create = [](tn_device* device, const tn_event_desc* desc, tn_event** event,
                          tn_error* error) {
    const tn_status status = sound().event_create(device, desc, event, error);
    if (status != TN_OK || desc == nullptr || desc->struct_size < sizeof(*desc) ||
        (desc->flags & TN_EVENT_HOST) == 0) {
      return status;
    }
    sound().event_destroy(*event);
    *event = nullptr;
    return plugin::set_error(error, TN_UNSUPPORTED, nullptr, "streams do not wait for the host");
  };
  table.event_signal = nullptr;
  table.buffer_import = nullptr;
}

}  // namespace tenon::liar
