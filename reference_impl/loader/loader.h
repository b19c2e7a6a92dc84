// SPDX-License-Identifier: Apache-2.0
//
// tn_loader: candidates, and the instances opened from them.
//
// Plugins, the host's services and its callbacks may call back into the loader, from any thread. So
// `mutex_` guards the candidates' data alone and is never held while any of them runs; a candidate
// that is being opened belongs to one thread (`opener`), and others that want it wait.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "default_host.h"
#include "dispatch_table.h"
#include "library.h"
#include "manifest.h"
#include "open_request.h"
#include "probe.h"
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
  tn_instance* open(const std::string& plugin, const OpenRequest& request = {});
  void diagnose(const std::function<void(const std::string&)>& report);

 private:
  // Text that is kept for those to whom pointers were given.
  struct Candidate {
    tn_candidate_state state = TN_CANDIDATE_FOUND;
    const char* name = "";
    const char* description = "";
    const char* manifest = "";
    const char* library = "";
    const char* origin = "";
    const tn_error* error = nullptr;
    const char* license = "";
    const char* features = "";     // With commas between.
    bool broken_manifest = false;  // There is nothing to open, or nothing for this machine.
    // Whether a child is to try it before this process does, and has.
    bool wants_probe = false;
    bool probed = false;
    const char* probe_result = "";               // Of the last diagnosis, for people.
    tn_plugin_entry_fn entry = nullptr;          // Of one that is linked into the process.
    std::map<std::string, std::string> options;  // That it was opened with.
    std::thread::id opener;                      // The thread that opens it now.
    std::string opened_as;                       // The plugin's name while it is, or is open.
    std::unique_ptr<DispatchTable> table;
    tn_instance* instance = nullptr;

    bool failed() const { return state == TN_CANDIDATE_FAILED || state == TN_CANDIDATE_NO_DEVICE; }
  };
  // Sets a candidate's opener back.
  class Turn;

  Candidate& add(const FoundFile& file, std::vector<std::string>* warnings);
  void add_entry(tn_plugin_entry_fn entry);
  tn_instance* open_by_name(const std::string& plugin, const OpenRequest& request);
  Candidate& find_by_path(const std::string& path);
  tn_instance* open_candidate(Candidate& candidate, const OpenRequest& request);
  // Throws where another candidate of that name is open, or being opened: a name stands for one
  // plugin.
  void take_name(Candidate& candidate, const std::string& name);
  static tn_instance* opened(const Candidate& candidate, const OpenRequest& request);
  std::unique_ptr<DispatchTable> start(const Library& library, const OpenRequest& request,
                                       tn_instance** instance) const;

  // These are called with mutex_ held.
  void wait_for_turn(std::unique_lock<std::mutex>& lock, Candidate& candidate);
  std::vector<Candidate*> of_name(const std::string& plugin);
  void set_name(Candidate& candidate, const std::string& name);
  void update_shadows(std::string_view name);
  void fail_candidate(Candidate& candidate, const tn_error& error);
  void note_probe(Candidate& candidate, const ProbeResult& result);
  const char* keep(std::string_view text);

  // Lets children try candidates, all at once, and notes what came of it.
  void probe(const std::vector<Candidate*>& candidates);
  // Bare libraries tell their names only when they are loaded; by children, since a host that asks
  // for another plugin has not asked for these.
  void learn_names(const std::string& wanted);
  [[noreturn]] void fail_not_found(const std::string& plugin) const;
  std::string line_about(const Candidate& candidate) const;
  void log(tn_log_level level, const std::string& text) const;

  const layers::Extensions* const extensions_for_hosts_;
  const Environment environment_;
  const int64_t process_;
  const std::chrono::milliseconds probe_timeout_;
  HostServices host_;
  const std::vector<std::string> layers_;
  const SearchResult search_;
  mutable std::mutex mutex_;
  std::condition_variable turn_;  // A candidate's opener has finished.
  std::map<std::thread::id, const Candidate*> waiting_;
  std::deque<Candidate> candidates_;
  std::deque<std::string> strings_;
  std::deque<tn_error> errors_;
};

}  // namespace tenon::loader
