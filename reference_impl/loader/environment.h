// SPDX-License-Identifier: Apache-2.0
//
// Environment variables, which must not steer a process that runs with elevated privileges.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace tenon::loader {

struct Environment {
  // A setuid or setgid program, or one with capabilities of its file: every get() gives "".
  bool elevated = false;
  std::function<const char*(const char* name)> lookup;

  // "" when not set.
  std::string get(const char* name) const;
  // A number from `least` to `most`, or `otherwise` when not set. Throws TN_INVALID_ARGUMENT with
  // what is allowed.
  int whole_number(const char* name, int least, int most, int otherwise) const;
  double number(const char* name, double least, double most, double otherwise) const;
  // The position of the value among `choices`, or `otherwise` when not set. Throws as above.
  size_t choice(const char* name, std::span<const char* const> choices, size_t otherwise) const;

  // That of this process.
  static Environment of_process();
};

}  // namespace tenon::loader
