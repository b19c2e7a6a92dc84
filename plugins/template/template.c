/* SPDX-License-Identifier: Apache-2.0
 *
 * template.c: the smallest honest accelerator, to be copied. It includes tenon.h and nothing else
 * of Tenon. Its "device memory" is malloc'ed, and its streams run each piece of work at once, on
 * the thread that queues it: legal, because a stream promises order and not delay. Replace what
 * stands under "Memory" and "Streams" by calls of your driver, and operators.c by your kernels;
 * the checks in front stay.
 *
 * One lock for each device guards what several threads may touch: failures of streams, events,
 * mappings and memory counters. Buffers' bytes need none: hosts order their use.
 */
#include "template.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- Errors and structs -----------------------------------------------------------------------
 */

tn_status give_error(tn_error* error, const tn_error* from) {
  if (error != NULL && error->struct_size > sizeof(size_t) && from->code != TN_OK) {
    const size_t size = error->struct_size < sizeof(*from) ? error->struct_size : sizeof(*from);
    memcpy((char*)error + sizeof(size_t), (const char*)from + sizeof(size_t),
           size - sizeof(size_t));
    if (size > offsetof(tn_error, message)) ((char*)error)[size - 1] = '\0';
  }
  return from->code;
}

tn_status fail(tn_error* error, tn_status status, const char* format, ...) {
  tn_error full = TN_ERROR_INIT;
  va_list arguments;
  full.code = status;
  va_start(arguments, format);
  vsnprintf(full.message, sizeof(full.message), format, arguments);
  va_end(arguments);
  return give_error(error, &full);
}

tn_status take(void* out, size_t known, const void* in, const char* name, tn_error* error) {
  size_t size = 0;
  memset(out, 0, known);
  if (in == NULL) return fail(error, TN_INVALID_ARGUMENT, "%s is NULL: give one", name);
  memcpy(&size, in, sizeof(size));
  if (size < sizeof(size) || size > 65536)
    return fail(error, TN_INVALID_ARGUMENT, "struct_size of %s is %zu: set it to its sizeof", name,
                size);
  for (size_t i = known; i < size; ++i)
    if (((const char*)in)[i] != 0)
      return fail(error, TN_UNSUPPORTED, "%s: a field beyond the %zu bytes known here is set", name,
                  known);
  memcpy(out, in, size < known ? size : known);
  return TN_OK;
}

tn_status give(void* out, const void* from, size_t known, const char* name, tn_error* error) {
  size_t size = 0;
  if (out == NULL) return fail(error, TN_INVALID_ARGUMENT, "%s is NULL: give one", name);
  memcpy(&size, out, sizeof(size));
  if (size < sizeof(size) || size > 65536)
    return fail(error, TN_INVALID_ARGUMENT, "struct_size of %s is %zu: set it to its sizeof", name,
                size);
  if (size > known) size = known;
  memcpy((char*)out + sizeof(size_t), (const char*)from + sizeof(size_t), size - sizeof(size_t));
  return TN_OK;
}

tn_status need(const void* pointer, const char* name, tn_error* error) {
  return pointer != NULL ? TN_OK : fail(error, TN_INVALID_ARGUMENT, "%s is NULL: give one", name);
}

/* ---- Instance and device ----------------------------------------------------------------------
 */

static tn_status instance_create(const tn_instance_desc* desc, tn_instance** instance,
                                 tn_error* error) {
  tn_instance_desc known;
  TRY(need(instance, "instance", error));
  *instance = NULL;
  TRY(TAKE(known, desc));
  tn_instance* made = malloc(sizeof(*made));
  if (made == NULL) return fail(error, TN_OUT_OF_MEMORY, "no host memory for an instance");
  made->dispatch = known.dispatch;
  *instance = made;
  return TN_OK;
}

static void instance_destroy(tn_instance* instance) { free(instance); }

static tn_status instance_device_count(tn_instance* instance, size_t* count, tn_error* error) {
  (void)instance;
  TRY(need(count, "count", error));
  *count = 1;
  return TN_OK;
}

