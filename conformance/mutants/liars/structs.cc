// SPDX-License-Identifier: Apache-2.0
//
// Structs that are longer or shorter than the header's, and values that are not known.
#include <set>
#include <vector>

#include "conformance/mutants/liar.h"

namespace tenon::liar {
namespace {

// A description cut to what is known here, whatever stands behind it.
template <class T>
const T* cut(const T* given, T* room) {
  if (given == nullptr || given->struct_size <= sizeof(T)) return given;
  *room = *given;
  room->struct_size = sizeof(T);
  return room;
}

// Answers with a struct that is written whole, however short the caller's is.
template <auto slot, class T, class Handle>
tn_status TN_CALL write_whole(Handle* handle, T* info, tn_error* error) {
  if (info == nullptr || info->struct_size >= sizeof(T))
    return (sound().*slot)(handle, info, error);
  T full{};
  full.struct_size = sizeof(T);
  const size_t size = info->struct_size;
  const tn_status status = (sound().*slot)(handle, &full, error);
  if (status == TN_OK) std::memcpy(static_cast<void*>(info), &full, sizeof(T));
  info->struct_size = size;
  return status;
}

}  // namespace

TN_LIAR(tail_ignored) {
  table.buffer_create = [](tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    tn_buffer_desc room;
    return sound().buffer_create(device, cut(desc, &room), buffer, error);
  };
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    tn_kernel_desc room;
    return sound().kernel_create(device, cut(desc, &room), kernel, error);
  };
}

TN_LIAR(tail_of_zeros_refused) {
  table.event_create = [](tn_device* device, const tn_event_desc* desc, tn_event** event,
                          tn_error* error) {
    if (desc == nullptr || desc->struct_size <= sizeof(*desc)) {
      return sound().event_create(device, desc, event, error);
    }
    *event = nullptr;
    return plugin::set_error(error, TN_UNSUPPORTED, nullptr, "struct_size is too large");
  };
  table.device_get_info = [](tn_device* device, tn_device_info* info, tn_error* error) {
    if (info == nullptr || info->struct_size <= sizeof(*info)) {
      return sound().device_get_info(device, info, error);
    }
    return plugin::set_error(error, TN_UNSUPPORTED, nullptr, "struct_size is too large");
  };
}

TN_LIAR(writes_whole_structs) {
  table.device_get_info = write_whole<&tn_dispatch::device_get_info, tn_device_info, tn_device>;
  table.device_get_memory = write_whole<&tn_dispatch::device_get_memory, tn_memory_info, tn_device>;
  table.buffer_get_info = write_whole<&tn_dispatch::buffer_get_info, tn_buffer_info, tn_buffer>;
}

TN_LIAR(reads_beyond_older_structs) {
  table.buffer_create = [](tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    if (desc == nullptr || desc->struct_size >= sizeof(*desc) || desc->struct_size == 0) {
      return sound().buffer_create(device, desc, buffer, error);
    }
    const tn_buffer_desc read{sizeof(read), desc->size, TN_BUFFER_SHARED, 0, nullptr};
    return sound().buffer_create(device, &read, buffer, error);
  };
}

TN_LIAR(size_of_zero_accepted) {
  table.buffer_create = [](tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    if (desc == nullptr || desc->struct_size != 0) {
      return sound().buffer_create(device, desc, buffer, error);
    }
    tn_buffer_desc changed = *desc;
    changed.struct_size = sizeof(changed);
    return sound().buffer_create(device, &changed, buffer, error);
  };
}

TN_LIAR(reserved_ignored) {
  table.stream_create = [](tn_device* device, const tn_stream_desc* desc, tn_stream** stream,
                           tn_error* error) {
    if (!whole(desc)) return sound().stream_create(device, desc, stream, error);
    tn_stream_desc changed = *desc;
    changed.reserved = 0;
    return sound().stream_create(device, &changed, stream, error);
  };
}

TN_LIAR(unknown_kind_accepted) {
  table.buffer_create = [](tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    if (!whole(desc)) return sound().buffer_create(device, desc, buffer, error);
    tn_buffer_desc changed = *desc;
    if (changed.kind < 0 || changed.kind > TN_BUFFER_SHARED) changed.kind = TN_BUFFER_DEVICE;
    return sound().buffer_create(device, &changed, buffer, error);
  };
}

TN_LIAR(unknown_bits_accepted) {
  table.event_create = [](tn_device* device, const tn_event_desc* desc, tn_event** event,
                          tn_error* error) {
    if (!whole(desc)) return sound().event_create(device, desc, event, error);
    tn_event_desc changed = *desc;
    changed.flags &= TN_EVENT_TIMING | TN_EVENT_HOST;
    return sound().event_create(device, &changed, event, error);
  };
}

TN_LIAR(unknown_access_accepted) {
  table.buffer_map = [](tn_buffer* buffer, uint64_t offset, uint64_t size, tn_access access,
                        void** pointer, tn_error* error) {
    access &= TN_ACCESS_READ | TN_ACCESS_WRITE | TN_ACCESS_DISCARD;
    return sound().buffer_map(buffer, offset, size, access, pointer, error);
  };
}

TN_LIAR(null_accepted) {
  forgive<&tn_dispatch::stream_callback, TN_INVALID_ARGUMENT>(table);
  forgive<&tn_dispatch::device_get_info, TN_INVALID_ARGUMENT>(table);
}

TN_LIAR(option_twice_accepted) {
  table.device_open = [](tn_instance* instance, size_t index, const tn_device_desc* desc,
                         tn_device** device, tn_error* error) {
    std::vector<tn_option> once;
    std::set<std::string> known;
    for (size_t i = 0; desc != nullptr && i < desc->option_count; ++i) {
      if (known.insert(desc->options[i].key).second) once.push_back(desc->options[i]);
    }
    const tn_device_desc changed{sizeof(changed), once.data(), once.size()};
    return sound().device_open(instance, index, &changed, device, error);
  };
}

TN_LIAR(unknown_option_accepted) {
  table.device_open = [](tn_instance* instance, size_t index, const tn_device_desc* desc,
                         tn_device** device, tn_error* error) {
    const tn_status status = sound().device_open(instance, index, desc, device, error);
    return status == TN_INVALID_ARGUMENT
               ? sound().device_open(instance, index, nullptr, device, error)
               : status;
  };
}

}  // namespace tenon::liar
