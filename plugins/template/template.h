/* SPDX-License-Identifier: Apache-2.0
 *
 * template.h: the handles of the template plugin, and what its two files share.
 */
#ifndef TEMPLATE_H_
#define TEMPLATE_H_

#include <stdbool.h>
#include <threads.h>

#include "tenon/tenon.h"

#define TOTAL_MEMORY (UINT64_C(1) << 30)
#define MAX_ALLOCATION (UINT64_C(1) << 28)
#define ALIGNMENT 64

typedef struct Map {
  struct Map* next;
  uint64_t begin, end;
} Map;

/* The first word of every handle is the loader's table. */
struct tn_instance {
  const tn_dispatch* dispatch;
};
struct tn_device {
  const tn_dispatch* dispatch;
  mtx_t lock;
  tn_memory_info memory;
  tn_stream* streams;
};
struct tn_buffer {
  const tn_dispatch* dispatch;
  tn_device* device;
  tn_buffer_kind kind;
  uint64_t size;
  char* data;
  Map* maps;
};
struct tn_stream {
  const tn_dispatch* dispatch;
  tn_device* device;
  tn_stream* next;  /* In the device's list. */
  tn_error failure; /* code is TN_OK while there is none. */
};
struct tn_event {
  const tn_dispatch* dispatch;
  tn_device* device;
  uint32_t flags;
  bool recorded;
  int64_t nanoseconds;
  tn_error failure; /* Of the stream, when it was recorded. */
};

/* ---- Errors and structs (template.c) ---- */

/* Copies a failure to the caller's error, which may be NULL, and returns its status. */
tn_status give_error(tn_error* error, const tn_error* from);

/* Every failure says what, where, and what to do. */
tn_status fail(tn_error* error, tn_status status, const char* format, ...);

/* Reads a caller's struct, which may be older (the rest is zero) or newer (its rest must be). */
tn_status take(void* out, size_t known, const void* in, const char* name, tn_error* error);
#define TAKE(out, in) take(&(out), sizeof(out), in, #in, error)

/* Writes a caller's struct: as much as both know, and never its struct_size. */
tn_status give(void* out, const void* from, size_t known, const char* name, tn_error* error);
#define GIVE(out, from) give(out, &(from), sizeof(from), #out, error)

/* Refuses a NULL argument. */
tn_status need(const void* pointer, const char* name, tn_error* error);

#define TRY(call)                               \
  do {                                          \
    const tn_status try_status = (call);        \
    if (try_status != TN_OK) return try_status; \
  } while (0)

/* Whether the range lies in the buffer. */
tn_status check_range(const tn_buffer* buffer, uint64_t offset, uint64_t size, const char* name,
                      tn_error* error);

/* ---- Streams (template.c) ---- */

/* Whether work queued now is skipped, because earlier work has failed. */
bool stream_failed(tn_stream* stream);

/* Keeps the first failure of work on the stream. */
void stream_fail(tn_stream* stream, const tn_error* failure);

/* ---- Operators (operators.c) ---- */

tn_status device_get_operators(tn_device* device, tn_operator_table* table, tn_error* error);
tn_status layout_size(tn_device* device, tn_layout layout, tn_dtype dtype, int32_t rank,
                      const int64_t* dims, uint64_t* size, tn_error* error);
tn_status stream_reorder(tn_stream* stream, const tn_tensor* dst, const tn_tensor* src,
                         tn_error* error);
tn_status kernel_supports(tn_device* device, const tn_kernel_desc* desc, tn_kernel_support* support,
                          tn_error* error);
tn_status kernel_create(tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                        tn_error* error);
void kernel_destroy(tn_kernel* kernel);
tn_status kernel_get_info(tn_kernel* kernel, tn_kernel_info* info, tn_error* error);
tn_status kernel_workspace_size(tn_kernel* kernel, const tn_launch* launch, uint64_t* size,
                                tn_error* error);
tn_status kernel_launch(tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                        tn_error* error);

#endif /* TEMPLATE_H_ */
