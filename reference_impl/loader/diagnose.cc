// SPDX-License-Identifier: Apache-2.0
//
// tn_loader_diagnose: every place, every candidate, each tried in a child process.
#include <set>

#include "loader.h"

namespace tenon::loader {

std::string Loader::line_about(const Candidate& candidate) const {
  std::string line = std::string("plugin ") + (*candidate.name ? candidate.name : "?");
  if (*candidate.manifest) line.append(" ").append(candidate.manifest);
  if (*candidate.library) {
    line.append(*candidate.manifest ? " -> " : " ").append(candidate.library);
  }
  if (*candidate.license) line.append(", licence ").append(candidate.license);
  if (*candidate.features) line.append(", features ").append(candidate.features);
  line += ": ";
  if (candidate.table) return line + "ok: version " + candidate.table->plugin_version + ", open";
  if (candidate.broken_manifest) return line + "failed: " + candidate.error->message;
  if (candidate.state == TN_CANDIDATE_SHADOWED) {
    return line + "shadowed: a plugin of the same name was found before it; remove one of them";
  }
  if (candidate.entry != nullptr) return line + "linked into the process, not tried";
  return line + candidate.probe_result;
}

void Loader::diagnose(const std::function<void(const std::string&)>& report) {
  for (const SearchStep& step : search_.steps) {
    report("searched " + step.origin + (step.path.empty() ? "" : " " + step.path) + ": " +
           step.outcome);
  }
  // What turns out not to work may have stood before another one of its name: that is tried then.
  std::set<const Candidate*> tried;
  for (;;) {
    std::vector<Candidate*> next;
    {
      const std::lock_guard lock(mutex_);
      for (Candidate& candidate : candidates_) {
        const bool can_be = !candidate.broken_manifest && !candidate.table &&
                            candidate.entry == nullptr && candidate.state != TN_CANDIDATE_SHADOWED;
        if (can_be && tried.insert(&candidate).second) next.push_back(&candidate);
      }
    }
    if (next.empty()) break;
    probe(next);
  }
  std::vector<std::string> lines;
  {
    const std::lock_guard lock(mutex_);
    for (const Candidate& candidate : candidates_) lines.push_back(line_about(candidate));
  }
  if (lines.empty()) {
    lines.emplace_back("no plugin found: install one, or name its folder in TENON_PLUGIN_PATH");
  }
  for (const std::string& line : lines) report(line);
}

}  // namespace tenon::loader
