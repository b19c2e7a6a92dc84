/* SPDX-License-Identifier: Apache-2.0
 *
 * device.c: the device, its memory, streams and events, and the plugin's entry. The "device memory"
 * is the host's, and a stream runs work at once, on the thread that queues it: a stream promises
 * order and not delay. Put your driver's calls behind the checks.
 */
#include "plugin.h"

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
                                       .name = DEVICE_NAME,
                                       .vendor = PLUGIN_NAME,
                                       .uuid = DEVICE_UUID,
                                       .physical_id = "host",
                                       .total_memory = TOTAL_MEMORY,
                                       .max_allocation = MAX_ALLOCATION,
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

static tn_status device_open(tn_instance* instance, size_t index, const tn_device_desc* given,
                             tn_device** device, tn_error* error) {
  TNP_CLEAR(device);
  TNP_CHECK_AT("index", index == 0, TN_OUT_OF_RANGE, "device %zu: there is only device 0", index);
  TNP_TRY(tnp_open_plainly(given, error));
  TNP_NEW(device);
  if (!tnp_mutex_init(&(*device)->memory.lock)) {
    free(*device);
    *device = NULL;
    return tnp_fail(error, TN_OUT_OF_MEMORY, "no lock for the device");
  }
  (*device)->dispatch = instance->dispatch;
  return TN_OK;
}

static void device_close(tn_device* device) {
  if (device != NULL) tnp_mutex_destroy(&device->memory.lock);
  free(device);
}

static tn_status device_get_memory(tn_device* device, tn_memory_info* info, tn_error* error) {
  return tnp_memory_info(&device->memory, info, error);
}

/* ---- Memory ---- */

static tn_status buffer_create(tn_device* device, const tn_buffer_desc* given, tn_buffer** buffer,
                               tn_error* error) {
  tn_buffer_desc desc;
  TNP_CLEAR(buffer);
  TNP_TAKE(desc, given);
  TNP_TRY(tnp_check_buffer(&desc, MAX_ALLOCATION, error));
  TNP_CHECK_AT("desc->stream", desc.stream == NULL || desc.stream->device == device,
               TN_INVALID_ARGUMENT, "the stream is of another device");
  const size_t alignment = desc.alignment > ALIGNMENT ? desc.alignment : ALIGNMENT;
  tn_buffer* made = calloc(1, sizeof(*made));
  char* data = tnp_aligned_alloc(alignment, desc.size);
  if (made == NULL || data == NULL || !tnp_memory_add(&device->memory, TOTAL_MEMORY, desc.size)) {
    free(made);
    tnp_aligned_free(data);
    return tnp_fail(error, TN_OUT_OF_DEVICE_MEMORY, "no room for a buffer: destroy some");
  }
  *made = (tn_buffer){device->dispatch, device, desc.kind, desc.size, data, {{0}, {0}}};
  *buffer = made;
  return TN_OK;
}

/* Where work is queued, the memory stays until what uses it has finished. */
static void buffer_destroy(tn_buffer* buffer, tn_stream* stream) {
  (void)stream;
  if (buffer == NULL) return;
  tnp_memory_remove(&buffer->device->memory, buffer->size);
  tnp_aligned_free(buffer->data);
  free(buffer);
}

/* Hosts reach this memory through map alone, save the kind that is always coherent. */
static tn_status buffer_get_info(tn_buffer* buffer, tn_buffer_info* info, tn_error* error) {
  return tnp_buffer_info(buffer->kind, buffer->data, buffer->size, info, error);
}

tn_status check_range(const tn_device* device, const char* name, const tn_buffer* buffer,
                      uint64_t offset, uint64_t size, tn_error* error) {
  TNP_CHECK_AT(name, buffer != NULL && buffer->device == device, TN_INVALID_ARGUMENT,
               "%s is NULL or of another device", name);
  return tnp_check_range(name, buffer->size, offset, size, error);
}

static tn_status buffer_map(tn_buffer* buffer, uint64_t offset, uint64_t size, tn_access access,
                            void** pointer, tn_error* error) {
  TNP_CLEAR(pointer);
  TNP_TRY(tnp_map(&buffer->device->memory, &buffer->mappings, buffer->size, offset, size, access,
                  error));
  *pointer = buffer->data + offset;
  return TN_OK;
}

static tn_status buffer_unmap(tn_buffer* buffer, void* pointer, tn_error* error) {
  const uint64_t offset = (uintptr_t)pointer - (uintptr_t)buffer->data;
  return tnp_unmap(&buffer->device->memory, &buffer->mappings, offset, error);
}

/* ---- Streams and events: what was queued has run when the call that queued it returns ----
 * Nothing here can fail late. Where work can, its stream keeps the first failure: work behind it is
 * skipped, and every wait, query, callback and event behind it tells it, until stream_reset. */

