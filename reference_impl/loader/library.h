// SPDX-License-Identifier: Apache-2.0
//
// From a path to a plugin's functions: check, dlopen, entry, versions.
#pragma once

#include <string>

#include "tenon/tenon.h"

namespace tenon::loader {

// What a plugin's entry said.
struct Library {
  std::string name;
  std::string version;
  uint32_t abi_major = 0;
  uint32_t abi_minor = 0;
  const tn_dispatch* functions = nullptr;
};

// Never closed again: a plugin's threads, thread-local destructors and exit handlers outlive any
// use of it. Throws plugin::Failure: TN_NOT_FOUND, TN_LOAD_FAILED or TN_VERSION_MISMATCH. What the
// plugin throws becomes TN_LOAD_FAILED; what aborts, aborts (see probe.h).
Library open_library(const std::string& path, const tn_host* host);

// Asks the entry of a plugin whose code is in the process. Throws plugin::Failure: TN_LOAD_FAILED
// or TN_VERSION_MISMATCH.
Library read_entry(tn_plugin_entry_fn entry, const tn_host* host);

// Whether `name` is a plugin's name: lower case, digits, '.', '-'; 1 to 63 characters.
bool is_plugin_name(const std::string& name);

}  // namespace tenon::loader
