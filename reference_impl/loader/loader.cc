// SPDX-License-Identifier: Apache-2.0
#include "loader.h"

#include <algorithm>
#include <filesystem>

#include "library.h"
#include "live_tables.h"
#include "reference_impl/platform/platform.h"
#include "start.h"
#include "tenon/cpp/error.hpp"
#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {
namespace {

std::vector<std::string> search_paths(const tn_loader_desc& desc) {
  std::vector<std::string> paths;
  for (size_t i = 0; i < desc.search_path_count; ++i) {
    if (desc.search_paths == nullptr || desc.search_paths[i] == nullptr) {
      plugin::fail(TN_INVALID_ARGUMENT, nullptr, "tn_loader_desc.search_paths[%zu] is NULL", i);
    }
    paths.emplace_back(desc.search_paths[i]);
  }
  return paths;
}

void check_name(const std::string& in_manifest, const std::string& in_plugin) {
  if (in_manifest.empty() || in_manifest == in_plugin) return;
  plugin::fail(TN_LOAD_FAILED, nullptr,
               "its manifest calls it '%s', but the plugin says '%s'; correct the manifest",
               in_manifest.c_str(), in_plugin.c_str());
}

[[noreturn]] void throw_error(const tn_error& error) {
  plugin::Failure failure;
  failure.error = error;
  throw failure;
}

// A version that the host does not want, of a plugin that may well do for another.
struct Unfit : plugin::Failure {};

void check_fit(const OpenRequest& request, const std::string& name, const std::string& version) {
  if (request.takes(version)) return;
  Unfit unfit;
  plugin::set_error(&unfit.error, TN_VERSION_MISMATCH, nullptr,
                    "plugin '%s' is version %s, asked for was %s", name.c_str(), version.c_str(),
                    request.range().c_str());
  throw unfit;
}

std::string describe_probe(const ProbeResult& result, const tn_error& error) {
  if (error.code == TN_NO_DEVICE) return error.message;
  if (error.code != TN_OK) {
    return std::string("failed (") + status_name(error.code) + "): " + error.message;
  }
  std::string text = "ok: version " + result.version + ", " +
                     std::to_string(result.devices.size()) +
                     (result.devices.size() == 1 ? " device" : " devices");
  for (const std::string& device : result.devices) text += ", " + device;
  return text;
}

bool same_file(const char* a, const std::string& b) {
  std::error_code error;
  return a == b || std::filesystem::equivalent(a, b, error);
}

}  // namespace