static tn_status stream_create(tn_device* device, const tn_stream_desc* given, tn_stream** stream,
                               tn_error* error) {
  TNP_CLEAR(stream);
  TNP_TRY(tnp_check_stream(given, error));
  TNP_NEW(stream);
  **stream = (tn_stream){device->dispatch, device};
  return TN_OK;
}

static void stream_destroy(tn_stream* stream) { free(stream); }

static tn_status stream_synchronize(tn_stream* stream, tn_error* error) {
  return (void)stream, (void)error, TN_OK;
}

static tn_status device_synchronize(tn_device* device, tn_error* error) {
  return (void)device, (void)error, TN_OK;
}

static tn_status stream_callback(tn_stream* stream, tn_callback callback, void* user,
                                 tn_error* error) {
  (void)stream;
  TNP_NEED(callback);
  callback(user, TN_OK, NULL);
  return TN_OK;
}

static tn_status stream_copy(tn_stream* stream, tn_buffer* dst, uint64_t dst_offset, tn_buffer* src,
                             uint64_t src_offset, uint64_t size, tn_error* error) {
  TNP_TRY(check_range(stream->device, "dst", dst, dst_offset, size, error));
  TNP_TRY(check_range(stream->device, "src", src, src_offset, size, error));
  if (dst == src) TNP_TRY(tnp_check_copy(dst_offset, src_offset, size, error));
  return tnp_move(dst->data + dst_offset, src->data + src_offset, size, error);
}

static tn_status stream_write(tn_stream* stream, tn_buffer* dst, uint64_t dst_offset,
                              const void* src, uint64_t size, tn_error* error) {
  TNP_TRY(check_range(stream->device, "dst", dst, dst_offset, size, error));
  return tnp_move(dst->data + dst_offset, src, size, error);
}

static tn_status stream_read(tn_stream* stream, void* dst, tn_buffer* src, uint64_t src_offset,
                             uint64_t size, tn_error* error) {
  TNP_TRY(check_range(stream->device, "src", src, src_offset, size, error));
  return tnp_move(dst, src->data + src_offset, size, error);
}

static tn_status stream_fill(tn_stream* stream, tn_buffer* dst, uint64_t offset, uint64_t size,
                             const void* pattern, size_t pattern_size, tn_error* error) {
  TNP_TRY(check_range(stream->device, "dst", dst, offset, size, error));
  return tnp_fill(dst->data + offset, size, pattern, pattern_size, error);
}

static tn_status event_create(tn_device* device, const tn_event_desc* given, tn_event** event,
                              tn_error* error) {
  TNP_CLEAR(event);
  TNP_TRY(tnp_check_event(given, 0, error)); /* No clock, and no event that waits for the host. */
  TNP_NEW(event);
  **event = (tn_event){device->dispatch, device};
  return TN_OK;
}

static void event_destroy(tn_event* event) { free(event); }

static tn_status event_record(tn_event* event, tn_stream* stream, const tn_record_desc* given,
                              tn_error* error) {
  TNP_TRY(tnp_check_record(given, error));
  TNP_CHECK_AT("stream", stream != NULL && stream->device == event->device, TN_INVALID_ARGUMENT,
               "the stream is NULL or of another device");
  return TN_OK;
}

static tn_status event_query(tn_event* event, tn_error* error) {
  return (void)event, (void)error, TN_OK;
}

static tn_status event_synchronize(tn_event* event, const tn_wait_desc* given, tn_error* error) {
  TNP_TRY(tnp_check_wait(given, false, NULL, error)); /* What is recorded is complete. */
  return event_query(event, error);
}

static tn_status stream_wait_event(tn_stream* stream, tn_event* event, const tn_wait_desc* given,
                                   tn_error* error) {
  TNP_TRY(tnp_check_wait(given, true, NULL, error));
  TNP_NEED(event);
  return event_record(event, stream, NULL, error);
}

/* ---- Entry: what is not in the table answers TN_UNIMPLEMENTED through the loader ---- */

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
    .stream_query = stream_synchronize, .stream_reset = stream_synchronize,
    SLOT(stream_callback), SLOT(stream_wait_event), SLOT(stream_reorder),
    SLOT(stream_copy), SLOT(stream_write), SLOT(stream_read), SLOT(stream_fill),
    SLOT(event_create), SLOT(event_destroy), SLOT(event_record),
    SLOT(event_synchronize), SLOT(event_query),
    .layout_size = tnp_strided_size, SLOT(kernel_supports), SLOT(kernel_get_info),
    SLOT(kernel_create), SLOT(kernel_destroy), SLOT(kernel_output_dims),
    .kernel_workspace_size = tnp_no_workspace, SLOT(kernel_launch)};
/* clang-format on */

TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* plugin,
                                            tn_error* error) {
  return tnp_entry(PLUGIN_NAME, "0.1.0", &kFunctions, host, plugin, error);
}
