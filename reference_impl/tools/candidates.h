// SPDX-License-Identifier: Apache-2.0
//
// What commands do with all plugins that were found.
#pragma once

#include "tenon/tenon.hpp"

namespace tenon::tools {

// What to open a candidate by: its name may be that of another one.
inline const char* path_of(const tn_candidate_info& candidate) {
  return *candidate.manifest != '\0' ? candidate.manifest : candidate.library;
}

// Tries every plugin in a child process; candidates then say in `state` and `error` what came of
// it. In this process, one that aborts or hangs would be the end.
inline void diagnose(const Loader& loader, tn_diagnostic_fn report) {
  call(tn_loader_diagnose, loader.get(), report, static_cast<void*>(nullptr));
}

}  // namespace tenon::tools