static tn_status device_info(tn_device_info* info, tn_error* error) {
  const tn_device_info known = {.type = TN_DEVICE_ACCELERATOR,
                                .name = "Template accelerator",
                                .vendor = "Tenon",
                                .uuid = "tenon-template",
                                .physical_id = "host",
                                .total_memory = TOTAL_MEMORY,
                                .max_allocation = MAX_ALLOCATION,
                                .alignment = ALIGNMENT};
  return GIVE(info, known);
}

static tn_status check_index(size_t index, tn_error* error) {
  return index == 0 ? TN_OK
                    : fail(error, TN_OUT_OF_RANGE, "device %zu: there is only device 0", index);
}

static tn_status instance_device_info(tn_instance* instance, size_t index, tn_device_info* info,
                                      tn_error* error) {
  (void)instance;
  TRY(check_index(index, error));
  return device_info(info, error);
}

static tn_status device_open(tn_instance* instance, size_t index, const tn_device_desc* desc,
                             tn_device** device, tn_error* error) {
  tn_device_desc known;
  TRY(need(device, "device", error));
  *device = NULL;
  TRY(check_index(index, error));
  TRY(TAKE(known, desc));
  if (known.option_count != 0)
    return fail(error, TN_INVALID_ARGUMENT, "unknown option '%s': this device has none",
                known.options != NULL && known.options[0].key ? known.options[0].key : "(null)");
  tn_device* made = calloc(1, sizeof(*made));
  if (made == NULL || mtx_init(&made->lock, mtx_plain) != thrd_success) {
    free(made);
    return fail(error, TN_OUT_OF_MEMORY, "no host memory for a device");
  }
  made->dispatch = instance->dispatch;
  *device = made;
  return TN_OK;
}

static void device_close(tn_device* device) {
  if (device == NULL) return;
  mtx_destroy(&device->lock);
  free(device);
}

static tn_status device_get_info(tn_device* device, tn_device_info* info, tn_error* error) {
  (void)device;
  return device_info(info, error);
}

static tn_status device_get_memory(tn_device* device, tn_memory_info* info, tn_error* error) {
  mtx_lock(&device->lock);
  const tn_memory_info now = device->memory;
  mtx_unlock(&device->lock);
  return GIVE(info, now);
}

static tn_status device_synchronize(tn_device* device, tn_error* error) {
  tn_error first = TN_ERROR_INIT;
  mtx_lock(&device->lock);
  for (const tn_stream* stream = device->streams; stream != NULL; stream = stream->next)
    if (stream->failure.code != TN_OK) first = stream->failure;
  mtx_unlock(&device->lock);
  return give_error(error, &first);
}

/* ---- Memory -----------------------------------------------------------------------------------
 */

static tn_status buffer_create(tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                               tn_error* error) {
  tn_buffer_desc known;
  TRY(need(buffer, "buffer", error));
  *buffer = NULL;
  TRY(TAKE(known, desc));
  if (known.size > MAX_ALLOCATION)
    return fail(error, TN_OUT_OF_RANGE, "size %llu is more than max_allocation (%llu)",
                (unsigned long long)known.size, (unsigned long long)MAX_ALLOCATION);
  if ((known.alignment & (known.alignment - 1)) != 0)
    return fail(error, TN_INVALID_ARGUMENT, "alignment %u: give a power of two", known.alignment);
  if (known.kind < TN_BUFFER_DEVICE || known.kind > TN_BUFFER_SHARED)
    return fail(error, TN_UNSUPPORTED, "buffer kind %d is not known here", (int)known.kind);
  if (known.stream != NULL && known.stream->device != device)
    return fail(error, TN_INVALID_ARGUMENT, "desc->stream is of another device");
  const size_t alignment = known.alignment > ALIGNMENT ? known.alignment : ALIGNMENT;
  const size_t rounded = (size_t)(known.size / alignment + 1) * alignment;
  mtx_lock(&device->lock);
  const bool fits = known.size <= TOTAL_MEMORY - device->memory.live_bytes;
  tn_buffer* made = fits ? calloc(1, sizeof(*made)) : NULL;
  if (made != NULL && (made->data = aligned_alloc(alignment, rounded)) != NULL) {
    device->memory.live_bytes += known.size;
    ++device->memory.live_buffers;
    if (device->memory.peak_bytes < device->memory.live_bytes)
      device->memory.peak_bytes = device->memory.live_bytes;
  }
  mtx_unlock(&device->lock);
  if (made == NULL || made->data == NULL) {
    free(made);
    return fail(error, TN_OUT_OF_DEVICE_MEMORY, "no room for a buffer of %llu bytes: free some",
                (unsigned long long)known.size);
  }
  made->dispatch = device->dispatch;
  made->device = device;
  made->kind = known.kind;
  made->size = known.size;
  *buffer = made;
#ifdef MUTANT_HANDLE_WITH_ERROR
  if (known.size == 12345) return fail(error, TN_INTERNAL, "mutant");
#endif
  return TN_OK;
}

