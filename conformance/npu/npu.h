/* SPDX-License-Identifier: Apache-2.0
 *
 * npu.h: the handles of the plugin, and what device.c and operators.c share.
 */
#ifndef NPU_H_
#define NPU_H_

#include "tenon/tenon_plugin.h"

#define TOTAL_MEMORY (UINT64_C(64) << 20)
#define ALIGNMENT 64

struct tn_instance {
  const tn_dispatch* dispatch;
};
struct tn_device {
  const tn_dispatch* dispatch;
  tnp_memory memory; /* What hosts are told. */
  tnp_arena arena;   /* Where buffers and constants lie in `ram`. */
  tnp_queue queue;
  char* ram; /* Touched by the queue's thread, and by map and unmap. */
};
struct tn_buffer {
  const tn_dispatch* dispatch;
  tn_device* device;
  tn_buffer_kind kind;
  uint64_t size;
  tnp_range* range;
  tnp_copies copies;
};
struct tn_stream {
  const tn_dispatch* dispatch;
  tn_device* device;
  tnp_stream stream;
};
struct tn_event {
  const tn_dispatch* dispatch;
  tn_device* device;
  tnp_event event;
};

/* Packed by 16 channels, and plain NHWC. */
enum { kPacked, kChannelsLast, kPackings };
extern const tnp_packing kPackingsOfNpu[kPackings];
extern const tnp_forms kFormsOfNpu;

/* Room in the device's memory, counted; `size` bytes at the address of the range. */
tn_status take_memory(tn_device* device, uint64_t size, uint64_t alignment, bool constant,
                      tnp_range** range, tn_error* error);
/* Whether the bytes lie in a buffer of this device, which is the host's argument `name`. */
tn_status check_range(const tn_device* device, const char* name, const tn_buffer* buffer,
                      uint64_t offset, uint64_t size, tn_error* error);
static inline char* bytes_of(const tn_device* device, const tnp_range* range) {
  return device->ram + range->begin;
}

/* constants.c: of a strided value in host memory. */
tn_status constant_of_host(tn_device* device, tn_layout layout, const tnp_view* value,
                           const void* data, tnp_constant** constant, tn_error* error);
tn_status constant_create(tn_device*, const tn_constant_desc*, tn_constant**, tn_error*);
void constant_retain(tn_constant*);
void constant_release(tn_constant*);
tn_status constant_get_info(tn_constant*, tn_constant_info*, tn_error*);

/* operators.c; parameters as in tn_dispatch. */
tn_status device_get_operators(tn_device*, tn_operator_table*, tn_error*);
tn_status stream_reorder(tn_stream*, const tn_tensor*, const tn_tensor*, tn_error*);
tn_status kernel_supports(tn_device*, const tn_kernel_desc*, tn_kernel_support*, tn_error*);
tn_status kernel_create(tn_device*, const tn_kernel_desc*, tn_kernel**, tn_error*);
void kernel_destroy(tn_kernel*);
tn_status kernel_get_info(tn_kernel*, tn_kernel_info*, tn_error*);
tn_status kernel_output_dims(tn_kernel*, const tn_launch*, int64_t* const*, tn_error*);
tn_status kernel_launch(tn_kernel*, tn_stream*, const tn_launch*, tn_error*);

#endif /* NPU_H_ */
