// SPDX-License-Identifier: Apache-2.0
//
// The kernel sources, embedded into the plugin at build time (embed_kernels.cmake).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tenon::gpu {

struct Source {
  std::string_view name;  // Of the file in kernels/: "fill.cl", "portable.h".
  std::string_view text;
};

std::span<const Source> embedded_sources();

// kernels/<name>.cl behind `dialect` (the backend's prologue) and portable.h, with the files it
// includes (`#include "NAME"`, of kernels/) in place. Throws KernelError (TN_INTERNAL) for a file
// that is not there.
std::string source_text(std::string_view name, std::string_view dialect);

}  // namespace tenon::gpu
