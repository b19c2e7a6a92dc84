// SPDX-License-Identifier: Apache-2.0
//
// A process that opens the plugin, for one that never does: it runs some tests, tells each result
// as a line of JSON, closes everything and ends. It is forked and not started anew, since cases and
// their oracles are made once then.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "run/channel.h"
#include "suite/run_options.h"

namespace tenon::conformance {

// What a child is sent for.
struct Errand {
  // Names what there is: a line {"subject": ...}. Else it runs the tests.
  bool scouts = false;
  bool alone = false;              // No other child runs meanwhile.
  std::vector<std::string> tests;  // In the order in which they are registered.
};

// Lines: {"subject": ...} of the device that opened; {"not_open": TEXT, "status": CODE};
// {"result": ...} of each test; {"complaint": TEXT} of the validation layer about closing;
// {"done": true} when all is closed. What it prints goes to `output`, a pipe.
[[noreturn]] void run_child(Channel& channel, const RunOptions& options, const Errand& errand,
                            int output);

}  // namespace tenon::conformance
