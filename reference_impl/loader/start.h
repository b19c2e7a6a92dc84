// SPDX-License-Identifier: Apache-2.0
//
// instance_create with all of its safeguards.
#pragma once

#include "dispatch_table.h"
#include "open_request.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {

// Throws what a plugin answered with another message, and all else that its error says. A status of
// a class that is not known becomes TN_INTERNAL.
[[noreturn]] void fail_again(const tn_error& cause, tn_status status, const std::string& message);

// Throws plugin::Failure: TN_NO_DEVICE when there is nothing here to drive, which is no defect;
// TN_LOAD_FAILED, or what the plugin answered.
tn_instance* start_instance(DispatchTable& table, const tn_host* host,
                            const OpenRequest& request = {});

}  // namespace tenon::loader
