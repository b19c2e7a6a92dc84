// SPDX-License-Identifier: Apache-2.0
//
// What is installed beside this program: ../include and ../share/tenon, in a wheel as in a build.
#pragma once

#include <filesystem>

namespace tenon::tools {

// Throw std::runtime_error with the path when it is not there.
std::filesystem::path include_folder();   // Holds tenon/tenon.h.
std::filesystem::path template_folder();  // What `tenon new-plugin` copies.

}  // namespace tenon::tools
