// SPDX-License-Identifier: Apache-2.0
//
// A host that calls every function of the core, and looks at every answer before it goes on: what
// fails ends only what needs it.
#pragma once

#include <string>
#include <vector>

#include "tenon/tenon.hpp"

namespace tenon::layers {

struct Usage {
  int calls = 0;
  int failures = 0;  // Statuses other than TN_OK and TN_NOT_READY.
  std::string last_failure;
  // Answers that no host could use: a handle with a failure, none without, a text without an end.
  std::vector<std::string> unusable;
};

// `options` are for the device.
Usage use_everything(const Instance& instance, std::span<const tn_option> options);

}  // namespace tenon::layers
