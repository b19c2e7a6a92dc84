/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin written from tenon.h alone. It compares nothing but the major version, and knows what its
 * header knows.
 */
#include <stdlib.h>
#include <string.h>

#include "tenon/tenon.h"

#define COMMON(out, type) ((out)->struct_size < sizeof(type) ? (out)->struct_size : sizeof(type))

struct tn_instance {
  const tn_dispatch* dispatch;
};
struct tn_device {
  const tn_dispatch* dispatch;
};

static tn_status TN_CALL instance_create(const tn_instance_desc* desc, tn_instance** instance,
                                         tn_error* error) {
  (void)error;
  *instance = malloc(sizeof(**instance));
  if (*instance == NULL) return TN_OUT_OF_MEMORY;
  (*instance)->dispatch = desc->dispatch;
  return TN_OK;
}

static void TN_CALL instance_destroy(tn_instance* instance) { free(instance); }

static tn_status TN_CALL instance_device_count(tn_instance* instance, size_t* count,
                                               tn_error* error) {
  (void)instance, (void)error;
  *count = 1;
  return TN_OK;
}

static tn_status write_info(tn_device_info* info) {
  tn_device_info known;
  memset(&known, 0, sizeof(known));
  known.struct_size = info->struct_size;
  known.alignment = 64;
  known.max_allocation = 1 << 20;
  strcpy(known.name, "plain");
  known.type = TN_DEVICE_ACCELERATOR;
  memcpy(info, &known, COMMON(info, tn_device_info));
  return TN_OK;
}

static tn_status TN_CALL instance_device_info(tn_instance* instance, size_t index,
                                              tn_device_info* info, tn_error* error) {
  (void)instance, (void)index, (void)error;
  return write_info(info);
}

/* Bytes that this header does not know must be zero. */
static tn_status TN_CALL device_open(tn_instance* instance, size_t index,
                                     const tn_device_desc* desc, tn_device** device,
                                     tn_error* error) {
  (void)index, (void)error;
  *device = NULL;
  for (size_t i = sizeof(*desc); desc != NULL && i < desc->struct_size; ++i)
    if (((const char*)desc)[i] != 0) return TN_UNSUPPORTED;
  *device = malloc(sizeof(**device));
  if (*device == NULL) return TN_OUT_OF_MEMORY;
  (*device)->dispatch = instance->dispatch;
  return TN_OK;
}

static void TN_CALL device_close(tn_device* device) { free(device); }

static tn_status TN_CALL device_get_info(tn_device* device, tn_device_info* info, tn_error* error) {
  (void)device, (void)error;
  return write_info(info);
}


static const tn_dispatch kFunctions = {
    .struct_size = sizeof(kFunctions),
    .instance_create = instance_create,
    .instance_destroy = instance_destroy,
    .instance_device_count = instance_device_count,
    .instance_device_info = instance_device_info,
    .device_open = device_open,
    .device_close = device_close,
    .device_get_info = device_get_info,
};

TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* plugin,
                                            tn_error* error);
TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* plugin,
                                            tn_error* error) {
  (void)error;
  tn_plugin known;
  memset(&known, 0, sizeof(known));
  known.struct_size = plugin->struct_size;
  known.abi_major = TN_ABI_MAJOR;
  known.abi_minor = TN_ABI_MINOR;
  known.abi_hash = TN_ABI_HASH;
  strcpy(known.name, "plain");
  strcpy(known.version, "1");
  known.functions = &kFunctions;
  memcpy(plugin, &known, COMMON(plugin, tn_plugin));
  return host->abi_major == TN_ABI_MAJOR ? TN_OK : TN_VERSION_MISMATCH;
}
