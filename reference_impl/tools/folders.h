// SPDX-License-Identifier: Apache-2.0
//
// What is installed beside this program: ../include and ../share/tenon, in a wheel as in a build.
#pragma once

#include <filesystem>

namespace tenon::tools {

// Throw std::runtime_error with the path when it is not there.
std::filesystem::path include_folder();  // Holds tenon/tenon.h.
// What `tenon new-plugin` copies: for plugins in C, and for those in C++ on the device core.
std::filesystem::path template_folder(bool cpp);
std::filesystem::path cmake_folder();  // Of find_package(tenon).
std::filesystem::path spec_folder();   // The standard as text: README.md and its chapters.

}  // namespace tenon::tools
