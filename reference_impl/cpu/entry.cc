// SPDX-License-Identifier: Apache-2.0
//
// The one exported symbol.
#include "tenon/device/entry.h"

#include "reference_impl/cpu/platform.h"

extern "C" TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* out,
                                                       tn_error* error) {
  return tenon::device::enter<tenon::cpu::platform>(host, out, error);
}
