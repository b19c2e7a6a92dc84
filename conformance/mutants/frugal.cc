// SPDX-License-Identifier: Apache-2.0
//
// No defect: a device of dense tensors whose dims are known and that lie at multiples of 256, of
// one kind of memory, whose streams cannot wait for the host. It asks for what it needs, argument
// by argument, and the suite is green on it.
#include <algorithm>

#include "conformance/mutants/mutant.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::mutant {
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

void mutate(tn_dispatch& table) {
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

}  // namespace tenon::mutant
