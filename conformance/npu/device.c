/* SPDX-License-Identifier: Apache-2.0
 *
 * device.c: 64 MB that the host cannot see, one queue that works late, and the plugin's entry.
 */
#include "npu.h"

/* ---- Instance and device ---- */

static tn_status instance_create(const tn_instance_desc* given, tn_instance** instance,
                                 tn_error* error) {
  tn_instance_desc desc;
  TNP_CLEAR(instance);
  TNP_TAKE(desc, given);
  TNP_TRY(tnp_no_options(desc.options, desc.option_count, error));
  TNP_NEW(instance);
  (*instance)->dispatch = desc.dispatch;
  return TN_OK;
}

static void instance_destroy(tn_instance* instance) { free(instance); }

static tn_status device_get_info(tn_device* device, tn_device_info* info, tn_error* error) {
  static const tn_device_info known = {.type = TN_DEVICE_ACCELERATOR,
                                       .flags = TN_DEVICE_ASYNCHRONOUS,
                                       .name = "Accelerator in C",
                                       .vendor = "tenon",
                                       .uuid = "tenon-npu",
                                       .physical_id = "host",
                                       .total_memory = TOTAL_MEMORY,
                                       .max_allocation = TOTAL_MEMORY,
                                       .alignment = ALIGNMENT};
  (void)device;
  return TNP_GIVE(info, known);
}

static tn_status instance_device_info(tn_instance* instance, size_t index, tn_device_info* info,
                                      tn_error* error) {
  (void)instance;
  TNP_CHECK_AT("index", index == 0, TN_OUT_OF_RANGE, "device %zu: there is only device 0", index);
  return device_get_info(NULL, info, error);
}

static void end_device(tn_device* device) {
  tnp_aligned_free(device->ram);
  tnp_mutex_destroy(&device->memory.lock);
  tnp_mutex_destroy(&device->arena.lock);
  free(device);
}

static tn_status device_open(tn_instance* instance, size_t index, const tn_device_desc* given,
                             tn_device** device, tn_error* error) {
  TNP_CLEAR(device);
  TNP_CHECK_AT("index", index == 0, TN_OUT_OF_RANGE, "device %zu: there is only device 0", index);
  TNP_TRY(tnp_open_plainly(given, error));
  TNP_NEW(device);
  tn_device* made = *device;
  *device = NULL;
  made->dispatch = instance->dispatch;
  if (!tnp_mutex_init(&made->memory.lock) || !tnp_mutex_init(&made->arena.lock)) {
    free(made);
    return tnp_fail(error, TN_OUT_OF_MEMORY, "no locks for the device");
  }
  made->ram = tnp_aligned_alloc(4096, TOTAL_MEMORY);
  const tn_status status = made->ram != NULL
                               ? tnp_queue_start(&made->queue, error)
                               : tnp_fail(error, TN_OUT_OF_MEMORY, "no memory for the device");
  if (status != TN_OK) {
    end_device(made);
    return status;
  }
  made->arena.base = (uintptr_t)made->ram;
  made->arena.size = TOTAL_MEMORY;
  *device = made;
  return TN_OK;
}

static void device_close(tn_device* device) {
  if (device == NULL) return;
  tnp_queue_end(&device->queue);
  end_device(device);
}

static tn_status device_get_memory(tn_device* device, tn_memory_info* info, tn_error* error) {
  return tnp_memory_info(&device->memory, info, error);
}

static tn_status device_synchronize(tn_device* device, tn_error* error) {
  return tnp_queue_synchronize(&device->queue, error);
}

static tn_status layout_size(tn_device* device, tn_layout layout, tn_dtype dtype, int32_t rank,
                             const int64_t* dims, uint64_t* size, tn_error* error) {
  (void)device;
  return tnp_layout_size(kPackingsOfNpu, kPackings, layout, dtype, rank, dims, size, error);
}

/* ---- Memory ---- */