// Held by the thread that opens a candidate.
class Loader::Turn {
 public:
  // With the loader's mutex held.
  Turn(Loader& loader, Candidate& candidate) : loader_(loader), candidate_(candidate) {
    candidate.opener = std::this_thread::get_id();
  }
  ~Turn() {
    const std::lock_guard lock(loader_.mutex_);
    candidate_.opener = std::thread::id();
    if (!candidate_.table) candidate_.opened_as.clear();
    loader_.turn_.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Loader& loader_;
  Candidate& candidate_;
};

Loader::Loader(const tn_loader_desc& desc, const layers::Extensions* extensions_for_hosts)
    : extensions_for_hosts_(extensions_for_hosts),
      environment_(Environment::of_process()),
      process_(platform::process_id()),
      probe_timeout_(probe_timeout(environment_)),
      host_(desc.host, environment_),
      layers_(desc.layers != nullptr
                  ? layers::parse_layers(desc.layers, "tn_loader_desc.layers")
                  : layers::parse_layers(environment_.get("TENON_LAYERS"), "TENON_LAYERS")),
      search_(search(environment_, search_paths(desc), own_folder())) {
  for (const SearchStep& step : search_.steps) {
    log(TN_LOG_DEBUG, "searched " + step.origin + " " + step.path + ": " + step.outcome);
  }
  if (desc.entries == nullptr && desc.entry_count != 0) {
    plugin::fail(TN_INVALID_ARGUMENT, nullptr, "tn_loader_desc.entries is NULL");
  }
  for (size_t i = 0; i < desc.entry_count; ++i) add_entry(desc.entries[i]);
  std::vector<std::string> warnings;
  for (const FoundFile& file : search_.files) add(file, &warnings);
  for (const std::string& warning : warnings) log(TN_LOG_WARNING, warning);
}

Loader::~Loader() {
  // Latest first: a plugin may rest on one that was opened before.
  for (auto candidate = candidates_.rbegin(); candidate != candidates_.rend(); ++candidate) {
    if (candidate->table) candidate->table->destroy_instance();
    candidate->table.reset();
  }
}

void Loader::check_process() const {
  if (is_forked_child() || process_ != platform::process_id()) {
    plugin::fail(TN_FORKED, nullptr,
                 "the process was forked after this loader was made; start children with exec "
                 "(in Python: spawn or forkserver)");
  }
  check_process_goes_on();
}

void Loader::log(tn_log_level level, const std::string& text) const {
  host_.log(level, text.c_str());
}

const char* Loader::keep(std::string_view text) {
  return text.empty() ? "" : strings_.emplace_back(text).c_str();
}

Loader::Candidate& Loader::add(const FoundFile& file, std::vector<std::string>* warnings) {
  Candidate& candidate = candidates_.emplace_back();
  candidate.origin = keep(file.origin);
  candidate.manifest = keep(file.manifest);
  candidate.library = keep(file.library);
  if (file.manifest.empty()) return candidate;
  try {
    const Manifest manifest = read_manifest(file.manifest);
    candidate.library = keep(manifest.library);
    candidate.description = keep(manifest.description);
    candidate.wants_probe = manifest.probe_in_child;
    set_name(candidate, manifest.name);
    for (const std::string& key : manifest.unknown_keys) {
      warnings->push_back(file.manifest + ": unknown key \"" + key + "\"");
    }
    candidate.license = keep(manifest.license);
    std::string features;
    for (const std::string& feature : manifest.features) {
      features += (features.empty() ? "" : ", ") + feature;
    }
    candidate.features = keep(features);
    if (manifest.misfit.code != TN_OK) throw_error(manifest.misfit);
  } catch (const plugin::Failure& failure) {
    candidate.broken_manifest = true;
    fail_candidate(candidate, failure.error);
  }
  return candidate;
}

// Its name is in the process already, so it is asked for at once.
void Loader::add_entry(tn_plugin_entry_fn entry) {
  if (entry == nullptr) {
    plugin::fail(TN_INVALID_ARGUMENT, nullptr, "an entry of tn_loader_desc.entries is NULL");
  }
  Candidate& candidate = candidates_.emplace_back();
  candidate.origin = "linked into the process";
  candidate.entry = entry;
  tn_error error = TN_ERROR_INIT;
  const tn_status status =
      plugin::guard(&error, [&] { set_name(candidate, read_entry(entry, host_.get()).name); });
  if (status != TN_OK) fail_candidate(candidate, error);
}

void Loader::set_name(Candidate& candidate, const std::string& name) {
  candidate.name = keep(name);
  update_shadows(name);
}

// The first of a name wins, unless it is known not to work: what cannot load never shadows what
// can. Libraries learn their names late, so later ones may be known, or open, already.
void Loader::update_shadows(std::string_view name) {
  if (name.empty()) return;
  Candidate* winner = nullptr;
  for (Candidate& candidate : candidates_) {
    if (candidate.name != name || candidate.failed()) continue;
    if (winner == nullptr || (candidate.table && !winner->table)) winner = &candidate;
  }
  for (Candidate& candidate : candidates_) {
    if (candidate.name != name || candidate.failed() || candidate.table) continue;
    candidate.state = &candidate == winner ? TN_CANDIDATE_FOUND : TN_CANDIDATE_SHADOWED;
  }
}

void Loader::fail_candidate(Candidate& candidate, const tn_error& error) {
  // Earlier errors stay: someone may hold a pointer to them.
  candidate.error = &errors_.emplace_back(error);
  const bool works = error.code == TN_NO_DEVICE;
  candidate.state = works ? TN_CANDIDATE_NO_DEVICE : TN_CANDIDATE_FAILED;
  update_shadows(candidate.name);
}

size_t Loader::candidate_count() const {
  const std::lock_guard lock(mutex_);
  return candidates_.size();
}

tn_candidate_info Loader::candidate_info(size_t index) const {
  const std::lock_guard lock(mutex_);
  if (index >= candidates_.size()) {
    plugin::fail(TN_OUT_OF_RANGE, nullptr, "candidate %zu of %zu", index, candidates_.size());
  }
  const Candidate& candidate = candidates_[index];
  tn_candidate_info info{};
  info.struct_size = sizeof(info);
  info.state = candidate.state;
  info.name = candidate.name;
  info.description = candidate.description;
  info.manifest = candidate.manifest;
  info.library = candidate.library;
  info.origin = candidate.origin;
  info.error = candidate.error;
  return info;
}

tn_instance* Loader::open(const std::string& plugin, const OpenRequest& request) {
  const bool is_path = plugin.find('/') != std::string::npos;
  return is_path ? open_candidate(find_by_path(plugin), request) : open_by_name(plugin, request);
}

// In the order in which they are to be tried: one that is open, those that may work, or if there
// are none, those that did not before.
std::vector<Loader::Candidate*> Loader::of_name(const std::string& plugin) {
  std::vector<Candidate*> promising;
  std::vector<Candidate*> failed;
  for (Candidate& candidate : candidates_) {
    if (candidate.name != plugin) continue;
    if (candidate.table) return {&candidate};
    (candidate.failed() ? failed : promising).push_back(&candidate);
  }
  return promising.empty() ? failed : promising;
}

tn_instance* Loader::open_by_name(const std::string& plugin, const OpenRequest& request) {
  learn_names(plugin);
  std::vector<Candidate*> wanted;
  {
    const std::lock_guard lock(mutex_);
    wanted = of_name(plugin);
    // One that stands before another of its name must not take the process down in its stead.
    for (size_t i = 0; i + 1 < wanted.size(); ++i) wanted[i]->wants_probe = true;
  }
  if (wanted.empty()) fail_not_found(plugin);
  plugin::Failure first;
  for (Candidate* candidate : wanted) {
    try {
      return open_candidate(*candidate, request);
    } catch (const Unfit& unfit) {
      if (candidate == wanted.front()) first = unfit;
    } catch (const plugin::Failure& failure) {
      if (candidate == wanted.front()) first = failure;
      const std::lock_guard lock(mutex_);
      if (!candidate->failed()) throw;  // Not for a reason of its own.
    }
  }
  throw first;
}

// A library's path leads past manifests, which may say wrong things of it, but never to a second
// instance of what is open.
Loader::Candidate& Loader::find_by_path(const std::string& path) {
  std::vector<std::string> warnings;
  Candidate* found = nullptr;
  {
    const std::lock_guard lock(mutex_);
    for (Candidate& candidate : candidates_) {
      const bool bare = *candidate.manifest == '\0';
      if (same_file(candidate.manifest, path) ||
          ((bare || candidate.table) && same_file(candidate.library, path))) {
        return candidate;
      }
    }
    FoundFile file{"given path", "", ""};
    (is_manifest_path(path) ? file.manifest : file.library) = absolute_path(path);
    found = &add(file, &warnings);
  }
  for (const std::string& warning : warnings) log(TN_LOG_WARNING, warning);
  return *found;
}

std::unique_ptr<DispatchTable> Loader::start(const Library& library, const OpenRequest& request,
                                             tn_instance** instance) const {
  check_fit(request, library.name, library.version);
  auto table = std::make_unique<DispatchTable>(library);
  table->insert(layers_, {host_.get(), library.name, environment_.get("TENON_TRACE_FILE"),
                          environment_.get("TENON_FAULT"), library.abi_minor});
  table->extensions_for_hosts = extensions_for_hosts_;
  *instance = start_instance(*table, host_.get(), request);
  return table;
}

// What is open serves those who ask for the same.
tn_instance* Loader::opened(const Candidate& candidate, const OpenRequest& request) {
  check_fit(request, candidate.name, candidate.table->plugin_version);
  if (request.options != candidate.options) {
    plugin::fail(TN_INVALID_STATE, nullptr,
                 "plugin '%s' is open with other options; open it with the same ones, or with "
                 "another loader",
                 candidate.name);
  }
  return candidate.instance;
}

// Returns when no thread is opening the candidate. One that is opened by this thread, or by a
// thread that waits for what this one opens, would be waited for in vain: a host's log or a plugin
// has called back.
void Loader::wait_for_turn(std::unique_lock<std::mutex>& lock, Candidate& candidate) {
  const std::thread::id self = std::this_thread::get_id();
  while (candidate.opener != std::thread::id()) {
    for (const Candidate* next = &candidate; next != nullptr;) {
      if (next->opener == self) {
        plugin::fail(TN_INVALID_STATE, nullptr,
                     "%s is being opened by a call that this one is part of or keeps waiting; open "
                     "it after that",
                     *candidate.library != '\0' ? candidate.library : candidate.name);
      }
      const auto waits = waiting_.find(next->opener);
      next = waits != waiting_.end() ? waits->second : nullptr;
    }
    waiting_[self] = &candidate;
    turn_.wait(lock);
    waiting_.erase(self);
  }
}

void Loader::take_name(Candidate& candidate, const std::string& name) {
  const std::lock_guard lock(mutex_);
  for (const Candidate& other : candidates_) {
    if (&other == &candidate || other.opened_as != name) continue;
    // Unfit: there is nothing wrong with this one.
    Unfit unfit;
    plugin::set_error(&unfit.error, TN_INVALID_STATE, nullptr,
                      "%s: a plugin '%s' is open already, from %s (one of a name in a loader); use "
                      "another loader, or remove "
                      "one of them",
                      candidate.library, name.c_str(),
                      *other.library != '\0' ? other.library : other.origin);
    throw unfit;
  }
  candidate.opened_as = name;
}

tn_instance* Loader::open_candidate(Candidate& candidate, const OpenRequest& request) {
  std::unique_lock lock(mutex_);
  if (candidate.table) return opened(candidate, request);
  wait_for_turn(lock, candidate);
  if (candidate.table) return opened(candidate, request);
  if (candidate.broken_manifest) {
    plugin::fail(candidate.error->code, nullptr, "%s", candidate.error->message);
  }
  const std::string path = candidate.library;
  const std::string name = candidate.name;
  const bool wants_probe =
      (candidate.wants_probe || request.probe) && !candidate.probed && candidate.entry == nullptr;
  const Turn turn(*this, candidate);
  lock.unlock();
  try {
    if (wants_probe) {
      const ProbeResult result = probe_libraries({path}, probe_timeout_).front();
      const std::lock_guard noting(mutex_);
      note_probe(candidate, result);
      if (!result.tried) plugin::fail(result.error.code, nullptr, "%s", result.error.message);
      if (candidate.failed()) throw_error(*candidate.error);
    }
    tn_instance* instance = nullptr;
    const Library library = candidate.entry != nullptr ? read_entry(candidate.entry, host_.get())
                                                       : open_library(path, host_.get());
    check_name(name, library.name);
    take_name(candidate, library.name);
    std::unique_ptr<DispatchTable> table = start(library, request, &instance);
    const std::lock_guard opening(mutex_);
    candidate.instance = instance;
    candidate.options = request.options;
    candidate.table = std::move(table);
    candidate.state = TN_CANDIDATE_OPEN;
    candidate.error = nullptr;
    set_name(candidate, candidate.table->plugin_name);
    return instance;
  } catch (const Unfit&) {
    throw;
  } catch (const plugin::Failure& failure) {
    const tn_error& error = failure.error;
    const std::lock_guard failed(mutex_);
    // Options that it does not take are no fault of its own.
    const bool options = !request.options.empty() && error.code == TN_INVALID_ARGUMENT;
    if (!options && (!wants_probe || candidate.probed)) fail_candidate(candidate, error);
    fail_again(error, error.code,
               (path.empty() ? candidate.origin : path) + std::string(": ") + error.message);
  }
}

void Loader::note_probe(Candidate& candidate, const ProbeResult& result) {
  if (candidate.table) return;
  if (!result.tried) {
    candidate.probe_result = keep(std::string("not tried: ") + result.error.message);
    return;
  }
  tn_error error = result.error;
  if (*candidate.name == '\0' && is_plugin_name(result.name)) set_name(candidate, result.name);
  if (error.code == TN_OK) {
    plugin::guard(&error, [&] { check_name(candidate.name, result.name); });
  }
  candidate.probed = error.code == TN_OK;
  candidate.probe_result = keep(describe_probe(result, error));
  if (!candidate.probed) {
    candidate.wants_probe = true;  // Should a host want to open it in spite of that.
    return fail_candidate(candidate, error);
  }
  candidate.error = nullptr;
  if (candidate.failed()) candidate.state = TN_CANDIDATE_FOUND;
  update_shadows(candidate.name);
}

void Loader::probe(const std::vector<Candidate*>& candidates) {
  std::vector<std::string> paths;
  for (const Candidate* candidate : candidates) paths.emplace_back(candidate->library);
  const std::vector<ProbeResult> results = probe_libraries(paths, probe_timeout_);
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < candidates.size(); ++i) note_probe(*candidates[i], results[i]);
}

