// SPDX-License-Identifier: Apache-2.0
//
// NAME.tenon.json: what there is to know of a plugin without opening it (tenon.h, section 13).
#pragma once

#include <string>
#include <vector>

#include "tenon/tenon.h"

namespace tenon::loader {

struct Manifest {
  std::string name;
  std::string library;  // Absolute, or as found; never relative to the manifest.
  std::string description;
  bool probe_in_child = false;
  // For people, "" and empty where the manifest does not say.
  std::string license;  // An SPDX expression.
  std::vector<std::string> features;
  // Why this process cannot use the plugin whatever its library is like: TN_VERSION_MISMATCH where
  // "abi" is none that this loader speaks, TN_LOAD_FAILED where "platforms" lacks this one, or
  // where either says nothing. Else TN_OK.
  tn_error misfit = TN_ERROR_INIT;
  std::vector<std::string> unknown_keys;  // Ignored, but worth a warning.
};

// Throws plugin::Failure (TN_LOAD_FAILED) that names the file and the place in it.
Manifest read_manifest(const std::string& path);

}  // namespace tenon::loader
