// SPDX-License-Identifier: Apache-2.0
//
// instance_create with all of its safeguards.
#pragma once

#include "dispatch_table.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {

// The plugin works, but there is nothing here for it to drive; not a defect.
struct NoDevice : plugin::Failure {};

// Throws NoDevice, or plugin::Failure: TN_LOAD_FAILED, or what the plugin answered.
tn_instance* start_instance(const DispatchTable& table, const tn_host* host);

}  // namespace tenon::loader
