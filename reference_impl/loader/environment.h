// SPDX-License-Identifier: Apache-2.0
//
// Environment variables, which must not steer a process that runs with elevated privileges.
#pragma once

#include <functional>
#include <string>

namespace tenon::loader {

struct Environment {
  // A setuid or setgid program, or one with capabilities of its file: every get() gives "".
  bool elevated = false;
  std::function<const char*(const char* name)> lookup;

  // "" when not set.
  std::string get(const char* name) const;

  // That of this process.
  static Environment of_process();
};

}  // namespace tenon::loader
