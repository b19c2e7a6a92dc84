// SPDX-License-Identifier: Apache-2.0
//
// What a plugin's tn_plugin_entry calls.
#pragma once

#include "tenon/tenon.h"

namespace tenon::device {

tn_status enter(const tn_host* host, tn_plugin* out, tn_error* error) noexcept;

}  // namespace tenon::device
