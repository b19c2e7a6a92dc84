/* SPDX-License-Identifier: Apache-2.0
 *
 * plugin.h: who this plugin is, its handles, and what device.c and operators.c share.
 */
#ifndef PLUGIN_H_
#define PLUGIN_H_

#include "tenon/tenon_plugin.h"

#define PLUGIN_NAME "template"
#define DEVICE_NAME "Template accelerator"
#define DEVICE_UUID "tenon-template"
#define TOTAL_MEMORY (UINT64_C(1) << 30)
#define MAX_ALLOCATION (UINT64_C(1) << 28)
#define ALIGNMENT 64

/* The first word of every handle is the loader's table. */
struct tn_instance {
  const tn_dispatch* dispatch;
};
struct tn_device {
  const tn_dispatch* dispatch;
  tnp_memory memory;
};
struct tn_buffer {
  const tn_dispatch* dispatch;
  tn_device* device;
  tn_buffer_kind kind;
  uint64_t size;
  char* data;
  tnp_mappings mappings;
};
struct tn_stream {
  const tn_dispatch* dispatch;
  tn_device* device;
};
struct tn_event {
  const tn_dispatch* dispatch;
  tn_device* device;
};

/* Whether the bytes lie in a buffer of this device, which is the host's argument `name`. */
tn_status check_range(const tn_device* device, const char* name, const tn_buffer* buffer,
                      uint64_t offset, uint64_t size, tn_error* error);

/* operators.c; parameters as in tn_dispatch. */
tn_status device_get_operators(tn_device*, tn_operator_table*, tn_error*);
tn_status stream_reorder(tn_stream*, const tn_tensor*, const tn_tensor*, tn_error*);
tn_status kernel_supports(tn_device*, const tn_kernel_desc*, tn_kernel_support*, tn_error*);
tn_status kernel_create(tn_device*, const tn_kernel_desc*, tn_kernel**, tn_error*);
void kernel_destroy(tn_kernel*);
tn_status kernel_get_info(tn_kernel*, tn_kernel_info*, tn_error*);
tn_status kernel_output_dims(tn_kernel*, const tn_launch*, int64_t* const*, tn_error*);
tn_status kernel_launch(tn_kernel*, tn_stream*, const tn_launch*, tn_error*);

#endif /* PLUGIN_H_ */
