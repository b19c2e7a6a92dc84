// SPDX-License-Identifier: Apache-2.0
//
// Looks at a library's header before dlopen does, whose own words ("invalid ELF header") do not say
// what is wrong or what to do.
#pragma once

#include <string>

namespace tenon::loader {

// Throws plugin::Failure: TN_NOT_FOUND when there is no such file, TN_LOAD_FAILED when it is not a
// whole shared library for this machine.
void check_library_file(const std::string& path);

}  // namespace tenon::loader
