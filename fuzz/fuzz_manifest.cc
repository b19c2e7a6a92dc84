// SPDX-License-Identifier: Apache-2.0
//
// Manifests and the headers of plugin libraries: any bytes are read or refused with an error.
#include "elf_check.h"
#include "input_file.h"
#include "manifest.h"
#include "tenon/tenon.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const InputFile file(data, size);
  try {
    tenon::loader::read_manifest(file.path());
  } catch (const std::exception&) {
    // Refused, as most inputs must be.
  }
  try {
    tenon::loader::check_library_file(file.path());
  } catch (const std::exception&) {
  }
  return 0;
}