tn_status take_memory(tn_device* device, uint64_t size, uint64_t alignment, bool constant,
                      tnp_range** range, tn_error* error) {
  *range = NULL;
  for (int i = 0; i < 2 && *range == NULL; ++i) {
    if (i == 1) tnp_queue_drain(&device->queue); /* What was destroyed comes back then. */
    if (!tnp_memory_add(&device->memory, TOTAL_MEMORY, size)) continue;
    *range = tnp_arena_take(&device->arena, size, alignment > ALIGNMENT ? alignment : ALIGNMENT);
    if (*range == NULL) tnp_memory_remove(&device->memory, size);
  }
  TNP_CHECK(*range != NULL, TN_OUT_OF_DEVICE_MEMORY, "no room for %llu bytes: destroy some",
            (unsigned long long)size);
  if (constant) tnp_memory_count_buffers(&device->memory, -1); /* Bytes, but no buffer. */
  return TN_OK;
}

static tn_status buffer_create(tn_device* device, const tn_buffer_desc* given, tn_buffer** buffer,
                               tn_error* error) {
  tn_buffer_desc desc;
  TNP_CLEAR(buffer);
  TNP_TAKE(desc, given);
  TNP_TRY(tnp_check_buffer(&desc, TOTAL_MEMORY, error));
  TNP_CHECK_AT("desc->kind", desc.kind == TN_BUFFER_DEVICE, TN_UNSUPPORTED,
               "this device has no memory of the host: give TN_BUFFER_DEVICE");
  TNP_CHECK_AT("desc->stream", desc.stream == NULL || desc.stream->device == device,
               TN_INVALID_ARGUMENT, "the stream is of another device");
  TNP_NEW(buffer);
  tn_buffer* made = *buffer;
  made->dispatch = device->dispatch;
  made->device = device;
  made->kind = desc.kind;
  made->size = desc.size;
  const tn_status status =
      take_memory(device, desc.size, desc.alignment, false, &made->range, error);
  if (status != TN_OK) {
    free(made);
    *buffer = NULL;
  }
  return status;
}

static void drop_buffer(void* object) {
  tn_buffer* buffer = object;
  tnp_drop_copies(&buffer->copies);
  tnp_arena_give(&buffer->device->arena, buffer->range);
  tnp_memory_reclaim(&buffer->device->memory, buffer->size);
  free(buffer);
}

static void buffer_destroy(tn_buffer* buffer, tn_stream* stream) {
  (void)stream; /* All streams are one queue. */
  if (buffer == NULL) return;
  tnp_memory_defer(&buffer->device->memory, buffer->size);
  tnp_queue_drop(&buffer->device->queue, drop_buffer, buffer);
}

static tn_status buffer_get_info(tn_buffer* buffer, tn_buffer_info* info, tn_error* error) {
  return tnp_buffer_info(buffer->kind, bytes_of(buffer->device, buffer->range), buffer->size, info,
                         error);
}

tn_status check_range(const tn_device* device, const char* name, const tn_buffer* buffer,
                      uint64_t offset, uint64_t size, tn_error* error) {
  TNP_CHECK_AT(name, buffer != NULL && buffer->device == device, TN_INVALID_ARGUMENT,
               "%s is NULL or of another device", name);
  return tnp_check_range(name, buffer->size, offset, size, error);
}

/* DMA, while the host waits. */
static void transfer(tn_buffer* buffer, uint64_t offset, void* host, uint64_t size,
                     bool to_device) {
  char* device = bytes_of(buffer->device, buffer->range) + offset;
  memcpy(to_device ? device : host, to_device ? host : device, size);
}

static tn_status buffer_map(tn_buffer* buffer, uint64_t offset, uint64_t size, tn_access access,
                            void** pointer, tn_error* error) {
  return tnp_map_copy(&buffer->device->memory, &buffer->copies, buffer, buffer->size, offset, size,
                      access, transfer, pointer, error);
}

static tn_status buffer_unmap(tn_buffer* buffer, void* pointer, tn_error* error) {
  return tnp_unmap_copy(&buffer->device->memory, &buffer->copies, buffer, pointer, transfer, error);
}

