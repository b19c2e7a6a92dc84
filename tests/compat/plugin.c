/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin written from tenon.h alone, built for several versions of it. It compares nothing but
 * the major version, and knows what its header knows.
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
#ifdef COMPAT_LATER
  known.type = TN_DEVICE_LATER;
  known.later = 12;
#else
  known.type = TN_DEVICE_ACCELERATOR;
#endif
  memcpy(info, &known, COMMON(info, tn_device_info));
  return TN_OK;
}

static tn_status TN_CALL instance_device_info(tn_instance* instance, size_t index,
                                              tn_device_info* info, tn_error* error) {
  (void)instance, (void)index, (void)error;
  return write_info(info);
}

static tn_status refuse(tn_error* error) {
  if (error == NULL) return TN_UNSUPPORTED;
  error->code = TN_UNSUPPORTED;
  strcpy(error->message, "more than this plugin knows");
  return TN_UNSUPPORTED;
}

/* Bytes that this header does not know must be zero. */
static tn_status TN_CALL device_open(tn_instance* instance, size_t index,
                                     const tn_device_desc* desc, tn_device** device,
                                     tn_error* error) {
  (void)index;
  *device = NULL;
  for (size_t i = sizeof(*desc); desc != NULL && i < desc->struct_size; ++i)
    if (((const char*)desc)[i] != 0) return refuse(error);
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

/* In its later version the plugin has one more version of its operator, and one more type. */
static tn_status TN_CALL device_get_operators(tn_device* device, tn_operator_table* table,
                                              tn_error* error) {
  (void)device, (void)error;
#ifdef COMPAT_LATER
  static const tn_dtype dtypes[] = {TN_FLOAT32, TN_LATER};
#else
  static const tn_dtype dtypes[] = {TN_FLOAT32};
#endif
  static const tn_type_list types = {"T", dtypes, sizeof(dtypes) / sizeof(dtypes[0])};
#define ROW .struct_size = sizeof(tn_operator_entry), .domain = "", .name = "Add", .types = &types
  static const tn_operator_entry rows[] = {
      {ROW, .type_count = 1, .version = 14},
#ifdef COMPAT_LATER
      {ROW, .type_count = 1, .version = 99, .later = 13},
#endif
  };
  tn_operator_table known;
  memset(&known, 0, sizeof(known));
  known.struct_size = table->struct_size;
  known.first = rows;
  known.count = sizeof(rows) / sizeof(rows[0]);
  known.stride = sizeof(rows[0]);
  memcpy(table, &known, COMMON(table, tn_operator_table));
  return TN_OK;
}

static tn_status TN_CALL kernel_supports(tn_device* device, const tn_kernel_desc* desc,
                                         tn_kernel_support* support, tn_error* error) {
  (void)device, (void)support;
  tn_operator_table table = {.struct_size = sizeof(table)};
  device_get_operators(device, &table, error);
  for (size_t i = 0; i < table.count; ++i) {
    const tn_operator_entry* row = &table.first[i];
    for (size_t t = 0; t < row->types[0].count; ++t)
      if (strcmp(desc->name, row->name) == 0 && desc->version == row->version &&
          desc->inputs[0]->dtype == row->types[0].dtypes[t])
        return TN_OK;
  }
  return refuse(error);
}

#ifdef COMPAT_LATER
static tn_status TN_CALL device_later(tn_device* device, uint64_t* value, tn_error* error) {
  (void)device, (void)error;
  *value = 11;
  return TN_OK;
}
#endif

static const tn_dispatch kFunctions = {
    .struct_size = sizeof(kFunctions),
    .instance_create = instance_create,
    .instance_destroy = instance_destroy,
    .instance_device_count = instance_device_count,
    .instance_device_info = instance_device_info,
    .device_open = device_open,
    .device_close = device_close,
    .device_get_info = device_get_info,
    .device_get_operators = device_get_operators,
    .kernel_supports = kernel_supports,
#ifdef COMPAT_LATER
    .device_later = device_later,
#endif
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