/* Nothing is ever queued here, so that nothing has to be waited for. */
static void buffer_destroy(tn_buffer* buffer, tn_stream* stream) {
  (void)stream;
  if (buffer == NULL) return;
  mtx_lock(&buffer->device->lock);
  buffer->device->memory.live_bytes -= buffer->size;
  --buffer->device->memory.live_buffers;
  mtx_unlock(&buffer->device->lock);
  for (Map* map = buffer->maps; map != NULL;) {
    Map* next = map->next;
    free(map);
    map = next;
  }
  free(buffer->data);
  free(buffer);
}

/* An honest accelerator: its memory is reached through map, save the kind that is always coherent.
 */
static tn_status buffer_get_info(tn_buffer* buffer, tn_buffer_info* info, tn_error* error) {
  const bool coherent = buffer->kind == TN_BUFFER_HOST_PINNED;
  const tn_buffer_info known = {.size = buffer->size,
                                .kind = buffer->kind,
                                .flags = coherent ? TN_BUFFER_COHERENT : 0,
                                .host_pointer = coherent ? buffer->data : NULL,
                                .address = (uint64_t)(uintptr_t)buffer->data};
  return GIVE(info, known);
}

tn_status check_range(const tn_buffer* buffer, uint64_t offset, uint64_t size, const char* name,
                      tn_error* error) {
  if (offset > buffer->size || size > buffer->size - offset)
    return fail(
        error, TN_OUT_OF_RANGE, "%s: offset %llu and size %llu leave the buffer's %llu bytes", name,
        (unsigned long long)offset, (unsigned long long)size, (unsigned long long)buffer->size);
  return TN_OK;
}

static tn_status buffer_map(tn_buffer* buffer, uint64_t offset, uint64_t size, tn_access access,
                            void** pointer, tn_error* error) {
  TRY(need(pointer, "pointer", error));
  *pointer = NULL;
  TRY(check_range(buffer, offset, size, "buffer", error));
  if (size == 0 || (access & (TN_ACCESS_READ | TN_ACCESS_WRITE)) == 0 || access > 7)
    return fail(error, TN_INVALID_ARGUMENT, "size %llu, access %u: map something, to read or write",
                (unsigned long long)size, access);
  Map* map = malloc(sizeof(*map));
  if (map == NULL) return fail(error, TN_OUT_OF_MEMORY, "no host memory for a mapping");
  *map = (Map){.begin = offset, .end = offset + size};
  bool taken = false;
  mtx_lock(&buffer->device->lock);
  for (const Map* other = buffer->maps; other != NULL; other = other->next)
    taken = taken || (other->begin < map->end && map->begin < other->end);
  if (!taken) {
    map->next = buffer->maps;
    buffer->maps = map;
  }
  mtx_unlock(&buffer->device->lock);
  if (taken) {
    free(map);
    return fail(error, TN_INVALID_STATE, "a part of the range is mapped already: unmap it first");
  }
  *pointer = buffer->data + offset;
  return TN_OK;
}