void Loader::learn_names(const std::string& wanted) {
  std::vector<Candidate*> nameless;
  {
    const std::lock_guard lock(mutex_);
    for (Candidate& candidate : candidates_) {
      if (candidate.name == wanted && !candidate.failed()) break;  // Those behind do not count.
      if (*candidate.name == '\0' && candidate.error == nullptr) nameless.push_back(&candidate);
    }
  }
  if (nameless.empty()) return;
  probe(nameless);
  std::vector<std::string> warnings;
  {
    const std::lock_guard lock(mutex_);
    for (const Candidate* candidate : nameless) {
      if (candidate->state != TN_CANDIDATE_FAILED && *candidate->name != '\0') continue;
      warnings.push_back(candidate->library + std::string(": ") + candidate->probe_result);
    }
  }
  for (const std::string& warning : warnings) log(TN_LOG_WARNING, warning);
}

void Loader::fail_not_found(const std::string& plugin) const {
  std::string names;
  std::string broken;
  {
    const std::lock_guard lock(mutex_);
    for (const Candidate& candidate : candidates_) {
      if (*candidate.name == '\0' && candidate.error != nullptr) {
        broken.append("; cannot be read: ").append(candidate.error->message);
      }
      if (*candidate.name == '\0' || candidate.state == TN_CANDIDATE_SHADOWED) continue;
      names += names.empty() ? "" : ", ";
      names += candidate.name;
    }
  }
  std::string paths;
  for (const SearchStep& step : search_.steps) {
    if (step.path.empty()) continue;
    paths += (paths.empty() ? "" : "; ") + step.path + " (" + step.outcome + ")";
  }
  plugin::fail(TN_NOT_FOUND, nullptr, "no plugin '%s'; there %s: %s%s. Looked in: %s",
               plugin.c_str(), names.empty() ? "is none" : "are", names.c_str(), broken.c_str(),
               paths.c_str());
}

}  // namespace tenon::loader
