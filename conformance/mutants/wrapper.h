// SPDX-License-Identifier: Apache-2.0
//
// A plugin that stands before another one: it hands on that one's table, with functions replaced.
// What is replaced is put in at run time, so that one library does for every way of being wrong,
// and for every plugin: TENON_WRAPPED is the path of the other's library; without it, it is the
// reference device.
#pragma once

#include "tenon/tenon.h"

namespace tenon::wrapper {

// The other plugin's own functions.
const tn_dispatch& sound();

// Each wrapping library defines these. The first changes a copy of sound(), once.
void change(tn_dispatch& table);
// What the entry has answered; may be changed as well.
tn_status change_entry(tn_status status, const tn_host* host, tn_plugin* plugin, tn_error* error);

}  // namespace tenon::wrapper
