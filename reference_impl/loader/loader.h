// SPDX-License-Identifier: Apache-2.0
//
// tn_loader: candidates, and the instances opened from them.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "default_host.h"
#include "dispatch_table.h"
#include "manifest.h"
#include "search.h"

namespace tenon::loader {

// Strings and errors handed out stay valid until the loader is destroyed, so both live in deques
// that only grow.
class Loader {
 public:
  // `extensions_for_hosts`: see DispatchTable.
  explicit Loader(const tn_loader_desc& desc,
                  const layers::Extensions* extensions_for_hosts = nullptr);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // Throws Failure (TN_FORKED) in a child forked after this loader was made.
  void check_process() const;

  size_t candidate_count() const;
  tn_candidate_info candidate_info(size_t index) const;
  tn_instance* open(const std::string& plugin);
  void diagnose(const std::function<void(const std::string&)>& report);

 private:
  struct Candidate {
    tn_candidate_state state = TN_CANDIDATE_FOUND;
    const char* name = "";
    const char* description = "";
    const char* manifest = "";
    const char* library = "";
    const char* origin = "";
    const tn_error* error = nullptr;
    bool probe_in_child = false;
    bool broken_manifest = false;  // There is nothing to open.
    std::unique_ptr<DispatchTable> table;
    tn_instance* instance = nullptr;
  };

  Candidate& add(const FoundFile& file);
  Candidate* find(const std::string& plugin);
  Candidate& find_by_path(const std::string& path);
  tn_instance* open_candidate(Candidate& candidate);
  void start(Candidate& candidate);
  void set_name(Candidate& candidate, const std::string& name);
  void fail_candidate(Candidate& candidate, const tn_error& error);
  [[noreturn]] void fail_not_found(const std::string& plugin) const;
  std::string diagnose_candidate(Candidate& candidate);
  const char* keep(std::string_view text);

  const layers::Extensions* const extensions_for_hosts_;
  const Environment environment_;
  const int process_;
  HostServices host_;
  const std::vector<std::string> layers_;
  SearchResult search_;
  mutable std::mutex mutex_;
  std::deque<Candidate> candidates_;
  std::deque<std::string> strings_;
  std::deque<tn_error> errors_;
};

}  // namespace tenon::loader
