/* SPDX-License-Identifier: Apache-2.0
 *
 * constants.c: weights, packed once, in the device's memory.
 */
#include "npu.h"

const tnp_packing kPackingsOfNpu[kPackings] = {{TN_LAYOUT_FIRST_TOKEN, 16},
                                               {TN_LAYOUT_FIRST_TOKEN + 1, 1}};
const tnp_forms kFormsOfNpu = {kPackingsOfNpu, kPackings, true};

static void free_constant(void* object) {
  tnp_constant* constant = object;
  tn_device* device = constant->device;
  tnp_arena_give(&device->arena, constant->memory);
  tnp_memory_count_buffers(&device->memory, 1);
  tnp_memory_remove(&device->memory, constant->bytes);
  free(constant);
}

/* A constant with room for its value. */
static tn_status make_constant(tn_device* device, tn_layout layout, tn_dtype dtype, int32_t rank,
                               const int64_t* dims, tnp_constant** constant, tn_error* error) {
  tnp_range* range = NULL;
  TNP_TRY(tnp_constant_new(device->dispatch, device, kPackingsOfNpu, kPackings, layout, dtype, rank,
                           dims, constant, error));
  const tn_status status = take_memory(device, (*constant)->bytes, ALIGNMENT, true, &range, error);
  if (status != TN_OK) {
    free(*constant);
    *constant = NULL;
    return status;
  }
  (*constant)->memory = range;
  return TN_OK;
}

/* How it lies. */
static tnp_view view_of(const tnp_constant* constant) {
  tnp_view view;
  tnp_slot slot = {.dtype = constant->dtype, .rank = constant->rank, .packing = constant->packing};
  memcpy(slot.dims, constant->dims, sizeof(slot.dims));
  tnp_view_constant(&slot, &view);
  return view;
}

tn_status constant_of_host(tn_device* device, tn_layout layout, const tnp_view* value,
                           const void* data, tnp_constant** constant, tn_error* error) {
  TNP_TRY(make_constant(device, layout, value->dtype, value->rank, value->dims, constant, error));
  const tnp_view to = view_of(*constant);
  /* No work knows this memory yet, so that nothing has to be waited for. */
  if (to.count != 0) tnp_convert(bytes_of(device, (*constant)->memory), &to, data, value);
  return TN_OK;
}

typedef struct pack_work {
  tnp_work work;
  tnp_constant* constant;
  tnp_view from;
} pack_work;

static tn_status pack(tnp_work* work, tn_error* error) {
  pack_work* self = (pack_work*)work;
  const tn_device* device = self->constant->device;
  const tnp_view to = view_of(self->constant);
  (void)error;
  if (to.count != 0)
    tnp_convert(bytes_of(device, self->constant->memory), &to,
                bytes_of(device, self->from.buffer->range) + self->from.offset, &self->from);
  return TN_OK;
}

tn_status constant_create(tn_device* device, const tn_constant_desc* given, tn_constant** constant,
                          tn_error* error) {
  tn_constant_desc desc;
  tnp_slot slot = {0};
  tnp_view from = {0};
  tnp_constant* made = NULL;
  TNP_CLEAR(constant);
  TNP_TAKE(desc, given);
  TNP_CHECK_AT("desc->value", desc.value != NULL, TN_INVALID_ARGUMENT, "value is NULL: give one");
  TNP_CHECK_AT("desc->stream", desc.stream == NULL || desc.stream->device == device,
               TN_INVALID_ARGUMENT, "the stream is of another device");
  const tn_tensor* value = desc.value;
  const bool of_host = value->host_data != NULL;
  TNP_CHECK_AT("desc->value", !of_host || value->buffer == NULL, TN_INVALID_ARGUMENT,
               "the value has both a buffer and host data: give one");
  TNP_CHECK_AT("desc->value", !of_host || value->layout == TN_LAYOUT_STRIDED, TN_INVALID_ARGUMENT,
               "host data is strided: give the layout 0");
  const tn_argument any = {.struct_size = sizeof(any),
                           .kind = of_host ? TN_ARGUMENT_HOST : TN_ARGUMENT_DEVICE,
                           .dtype = value->dtype,
                           .rank = value->rank,
                           .layout = value->layout};
  TNP_TRY(tnp_describe(device, &kFormsOfNpu, &any, &slot, error));
  slot.dense = of_host;
  TNP_TRY(tnp_view_tensor(&slot, value, ALIGNMENT, TOTAL_MEMORY, &from, error));
  if (of_host) {
    TNP_TRY(constant_of_host(device, desc.layout, &from, from.host_data, &made, error));
    *constant = (tn_constant*)made;
    return TN_OK;
  }
  if (from.count != 0)
    TNP_TRY(
        check_range(device, "desc->value", from.buffer, from.begin, from.end - from.begin, error));
  TNP_TRY(make_constant(device, desc.layout, from.dtype, from.rank, from.dims, &made, error));
  pack_work* work = calloc(1, sizeof(*work));
  if (work == NULL) {
    free_constant(made);
    return tnp_fail(error, TN_OUT_OF_MEMORY, "no host memory to pack a constant with");
  }
  *work = (pack_work){{.run = pack, .end = tnp_free_work}, made, from};
  tnp_queue_put(&device->queue, desc.stream != NULL ? &desc.stream->stream : NULL, &work->work);
  if (desc.stream == NULL) tnp_queue_drain(&device->queue);
  *constant = (tn_constant*)made;
  return TN_OK;
}

void constant_retain(tn_constant* constant) {
  if (constant != NULL) tnp_constant_keep((tnp_constant*)(void*)constant);
}

void constant_release(tn_constant* constant) {
  tnp_constant* known = (tnp_constant*)(void*)constant;
  if (known == NULL || !tnp_constant_drop(known)) return;
  tnp_queue_drop(&known->device->queue, free_constant, known);
}

tn_status constant_get_info(tn_constant* constant, tn_constant_info* info, tn_error* error) {
  return tnp_constant_info((const tnp_constant*)(void*)constant, info, error);
}
