// SPDX-License-Identifier: Apache-2.0
//
// The device core's functions, with what this device adds to them: types by option, slow compiles,
// and the faults that show in calls.
#pragma once

#include "tenon/tenon.h"

namespace tenon::accelerator {

// Kept for ever; always the same table.
const tn_dispatch* calls(const tn_dispatch& core);

}  // namespace tenon::accelerator
