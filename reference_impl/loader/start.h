// SPDX-License-Identifier: Apache-2.0
//
// instance_create with all of its safeguards.
#pragma once

#include "dispatch_table.h"
#include "open_request.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {

// Throws plugin::Failure: TN_NO_DEVICE when there is nothing here to drive, which is no defect;
// TN_LOAD_FAILED, or what the plugin answered.
tn_instance* start_instance(DispatchTable& table, const tn_host* host,
                            const OpenRequest& request = {});

}  // namespace tenon::loader
