// SPDX-License-Identifier: Apache-2.0
//
// NAME.tenon.json: what there is to know of a plugin without opening it (tenon.h, section 13).
#pragma once

#include <string>
#include <vector>

namespace tenon::loader {

struct Manifest {
  std::string name;
  std::string library;  // Absolute, or as found; never relative to the manifest.
  std::string description;
  bool probe_in_child = false;
  std::vector<std::string> unknown_keys;  // Ignored, but worth a warning.
};

// Throws plugin::Failure (TN_LOAD_FAILED) that names the file and the place in it.
Manifest read_manifest(const std::string& path);

}  // namespace tenon::loader
