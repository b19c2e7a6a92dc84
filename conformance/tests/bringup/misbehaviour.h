// SPDX-License-Identifier: Apache-2.0
//
// What a plugin can do to its host's process, by name.
#pragma once

#include <string>

namespace tenon::bringup {

// "crash", "hang", "exit", ...: kWays has them all. Most do not return. An unknown name aborts.
void misbehave(const std::string& way);

}  // namespace tenon::bringup
