/* SPDX-License-Identifier: Apache-2.0
 *
 * The entry of a plugin, and the descriptions of devices, streams and events. See tenon_plugin.h.
 */
#ifndef TENON_PLUGIN_DEVICE_H_
#define TENON_PLUGIN_DEVICE_H_

#include "tenon/plugin/error.h"

/* ---- The entry ------------------------------------------------------------------------------- */

/* What tn_plugin_entry answers for a plugin of this name, version and static table. */
static inline tn_status tnp_entry(const char* name, const char* version,
                                  const tn_dispatch* functions, const tn_host* host,
                                  tn_plugin* plugin, tn_error* error) {
  tn_plugin known = {.abi_major = TN_ABI_MAJOR, .abi_minor = TN_ABI_MINOR};
  known.abi_hash = TN_ABI_HASH;
  known.functions = functions;
  snprintf(known.name, sizeof(known.name), "%s", name);
  snprintf(known.version, sizeof(known.version), "%s", version);
  /* Of functions that it has beyond those known here a plugin knows nothing, and needs none. */
  size_t size = 0;
  TNP_TRY(tnp_struct_size(host, "host", &size, error));
  TNP_CHECK_AT("host->struct_size", size >= offsetof(tn_host, context), TN_INVALID_ARGUMENT,
               "host: struct_size is %zu: too small to say which ABI it has", size);
  TNP_CHECK(host->abi_major == TN_ABI_MAJOR, TN_VERSION_MISMATCH,
            "built for ABI %d.%d, but the host speaks %u.%u: install matching versions",
            TN_ABI_MAJOR, TN_ABI_MINOR, host->abi_major, host->abi_minor);
  return TNP_GIVE(plugin, known);
}

/* ---- Descriptions that may be NULL, of a plugin that has nothing to choose ------------------- */

/* There are no options: whatever is given is an error that names it. */
static inline tn_status tnp_no_options(const tn_option* options, size_t count, tn_error* error) {
  const bool named = count != 0 && options != NULL && options[0].key != NULL;
  TNP_CHECK_AT("desc->options", count == 0, TN_INVALID_ARGUMENT, "option '%s': there are none here",
               named ? options[0].key : "");
  return TN_OK;
}

static inline tn_status tnp_open_plainly(const tn_device_desc* given, tn_error* error) {
  tn_device_desc desc = {0};
  if (given != NULL) TNP_TAKE(desc, given);
  return tnp_no_options(desc.options, desc.option_count, error);
}

/* Every priority is legal: a device with one takes that. */
static inline tn_status tnp_check_stream(const tn_stream_desc* given, tn_error* error) {
  tn_stream_desc desc = {0};
  if (given != NULL) TNP_TAKE(desc, given);
  TNP_ZERO(desc.reserved, "desc->reserved");
  return TN_OK;
}

/* `offered`: the TN_EVENT_* that the device has. */
static inline tn_status tnp_check_event(const tn_event_desc* given, uint32_t offered,
                                        tn_error* error) {
  tn_event_desc desc = {0};
  if (given != NULL) TNP_TAKE(desc, given);
  TNP_ZERO(desc.reserved, "desc->reserved");
  TNP_CHECK_AT("desc->flags", (desc.flags & ~offered) == 0, TN_UNSUPPORTED,
               "events of this device have no flags 0x%x", desc.flags & ~offered);
  return TN_OK;
}

static inline tn_status tnp_check_record(const tn_record_desc* given, tn_error* error) {
  tn_record_desc desc = {0};
  if (given != NULL) TNP_TAKE(desc, given);
  TNP_ZERO(desc.reserved, "desc->reserved");
  return TN_OK;
}

/* The host's time limit in nanoseconds; 0: none. Streams have none. */
static inline tn_status tnp_check_wait(const tn_wait_desc* given, bool by_stream, int64_t* limit,
                                       tn_error* error) {
  tn_wait_desc desc = {0};
  if (given != NULL) TNP_TAKE(desc, given);
  TNP_CHECK_AT("desc->timeout", !by_stream || desc.timeout == 0, TN_UNSUPPORTED,
               "streams wait without a limit: give timeout 0");
  TNP_CHECK_AT("desc->timeout", desc.timeout >= 0, TN_INVALID_ARGUMENT,
               "timeout is negative: give 0 or more");
  if (limit != NULL) *limit = desc.timeout;
  return TN_OK;
}

#endif /* TENON_PLUGIN_DEVICE_H_ */