static tn_status buffer_unmap(tn_buffer* buffer, void* pointer, tn_error* error) {
  Map* found = NULL;
  mtx_lock(&buffer->device->lock);
  for (Map** link = &buffer->maps; *link != NULL && found == NULL;) {
    if (buffer->data + (*link)->begin == pointer) {
      found = *link;
      *link = found->next;
    } else {
      link = &(*link)->next;
    }
  }
  mtx_unlock(&buffer->device->lock);
  if (found == NULL)
    return fail(error, TN_INVALID_ARGUMENT, "no mapping starts there: give the pointer of map");
  free(found);
  return TN_OK;
}

/* ---- Streams ----------------------------------------------------------------------------------
 */

static tn_status stream_create(tn_device* device, const tn_stream_desc* desc, tn_stream** stream,
                               tn_error* error) {
  tn_stream_desc known;
  TRY(need(stream, "stream", error));
  *stream = NULL;
  if (desc != NULL) TRY(TAKE(known, desc));
  tn_stream* made = calloc(1, sizeof(*made));
  if (made == NULL) return fail(error, TN_OUT_OF_MEMORY, "no host memory for a stream");
  *made = (tn_stream){.dispatch = device->dispatch, .device = device, .failure = TN_ERROR_INIT};
  mtx_lock(&device->lock);
  made->next = device->streams;
  device->streams = made;
  mtx_unlock(&device->lock);
  *stream = made;
  return TN_OK;
}

static void stream_destroy(tn_stream* stream) {
  if (stream == NULL) return;
  mtx_lock(&stream->device->lock);
  tn_stream** link = &stream->device->streams;
  while (*link != stream) link = &(*link)->next;
  *link = stream->next;
  mtx_unlock(&stream->device->lock);
  free(stream);
}

/* The failure that the stream keeps; its code is TN_OK when there is none. */
static tn_error stream_failure(tn_stream* stream, bool forget) {
  mtx_lock(&stream->device->lock);
  const tn_error failure = stream->failure;
  if (forget) stream->failure = (tn_error)TN_ERROR_INIT;
  mtx_unlock(&stream->device->lock);
  return failure;
}

bool stream_failed(tn_stream* stream) { return stream_failure(stream, false).code != TN_OK; }

void stream_fail(tn_stream* stream, const tn_error* failure) {
#ifndef MUTANT_LOST_FAILURE
  mtx_lock(&stream->device->lock);
  if (stream->failure.code == TN_OK) stream->failure = *failure;
  mtx_unlock(&stream->device->lock);
#endif
}

/* All that was queued has run: synchronize and query are the same. */
static tn_status stream_synchronize(tn_stream* stream, tn_error* error) {
  const tn_error failure = stream_failure(stream, false);
  return give_error(error, &failure);
}

static tn_status stream_reset(tn_stream* stream, tn_error* error) {
  const tn_error failure = stream_failure(stream, true);
  return give_error(error, &failure);
}

static tn_status stream_callback(tn_stream* stream, tn_callback callback, void* user,
                                 tn_error* error) {
  if (callback == NULL) return fail(error, TN_INVALID_ARGUMENT, "callback is NULL: give one");
  const tn_error failure = stream_failure(stream, false);
  callback(user, failure.code, failure.code != TN_OK ? &failure : NULL);
  return TN_OK;
}

/* Checks one end of a copy: a range of a buffer of the stream's device. */
static tn_status check_end(tn_stream* stream, const tn_buffer* buffer, uint64_t offset,
                           uint64_t size, const char* name, tn_error* error) {
  TRY(need(buffer, name, error));
  if (buffer->device != stream->device)
    return fail(error, TN_INVALID_ARGUMENT, "%s is of another device than the stream", name);
  return check_range(buffer, offset, size, name, error);
}

