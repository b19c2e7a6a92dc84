// SPDX-License-Identifier: Apache-2.0
//
// One run of the suite, from options to an exit code.
#pragma once

#include "suite/run_options.h"

namespace tenon::conformance {

// Throws std::invalid_argument for wrong usage, std::exception where there is nothing to judge.
int run(const RunOptions& options);

}  // namespace tenon::conformance
