// SPDX-License-Identifier: Apache-2.0
//
// Buffers, mappings and imported memory.
#include <atomic>
#include <cstdlib>
#include <memory>
#include <vector>

#include "conformance/mutants/liar.h"

namespace tenon::liar {
namespace {

struct Made {
  tn_device* device = nullptr;
  tn_buffer_kind kind = TN_BUFFER_DEVICE;
};
Kept<tn_buffer*, Made> made_buffers;

tn_status TN_CALL create_and_keep(tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                                  tn_error* error) {
  const tn_status status = sound().buffer_create(device, desc, buffer, error);
  if (status == TN_OK) {
    const bool kind = has(desc, offsetof(tn_buffer_desc, alignment));
    made_buffers.put(*buffer, {device, kind ? desc->kind : tn_buffer_kind{TN_BUFFER_DEVICE}});
  }
  return status;
}

uint64_t size_of(tn_buffer* buffer) {
  tn_buffer_info info{};
  info.struct_size = sizeof(info);
  return sound().buffer_get_info(buffer, &info, nullptr) == TN_OK ? info.size : 0;
}

// As a next owner might write there, in a queue of its own.
void write_at_once(tn_device* device, tn_buffer* buffer) {
  tn_stream* stream = nullptr;
  if (sound().stream_create(device, nullptr, &stream, nullptr) != TN_OK) return;
  sound().stream_fill(stream, buffer, 0, size_of(buffer), "\xdd", 1, nullptr);
  sound().stream_synchronize(stream, nullptr);
  sound().stream_destroy(stream);
}

}  // namespace

TN_LIAR(memory_used_again_before_the_queue_is_done) {
  table.buffer_create = create_and_keep;
  table.buffer_destroy = [](tn_buffer* buffer, tn_stream* stream) {
    if (const Made made = made_buffers.get(buffer); made.device != nullptr) {
      write_at_once(made.device, buffer);
    }
    made_buffers.drop(buffer);
    sound().buffer_destroy(buffer, stream);
  };
}

TN_LIAR(pinned_memory_freed_at_once) {
  table.buffer_create = create_and_keep;
  table.buffer_destroy = [](tn_buffer* buffer, tn_stream* stream) {
    if (const Made made = made_buffers.get(buffer); made.kind == TN_BUFFER_HOST_PINNED) {
      write_at_once(made.device, buffer);
    }
    made_buffers.drop(buffer);
    sound().buffer_destroy(buffer, stream);
  };
}

TN_LIAR(destroy_waits_for_one_stream) {  // NULL is any stream, not none.
  table.buffer_create = create_and_keep;
  table.buffer_destroy = [](tn_buffer* buffer, tn_stream* stream) {
    const Made made = made_buffers.get(buffer);
    if (made.device != nullptr && stream == nullptr) write_at_once(made.device, buffer);
    made_buffers.drop(buffer);
    sound().buffer_destroy(buffer, stream);
  };
}

TN_LIAR(buffers_leak) {
  table.buffer_destroy = [](tn_buffer*, tn_stream*) {};
  table.device_close = [](tn_device*) {};
}

TN_LIAR(no_buffer_of_size_zero) {
  table.buffer_create = [](tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    if (!whole(desc) || desc->size != 0) return sound().buffer_create(device, desc, buffer, error);
    *buffer = nullptr;
    return plugin::set_error(error, TN_INVALID_ARGUMENT, nullptr, "a buffer of no bytes");
  };
}

TN_LIAR(pinned_memory_refused_as_invalid) {
  table.buffer_create = [](tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    if (!whole(desc) || desc->kind != TN_BUFFER_HOST_PINNED) {
      return sound().buffer_create(device, desc, buffer, error);
    }
    *buffer = nullptr;
    return plugin::set_error(error, TN_INVALID_ARGUMENT, nullptr, "there is no pinned memory");
  };
}

TN_LIAR(pinned_memory_is_not_coherent) {
  table.buffer_get_info = [](tn_buffer* buffer, tn_buffer_info* info, tn_error* error) {
    const tn_status status = sound().buffer_get_info(buffer, info, error);
    if (status == TN_OK && whole(info) && info->kind == TN_BUFFER_HOST_PINNED) {
      info->flags &= ~uint32_t{TN_BUFFER_COHERENT};
      info->host_pointer = nullptr;
    }
    return status;
  };
}

TN_LIAR(alignment_ignored) {
  table.buffer_get_info = [](tn_buffer* buffer, tn_buffer_info* info, tn_error* error) {
    const tn_status status = sound().buffer_get_info(buffer, info, error);
    if (status == TN_OK && whole(info) && info->address != 0) info->address += 16;
    return status;
  };
}

TN_LIAR(any_alignment_accepted) {
  table.buffer_create = [](tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    if (!whole(desc)) return sound().buffer_create(device, desc, buffer, error);
    tn_buffer_desc changed = *desc;
    if ((changed.alignment & (changed.alignment - 1)) != 0) changed.alignment = 0;
    return sound().buffer_create(device, &changed, buffer, error);
  };
}

TN_LIAR(any_size_accepted) {
  table.buffer_create = [](tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    const tn_status status = sound().buffer_create(device, desc, buffer, error);
    if (status != TN_OUT_OF_RANGE) return status;
    tn_buffer_desc changed = *desc;
    changed.size = 64;
    return sound().buffer_create(device, &changed, buffer, error);
  };
}

TN_LIAR(buffers_share_their_addresses) {
  table.buffer_get_info = [](tn_buffer* buffer, tn_buffer_info* info, tn_error* error) {
    const tn_status status = sound().buffer_get_info(buffer, info, error);
    if (status == TN_OK && whole(info) && info->address != 0) info->address = 0x10000;
    return status;
  };
}

// -- Mappings --

TN_LIAR(map_ignores_the_offset) {
  table.buffer_map = [](tn_buffer* buffer, uint64_t offset, uint64_t size, tn_access access,
                        void** pointer, tn_error* error) {
    const tn_status status = sound().buffer_map(buffer, offset, size, access, pointer, error);
    if (status == TN_OK && offset != 0) *pointer = static_cast<char*>(*pointer) - 1;
    return status;
  };
  table.buffer_unmap = [](tn_buffer*, void*, tn_error*) -> tn_status { return TN_OK; };
}

namespace {

struct Copied {
  std::shared_ptr<char[]> bytes;
};
Kept<void*, Copied> copies;

}  // namespace

// A mapping is a copy that nothing brings back.
TN_LIAR(map_loses_what_is_written) {
  table.buffer_map = [](tn_buffer* buffer, uint64_t offset, uint64_t size, tn_access access,
                        void** pointer, tn_error* error) {
    void* memory = nullptr;
    const tn_status status = sound().buffer_map(buffer, offset, size, access,
                                                pointer != nullptr ? &memory : nullptr, error);
    if (pointer != nullptr) *pointer = memory;
    if (status != TN_OK) return status;
    const std::shared_ptr<char[]> bytes(new char[size]);
    std::memcpy(bytes.get(), memory, size);
    sound().buffer_unmap(buffer, memory, nullptr);
    *pointer = bytes.get();
    copies.put(bytes.get(), {bytes});
    return status;
  };
  table.buffer_unmap = [](tn_buffer*, void* pointer, tn_error*) -> tn_status {
    copies.drop(pointer);
    return TN_OK;
  };
}

TN_LIAR(one_mapping_at_a_time) {
  table.buffer_map = [](tn_buffer* buffer, uint64_t offset, uint64_t size, tn_access access,
                        void** pointer, tn_error* error) {
    // Where the whole is free, nothing of it is mapped.
    void* all = nullptr;
    if (sound().buffer_map(buffer, 0, size_of(buffer), TN_ACCESS_READ, &all, nullptr) ==
        TN_INVALID_STATE) {
      *pointer = nullptr;
      return plugin::set_error(error, TN_INVALID_STATE, nullptr, "the buffer is mapped");
    }
    if (all != nullptr) sound().buffer_unmap(buffer, all, nullptr);
    return sound().buffer_map(buffer, offset, size, access, pointer, error);
  };
}

TN_LIAR(maps_a_range_twice) { forgive<&tn_dispatch::buffer_map, TN_INVALID_STATE>(table); }
TN_LIAR(maps_beyond_the_end) { forgive<&tn_dispatch::buffer_map, TN_OUT_OF_RANGE>(table); }
TN_LIAR(unmaps_anything) { forgive<&tn_dispatch::buffer_unmap, TN_INVALID_ARGUMENT>(table); }

TN_LIAR(maps_nothing) {
  table.buffer_map = [](tn_buffer* buffer, uint64_t offset, uint64_t size, tn_access access,
                        void** pointer, tn_error* error) {
    if ((access & (TN_ACCESS_READ | TN_ACCESS_WRITE)) == 0) access |= TN_ACCESS_READ;
    if ((access & TN_ACCESS_READ) != 0) access &= ~uint32_t{TN_ACCESS_DISCARD};
    return sound().buffer_map(buffer, offset, size == 0 ? 1 : size, access, pointer, error);
  };
}

TN_LIAR(discard_loses_the_whole_buffer) {
  table.buffer_create = create_and_keep;
  table.buffer_map = [](tn_buffer* buffer, uint64_t offset, uint64_t size, tn_access access,
                        void** pointer, tn_error* error) {
    const Made made = made_buffers.get(buffer);
    const bool discards = access == (TN_ACCESS_WRITE | TN_ACCESS_DISCARD);
    if (discards && made.device != nullptr) write_at_once(made.device, buffer);
    return sound().buffer_map(buffer, offset, size, access, pointer, error);
  };
}

TN_LIAR(one_kind_cannot_be_mapped) {
  table.buffer_create = create_and_keep;
  table.buffer_map = [](tn_buffer* buffer, uint64_t offset, uint64_t size, tn_access access,
                        void** pointer, tn_error* error) {
    if (made_buffers.get(buffer).kind != TN_BUFFER_SHARED) {
      return sound().buffer_map(buffer, offset, size, access, pointer, error);
    }
    *pointer = nullptr;
    return plugin::set_error(error, TN_UNSUPPORTED, nullptr, "shared memory is not mapped");
  };
}

// -- Imported memory --

namespace {

struct Release {
  tn_release_fn function;
  void* user;
};

void TN_CALL release_twice(void* user) {
  auto* const release = static_cast<Release*>(user);
  release->function(release->user);
  release->function(release->user);
}

template <class Edit>
tn_status import(tn_device* device, const tn_import_desc* desc, tn_buffer** buffer, tn_error* error,
                 Edit edit) {
  if (!whole(desc)) return sound().buffer_import(device, desc, buffer, error);
  tn_import_desc changed = *desc;
  edit(changed);
  return sound().buffer_import(device, &changed, buffer, error);
}

}  // namespace

TN_LIAR(import_releases_twice) {
  table.buffer_import = [](tn_device* device, const tn_import_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    return import(device, desc, buffer, error, [](tn_import_desc& changed) {
      if (changed.release == nullptr) return;
      changed.user = new Release{changed.release, changed.user};
      changed.release = release_twice;
    });
  };
}

TN_LIAR(import_never_releases) {
  table.buffer_import = [](tn_device* device, const tn_import_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    return import(device, desc, buffer, error,
                  [](tn_import_desc& changed) { changed.release = nullptr; });
  };
}

TN_LIAR(import_is_a_copy) {
  table.buffer_import = [](tn_device* device, const tn_import_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    return import(device, desc, buffer, error, [](tn_import_desc& changed) {
      if (changed.kind != TN_IMPORT_HOST || changed.pointer == nullptr) return;
      void* const copy = std::malloc(changed.size);  // Until the end: it is a test's.
      std::memcpy(copy, changed.pointer, changed.size);
      changed.pointer = copy;
    });
  };
}

TN_LIAR(import_ignores_the_offset) {
  table.buffer_import = [](tn_device* device, const tn_import_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    return import(device, desc, buffer, error,
                  [](tn_import_desc& changed) { changed.handle = changed.offset = 0; });
  };
}

TN_LIAR(writes_to_read_only_memory) {
  table.buffer_import = [](tn_device* device, const tn_import_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    return import(device, desc, buffer, error,
                  [](tn_import_desc& changed) { changed.flags &= ~uint32_t{TN_IMPORT_READ_ONLY}; });
  };
}

}  // namespace tenon::liar
