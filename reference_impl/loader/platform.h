// SPDX-License-Identifier: Apache-2.0
//
// What this loader was built for, as manifests and variables spell it.
#pragma once

namespace tenon::loader {

// "OS-PROCESSOR", as in a manifest's "platforms".
#if defined(_WIN32)
#define TN_LOADER_SYSTEM "windows"
#elif defined(__APPLE__)
#define TN_LOADER_SYSTEM "macos"
#else
#define TN_LOADER_SYSTEM "linux"
#endif
#if defined(__x86_64__) || defined(_M_X64)
#define TN_LOADER_PROCESSOR "x86_64"
#elif defined(__aarch64__) || defined(_M_ARM64)
#define TN_LOADER_PROCESSOR "aarch64"
#else
#error "name this processor here"
#endif
inline constexpr const char* kPlatform = TN_LOADER_SYSTEM "-" TN_LOADER_PROCESSOR;
#undef TN_LOADER_SYSTEM
#undef TN_LOADER_PROCESSOR

// Between the paths of TENON_PLUGIN_PATH. On Windows, paths hold colons.
#if defined(_WIN32)
inline constexpr char kPathListSeparator = ';';
#else
inline constexpr char kPathListSeparator = ':';
#endif

}  // namespace tenon::loader
