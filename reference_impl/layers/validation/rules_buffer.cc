// SPDX-License-Identifier: Apache-2.0
//
// Buffers: sizes, mapped ranges, and work in flight when they are mapped or go.
#include <algorithm>

#include "reference_impl/layers/validation/making.h"
#include "reference_impl/layers/validation/rules.h"
#include "reference_impl/layers/validation/tensors.h"

namespace tenon::layers::validation::rules {
namespace {

// Larger ones go back to the plugin at once.
constexpr uint64_t kLargestKept = 64 << 10;

}  // namespace

tn_status buffer_create(Call& call, tn_device* device, const tn_buffer_desc* desc,
                        tn_buffer** buffer, tn_error* error) {
  tn_buffer_desc known;
  call.read(desc, &known, "tn_buffer_desc", Path("desc"));
  if ((known.alignment & (known.alignment - 1)) != 0) {
    return call.refuse(TN_INVALID_ARGUMENT, "TN-buffer-010",
                       fmt::format("desc->alignment is {}", known.alignment),
                       "give a power of two, or 0 for the device's");
  }
  const auto* owner = dynamic_cast<const DeviceRecord*>(call.device().get());
  if (owner != nullptr && owner->info.max_allocation != 0 &&
      known.size > owner->info.max_allocation) {
    return call.refuse(TN_OUT_OF_RANGE, "TN-buffer-006",
                       fmt::format("desc->size is {}, the device's max_allocation {}", known.size,
                                   owner->info.max_allocation),
                       "split the buffer");
  }
  const tn_status status =
      with_room(call, [&] { return call.below().buffer_create(device, desc, buffer, error); });
  if (status != TN_OK) return status;
  auto record = enter<BufferRecord>(call, *buffer, fmt::format("size {}", known.size));
  record->size = known.size;
  Registry::get().add(std::move(record));
  return status;
}

tn_status buffer_import(Call& call, tn_device* device, const tn_import_desc* desc,
                        tn_buffer** buffer, tn_error* error) {
  tn_import_desc known;
  call.read(desc, &known, "tn_import_desc", Path("desc"));
  if (known.size != 0 && !call.needed(known.pointer, Path("desc->pointer"))) return call.status();
  const tn_status status = call.below().buffer_import(device, desc, buffer, error);
  if (status != TN_OK) return status;
  auto record = enter<BufferRecord>(call, *buffer, fmt::format("size {}", known.size));
  record->size = known.size;
  record->imported = true;
  Registry::get().add(std::move(record));
  return status;
}

void buffer_destroy(Call& call, tn_buffer* buffer, tn_stream* stream) {
  const auto record = call.record<BufferRecord>(buffer);
  if (record == nullptr) return call.below().buffer_destroy(buffer, stream);
  const auto on = call.record<StreamRecord>(stream);
  Validation& layer = call.layer();
  bool loose = false;
  bool mapped = false;
  {
    const std::lock_guard lock(layer.mutex);
    mapped = !record->mapped.empty();
    loose = on != nullptr && std::ranges::any_of(record->uses, [&](const Use& use) {
              return use.work.stream != on->order && !layer.order.ordered(use.work, on->order);
            });
  }
  if (loose) {
    call.warn("TN-lifetime-006",
              describe(*record) + " is used by work of another stream that nothing orders before",
              "wait for an event of that stream on this one, or give NULL for the stream");
  }
  Registry::get().end(*record, call.function());
  // What its going would show is done at once: mappings end, imported and large memory goes back.
  if (mapped || record->imported || record->size > kLargestKept) {
    return call.below().buffer_destroy(buffer, stream);
  }
  layer.keep(record, record->size,
             [below = &layer.below(), buffer] { below->buffer_destroy(buffer, nullptr); });
}

tn_status buffer_map(Call& call, tn_buffer* buffer, uint64_t offset, uint64_t size,
                     tn_access access, void** pointer, tn_error* error) {
  if (size == 0) {
    return call.refuse(TN_INVALID_ARGUMENT, "TN-map-010", "size is 0", "map at least one byte");
  }
  if ((access & (TN_ACCESS_READ | TN_ACCESS_WRITE)) == 0 ||
      ((access & TN_ACCESS_DISCARD) != 0 && (access & TN_ACCESS_WRITE) == 0)) {
    return call.refuse(TN_INVALID_ARGUMENT, "TN-map-010", fmt::format("access is {:#x}", access),
                       "give READ, WRITE or both; DISCARD goes with WRITE");
  }
  std::vector<Access> ranges;
  if (!locate_range(call, buffer, offset, size, (access & TN_ACCESS_WRITE) != 0, "TN-map-005",
                    "buffer", &ranges)) {
    return call.status();
  }
  const auto record = call.record<BufferRecord>(buffer);
  if (record == nullptr)
    return call.below().buffer_map(buffer, offset, size, access, pointer, error);
  const uint64_t end = offset + size;
  Validation& layer = call.layer();
  bool busy = false;
  {
    const std::lock_guard lock(layer.mutex);
    for (const MappedRange& mapped : record->mapped) {
      if (mapped.begin >= end || offset >= mapped.end) continue;
      return call.refuse(TN_INVALID_STATE, "TN-map-004",
                         fmt::format("bytes {} to {} of {} are mapped already", mapped.begin,
                                     mapped.end, describe(*record)),
                         "unmap them first, or map disjoint ranges");
    }
    busy = std::ranges::any_of(record->uses, [&](const Use& use) {
      return use.exact && use.begin < end && offset < use.end && !layer.order.finished(use.work);
    });
  }
  if (busy) {
    call.warn("TN-map-012",
              fmt::format("queued work that uses bytes {} to {} of {} has not been waited for",
                          offset, end, describe(*record)),
              "synchronize the stream or an event behind that work before you map");
  }
  const tn_status status = call.below().buffer_map(buffer, offset, size, access, pointer, error);
  if (status == TN_OK) {
    const std::lock_guard lock(layer.mutex);
    record->mapped.push_back({*pointer, offset, end});
  }
  return status;
}

tn_status buffer_unmap(Call& call, tn_buffer* buffer, void* pointer, tn_error* error) {
  const auto record = call.record<BufferRecord>(buffer);
  if (record == nullptr) return call.below().buffer_unmap(buffer, pointer, error);
  {
    const std::lock_guard lock(call.layer().mutex);
    const auto found = std::ranges::find(record->mapped, pointer, &MappedRange::pointer);
    if (found == record->mapped.end()) {
      return call.refuse(TN_INVALID_ARGUMENT, "TN-map-006",
                         fmt::format("no mapping of {} starts at {}", describe(*record), pointer),
                         "give the pointer that tn_buffer_map gave, once");
    }
    // Before the call below: as soon as that returns, another thread may be given the pointer.
    record->mapped.erase(found);
  }
  return call.below().buffer_unmap(buffer, pointer, error);
}

}  // namespace tenon::layers::validation::rules
