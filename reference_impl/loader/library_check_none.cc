// SPDX-License-Identifier: Apache-2.0
//
// Where libraries are no ELF files the system's loader is trusted to refuse what it cannot load.
#include "elf_check.h"
#include "regular_file.h"

namespace tenon::loader {

void check_library_file(const std::string& path) { const RegularFile file(path); }

}  // namespace tenon::loader