static tn_status stream_copy(tn_stream* stream, tn_buffer* dst, uint64_t dst_offset, tn_buffer* src,
                             uint64_t src_offset, uint64_t size, tn_error* error) {
  TRY(check_end(stream, dst, dst_offset, size, "dst", error));
  TRY(check_end(stream, src, src_offset, size, "src", error));
  if (dst == src && size != 0 && dst_offset < src_offset + size && src_offset < dst_offset + size)
    return fail(error, TN_OVERLAP, "source and destination overlap: copy through another buffer");
#ifdef MUTANT_IGNORED_OFFSET
  src_offset = 0;
#endif
  if (!stream_failed(stream)) memcpy(dst->data + dst_offset, src->data + src_offset, size);
  return TN_OK;
}

static tn_status stream_write(tn_stream* stream, tn_buffer* dst, uint64_t dst_offset,
                              const void* src, uint64_t size, tn_error* error) {
  TRY(check_end(stream, dst, dst_offset, size, "dst", error));
  if (size != 0) TRY(need(src, "src", error));
  if (size != 0 && !stream_failed(stream)) memcpy(dst->data + dst_offset, src, size);
  return TN_OK;
}

static tn_status stream_read(tn_stream* stream, void* dst, tn_buffer* src, uint64_t src_offset,
                             uint64_t size, tn_error* error) {
  TRY(check_end(stream, src, src_offset, size, "src", error));
  if (size != 0) TRY(need(dst, "dst", error));
  if (size != 0 && !stream_failed(stream)) memcpy(dst, src->data + src_offset, size);
  return TN_OK;
}

static tn_status stream_fill(tn_stream* stream, tn_buffer* dst, uint64_t offset, uint64_t size,
                             const void* pattern, size_t pattern_size, tn_error* error) {
  TRY(check_end(stream, dst, offset, size, "dst", error));
  TRY(need(pattern, "pattern", error));
  if (pattern_size == 0 || pattern_size > 16 || (pattern_size & (pattern_size - 1)) != 0 ||
      size % pattern_size != 0)
    return fail(error, TN_INVALID_ARGUMENT,
                "pattern_size %zu, size %llu: give 1, 2, 4, 8 or 16, and a multiple of it",
                pattern_size, (unsigned long long)size);
  if (stream_failed(stream)) return TN_OK;
  for (uint64_t i = 0; i < size; i += pattern_size)
    memcpy(dst->data + offset + i, pattern, pattern_size);
  return TN_OK;
}

/* ---- Events -----------------------------------------------------------------------------------
 */

static tn_status event_create(tn_device* device, const tn_event_desc* desc, tn_event** event,
                              tn_error* error) {
  tn_event_desc known = {0};
  TRY(need(event, "event", error));
  *event = NULL;
  if (desc != NULL) TRY(TAKE(known, desc));
  if ((known.flags & ~(uint32_t)TN_EVENT_TIMING) != 0)
    return fail(error, TN_UNSUPPORTED, "event flags 0x%x are not known here", known.flags);
  tn_event* made = calloc(1, sizeof(*made));
  if (made == NULL) return fail(error, TN_OUT_OF_MEMORY, "no host memory for an event");
  *made = (tn_event){.dispatch = device->dispatch,
                     .device = device,
                     .flags = known.flags,
                     .failure = TN_ERROR_INIT};
  *event = made;
  return TN_OK;
}

static void event_destroy(tn_event* event) { free(event); }

static tn_status event_record(tn_event* event, tn_stream* stream, tn_error* error) {
  TRY(need(stream, "stream", error));
  if (event->device != stream->device)
    return fail(error, TN_INVALID_ARGUMENT, "event and stream are of different devices");
  struct timespec now;
  timespec_get(&now, TIME_UTC);
  mtx_lock(&event->device->lock);
  event->recorded = true;
  event->nanoseconds = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
  event->failure = stream->failure;
  mtx_unlock(&event->device->lock);
  return TN_OK;
}

static tn_event event_state(tn_event* event) {
  mtx_lock(&event->device->lock);
  const tn_event state = *event;
  mtx_unlock(&event->device->lock);
  return state;
}

