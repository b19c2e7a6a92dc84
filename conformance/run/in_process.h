// SPDX-License-Identifier: Apache-2.0
//
// Tests in this very process: GoogleTest's events become results. Where nobody watches from
// outside, one that crashes or hangs ends the process, and says which it was.
#pragma once

#include <functional>
#include <string>

#include "run/fair_clock.h"
#include "suite/results.h"

namespace tenon::conformance {

using TakeResult = std::function<void(TestResult)>;

// From now on `take` gets each result, complaints of the validation layer included. GoogleTest
// itself prints nothing.
void listen(TakeResult take);

// From now on a crash, or a test that takes longer than it has, prints the running test's name and
// ends the process: exit code 70 or 124. With a file descriptor other than -1, a line for --resume
// is written there first.
void end_at_crash_or_hang(const TimeLimits& limits, int journal = -1);

}  // namespace tenon::conformance
