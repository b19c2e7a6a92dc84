// SPDX-License-Identifier: Apache-2.0
//
// Instances and devices: what is left when they end.
#include "reference_impl/layers/validation/making.h"
#include "reference_impl/layers/validation/rules.h"

namespace tenon::layers::validation {

void destroy_below(Record& record, const char* function) {
  Registry::get().end(record, function);
  const tn_dispatch& below = record.layer->below();
  switch (record.kind) {
    case Kind::kInstance:
      return below.instance_destroy(static_cast<tn_instance*>(record.handle));
    case Kind::kDevice:
      record.layer->destroy_leaked(record, function, "TN-device-007");
      record.layer->release(&record);
      return below.device_close(static_cast<tn_device*>(record.handle));
    case Kind::kBuffer:
      return below.buffer_destroy(static_cast<tn_buffer*>(record.handle), nullptr);
    case Kind::kStream:
      return below.stream_destroy(static_cast<tn_stream*>(record.handle));
    case Kind::kEvent:
      return below.event_destroy(static_cast<tn_event*>(record.handle));
    case Kind::kKernel:
      return below.kernel_destroy(static_cast<tn_kernel*>(record.handle));
    case Kind::kConstant:
      for (int64_t i = static_cast<ConstantRecord&>(record).references; i > 0; --i) {
        below.constant_release(static_cast<tn_constant*>(record.handle));
      }
      return;
  }
}

namespace rules {

tn_status device_open(Call& call, tn_instance* instance, size_t index, const tn_device_desc* desc,
                      tn_device** device, tn_error* error) {
  const size_t options =
      desc != nullptr && desc->struct_size >= sizeof(*desc) ? desc->option_count : 0;
  std::string words = fmt::format("index {}", index);
  for (size_t i = 0; i < options; ++i) {
    const tn_option* option = desc->options != nullptr ? &desc->options[i] : nullptr;
    if (option == nullptr || option->key == nullptr || option->value == nullptr) {
      return call.refuse(TN_INVALID_ARGUMENT, "TN-null-002",
                         fmt::format("desc->options[{}] has no key or no value", i), "give both");
    }
    words += fmt::format(", {}={}", option->key, option->value);
  }
  const tn_status status = call.below().device_open(instance, index, desc, device, error);
  if (status != TN_OK) return status;
  auto record = enter<DeviceRecord>(call, *device, words);
  record->info.struct_size = sizeof(record->info);
  call.below().device_get_info(*device, &record->info, nullptr);
  Registry::get().add(std::move(record));
  return status;
}

void device_close(Call& call, tn_device* device) {
  const auto record = Registry::get().find(device);
  if (record == nullptr) return call.below().device_close(device);
  destroy_below(*record, call.function());
}

tn_status device_get_memory(Call& call, tn_device* device, tn_memory_info* info, tn_error* error) {
  call.layer().release(call.device().get());  // It would be counted.
  return call.below().device_get_memory(device, info, error);
}

tn_status device_synchronize(Call& call, tn_device* device, tn_error* error) {
  // It answers the failures that streams keep, those of destroyed ones no longer.
  call.layer().release_if([&](const Record& kept) {
    return kept.kind == Kind::kStream && kept.device == call.device();
  });
  const tn_status status = call.below().device_synchronize(device, error);
  const std::lock_guard lock(call.layer().mutex);
  call.layer().order.finish_all();
  return status;
}

tn_status layout_size(Call& call, tn_device* device, tn_layout layout, tn_dtype dtype, int32_t rank,
                      const int64_t* dims, uint64_t* size, tn_error* error) {
  if (rank < 0 || rank > TN_MAX_RANK) {
    return call.refuse(TN_INVALID_ARGUMENT, "TN-layout-005", fmt::format("rank is {}", rank),
                       "give one from 0 to TN_MAX_RANK");
  }
  return call.below().layout_size(device, layout, dtype, rank, dims, size, error);
}

}  // namespace rules
}  // namespace tenon::layers::validation