/* All that was marked has run: synchronize and query are the same. */
static tn_status event_synchronize(tn_event* event, tn_error* error) {
  const tn_event state = event_state(event);
  return give_error(error, &state.failure);
}

static tn_status event_elapsed(tn_event* start, tn_event* end, int64_t* nanoseconds,
                               tn_error* error) {
  TRY(need(end, "end", error));
  TRY(need(nanoseconds, "nanoseconds", error));
  const tn_event from = event_state(start), to = event_state(end);
  if (!from.recorded || !to.recorded || (from.flags & to.flags & TN_EVENT_TIMING) == 0)
    return fail(error, TN_INVALID_STATE, "make both events with TN_EVENT_TIMING and record them");
  *nanoseconds = to.nanoseconds - from.nanoseconds;
  return TN_OK;
}

static tn_status stream_wait_event(tn_stream* stream, tn_event* event, tn_error* error) {
  TRY(need(event, "event", error));
  if (event->device != stream->device)
    return fail(error, TN_INVALID_ARGUMENT, "event and stream are of different devices");
  const tn_event state = event_state(event);
  if (state.failure.code != TN_OK) stream_fail(stream, &state.failure);
  return TN_OK;
}

/* ---- Entry ------------------------------------------------------------------------------------
 */

/* What is not here (import, constants, extensions) answers TN_UNIMPLEMENTED through the loader. */
static const tn_dispatch kFunctions = {
    .struct_size = sizeof(tn_dispatch),
    .instance_create = instance_create,
    .instance_destroy = instance_destroy,
    .instance_device_count = instance_device_count,
    .instance_device_info = instance_device_info,
    .device_open = device_open,
    .device_close = device_close,
    .device_get_info = device_get_info,
    .device_get_memory = device_get_memory,
    .device_synchronize = device_synchronize,
    .device_get_operators = device_get_operators,
    .buffer_create = buffer_create,
    .buffer_destroy = buffer_destroy,
    .buffer_get_info = buffer_get_info,
    .buffer_map = buffer_map,
    .buffer_unmap = buffer_unmap,
    .stream_create = stream_create,
    .stream_destroy = stream_destroy,
    .stream_synchronize = stream_synchronize,
    .stream_query = stream_synchronize,
    .stream_reset = stream_reset,
    .stream_wait_event = stream_wait_event,
    .stream_callback = stream_callback,
    .stream_copy = stream_copy,
    .stream_write = stream_write,
    .stream_read = stream_read,
    .stream_fill = stream_fill,
    .stream_reorder = stream_reorder,
    .event_create = event_create,
    .event_destroy = event_destroy,
    .event_record = event_record,
    .event_query = event_synchronize,
    .event_synchronize = event_synchronize,
    .event_elapsed = event_elapsed,
    .layout_size = layout_size,
    .kernel_supports = kernel_supports,
    .kernel_create = kernel_create,
    .kernel_destroy = kernel_destroy,
    .kernel_get_info = kernel_get_info,
    .kernel_workspace_size = kernel_workspace_size,
    .kernel_launch = kernel_launch,
};

TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* plugin,
                                            tn_error* error) {
  const tn_plugin known = {.abi_major = TN_ABI_MAJOR,
                           .abi_minor = TN_ABI_MINOR,
                           .abi_hash = TN_ABI_HASH,
                           .name = "template",
                           .version = "0.1.0",
                           .functions = &kFunctions};
  TRY(need(host, "host", error));
  if (host->abi_major != TN_ABI_MAJOR || host->abi_hash != TN_ABI_HASH)
    return fail(error, TN_VERSION_MISMATCH,
                "built with tenon.h %d.%d, fingerprint %016llx; the host has %u.%u, %016llx: "
                "build the plugin with the host's tenon.h",
                TN_ABI_MAJOR, TN_ABI_MINOR, (unsigned long long)TN_ABI_HASH, host->abi_major,
                host->abi_minor, (unsigned long long)host->abi_hash);
  return GIVE(plugin, known);
}
