// SPDX-License-Identifier: Apache-2.0
//
// Where plugins are looked for (tenon.h, section 13). Reads folders, opens nothing.
#pragma once

#include <string>
#include <vector>

#include "environment.h"

namespace tenon::loader {

// A place that was looked at, and what was there; for diagnoses.
struct SearchStep {
  std::string origin;  // Which rule led here: "TENON_PLUGIN_PATH", "search path", "system", ...
  std::string path;
  std::string outcome;  // "2 manifests", "no such folder", ...
};

// A manifest, or a library without one. Exactly one path is set, and it is absolute.
struct FoundFile {
  std::string origin;
  std::string manifest;
  std::string library;
};

struct SearchResult {
  std::vector<SearchStep> steps;
  std::vector<FoundFile> files;  // In order of precedence.
};

// `search_paths` are the host's; `library_folder` is libtenon's own ("" if unknown).
SearchResult search(const Environment& environment, const std::vector<std::string>& search_paths,
                    const std::string& library_folder);

// The folder that holds the library or program this code is linked into; "" if unknown.
std::string own_folder();

// Relative paths hold only until the process changes its folder. Stays as it is where the present
// folder is gone.
std::string absolute_path(const std::string& path);

inline constexpr const char* kManifestSuffix = ".tenon.json";
bool is_manifest_path(const std::string& path);

}  // namespace tenon::loader