/* ---- Streams ---- */

static tn_status stream_create(tn_device* device, const tn_stream_desc* given, tn_stream** stream,
                               tn_error* error) {
  TNP_CLEAR(stream);
  TNP_TRY(tnp_check_stream(given, error));
  TNP_NEW(stream);
  (*stream)->dispatch = device->dispatch;
  (*stream)->device = device;
  tnp_stream_init(&device->queue, &(*stream)->stream);
  return TN_OK;
}

static void stream_destroy(tn_stream* stream) {
  if (stream != NULL) tnp_stream_destroy(&stream->stream, free, stream);
}

static tn_status stream_synchronize(tn_stream* stream, tn_error* error) {
  return tnp_stream_finish(&stream->stream, true, false, error);
}
static tn_status stream_query(tn_stream* stream, tn_error* error) {
  return tnp_stream_finish(&stream->stream, false, false, error);
}
static tn_status stream_reset(tn_stream* stream, tn_error* error) {
  return tnp_stream_finish(&stream->stream, true, true, error);
}
static tn_status stream_callback(tn_stream* stream, tn_callback callback, void* user,
                                 tn_error* error) {
  return tnp_queue_callback(&stream->stream, callback, user, error);
}

/* A copy, or a fill where the pattern has a size. */
typedef struct move_work {
  tnp_work work;
  char* to;
  const char* from;
  uint64_t size;
  char pattern[16];
  size_t pattern_size;
} move_work;

static tn_status move(tnp_work* work, tn_error* error) {
  move_work* self = (move_work*)work;
  if (self->pattern_size != 0)
    return tnp_fill(self->to, self->size, self->pattern, self->pattern_size, error);
  return tnp_move(self->to, self->from, self->size, error);
}

static tn_status queue_move(tn_stream* stream, char* to, const char* from, uint64_t size,
                            const void* pattern, size_t pattern_size, tn_error* error) {
  move_work* work = calloc(1, sizeof(*work));
  TNP_CHECK(work != NULL, TN_OUT_OF_MEMORY, "no host memory for a copy");
  *work = (move_work){.work = {.run = move, .end = tnp_free_work},
                      .to = to,
                      .from = from,
                      .size = size,
                      .pattern_size = pattern_size};
  if (pattern_size != 0) memcpy(work->pattern, pattern, pattern_size);
  tnp_queue_put(&stream->device->queue, &stream->stream, &work->work);
  return TN_OK;
}

static tn_status stream_copy(tn_stream* stream, tn_buffer* dst, uint64_t dst_offset, tn_buffer* src,
                             uint64_t src_offset, uint64_t size, tn_error* error) {
  const tn_device* device = stream->device;
  TNP_TRY(check_range(device, "dst", dst, dst_offset, size, error));
  TNP_TRY(check_range(device, "src", src, src_offset, size, error));
  if (dst == src) TNP_TRY(tnp_check_copy(dst_offset, src_offset, size, error));
  return queue_move(stream, bytes_of(device, dst->range) + dst_offset,
                    bytes_of(device, src->range) + src_offset, size, NULL, 0, error);
}

static tn_status stream_write(tn_stream* stream, tn_buffer* dst, uint64_t dst_offset,
                              const void* src, uint64_t size, tn_error* error) {
  TNP_TRY(check_range(stream->device, "dst", dst, dst_offset, size, error));
  if (size != 0) TNP_NEED(src);
  return queue_move(stream, bytes_of(stream->device, dst->range) + dst_offset, src, size, NULL, 0,
                    error);
}

static tn_status stream_read(tn_stream* stream, void* dst, tn_buffer* src, uint64_t src_offset,
                             uint64_t size, tn_error* error) {
  TNP_TRY(check_range(stream->device, "src", src, src_offset, size, error));
  if (size != 0) TNP_NEED(dst);
  return queue_move(stream, dst, bytes_of(stream->device, src->range) + src_offset, size, NULL, 0,
                    error);
}

static tn_status stream_fill(tn_stream* stream, tn_buffer* dst, uint64_t offset, uint64_t size,
                             const void* pattern, size_t pattern_size, tn_error* error) {
  TNP_TRY(check_range(stream->device, "dst", dst, offset, size, error));
  TNP_TRY(tnp_check_pattern(pattern, pattern_size, size, error));
  return queue_move(stream, bytes_of(stream->device, dst->range) + offset, NULL, size, pattern,
                    pattern_size, error);
}

/* ---- Events ---- */

static tn_status event_create(tn_device* device, const tn_event_desc* given, tn_event** event,
                              tn_error* error) {
  TNP_CLEAR(event);
  TNP_TRY(tnp_check_event(given, 0, error)); /* No clock, and no event that waits for the host. */
  TNP_NEW(event);
  (*event)->dispatch = device->dispatch;
  (*event)->device = device;
  tnp_event_init(&device->queue, &(*event)->event);
  return TN_OK;
}

static void event_destroy(tn_event* event) {
  if (event != NULL) tnp_queue_drop(&event->device->queue, free, event);
}

static tn_status event_record(tn_event* event, tn_stream* stream, const tn_record_desc* given,
                              tn_error* error) {
  TNP_TRY(tnp_check_record(given, error));
  TNP_CHECK_AT("stream", stream != NULL && stream->device == event->device, TN_INVALID_ARGUMENT,
               "the stream is NULL or of another device");
  return tnp_event_record(&event->event, &stream->stream, error);
}

static tn_status event_query(tn_event* event, tn_error* error) {
  return tnp_event_finish(&event->event, -1, error);
}

static tn_status event_synchronize(tn_event* event, const tn_wait_desc* given, tn_error* error) {
  int64_t limit = 0;
  TNP_TRY(tnp_check_wait(given, false, &limit, error));
  return tnp_event_finish(&event->event, limit, error);
}

static tn_status stream_wait_event(tn_stream* stream, tn_event* event, const tn_wait_desc* given,
                                   tn_error* error) {
  TNP_TRY(tnp_check_wait(given, true, NULL, error));
  TNP_CHECK_AT("event", event != NULL && event->device == stream->device, TN_INVALID_ARGUMENT,
               "the event is NULL or of another device");
  return tnp_event_wait(&event->event, &stream->stream, error);
}

/* ---- Entry ---- */

/* clang-format off */
#define SLOT(function) .function = function
static const tn_dispatch kFunctions = {
    .struct_size = sizeof(tn_dispatch),
    SLOT(instance_create), SLOT(instance_destroy),
    .instance_device_count = tnp_one_device, SLOT(instance_device_info),
    SLOT(device_open), SLOT(device_close), SLOT(device_synchronize),
    SLOT(device_get_info), SLOT(device_get_memory), SLOT(device_get_operators),
    SLOT(buffer_create), SLOT(buffer_destroy), SLOT(buffer_get_info),
    SLOT(buffer_map), SLOT(buffer_unmap),
    SLOT(stream_create), SLOT(stream_destroy), SLOT(stream_synchronize),
    SLOT(stream_query), SLOT(stream_reset),
    SLOT(stream_callback), SLOT(stream_wait_event), SLOT(stream_reorder),
    SLOT(stream_copy), SLOT(stream_write), SLOT(stream_read), SLOT(stream_fill),
    SLOT(event_create), SLOT(event_destroy), SLOT(event_record),
    SLOT(event_synchronize), SLOT(event_query), SLOT(layout_size),
    SLOT(constant_create), SLOT(constant_retain), SLOT(constant_release), SLOT(constant_get_info),
    SLOT(kernel_supports), SLOT(kernel_get_info),
    SLOT(kernel_create), SLOT(kernel_destroy), SLOT(kernel_output_dims),
    .kernel_workspace_size = tnp_no_workspace, SLOT(kernel_launch)};
/* clang-format on */

TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* plugin,
                                            tn_error* error) {
  return tnp_entry("npu", "0.1.0", &kFunctions, host, plugin, error);
}
