// SPDX-License-Identifier: Apache-2.0
#include "loader.h"

#include <unistd.h>

#include <filesystem>

#include "fork.h"
#include "library.h"
#include "probe.h"
#include "start.h"
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

bool same_file(const char* a, const std::string& b) {
  std::error_code error;
  return a == b || std::filesystem::equivalent(a, b, error);
}

}  // namespace

Loader::Loader(const tn_loader_desc& desc, const layers::Extensions* extensions_for_hosts)
    : extensions_for_hosts_(extensions_for_hosts),
      environment_(Environment::of_process()),
      process_(getpid()),
      host_(desc.host, environment_),
      layers_(desc.layers != nullptr
                  ? layers::parse_layers(desc.layers, "tn_loader_desc.layers")
                  : layers::parse_layers(environment_.get("TENON_LAYERS"), "TENON_LAYERS")),
      search_(search(environment_, search_paths(desc), own_folder())) {
  for (const SearchStep& step : search_.steps) {
    host_.log(TN_LOG_DEBUG,
              ("searched " + step.origin + " " + step.path + ": " + step.outcome).c_str());
  }
  for (const FoundFile& file : search_.files) add(file);
}

Loader::~Loader() {
  // Latest first: a plugin may rest on one that was opened before.
  for (auto candidate = candidates_.rbegin(); candidate != candidates_.rend(); ++candidate) {
    if (candidate->table) candidate->table->functions.instance_destroy(candidate->instance);
    candidate->table.reset();
  }
}

void Loader::check_process() const {
  if (is_forked_child() || process_ != getpid()) {
    plugin::fail(TN_FORKED, nullptr,
                 "the process was forked after this loader was made; start children with exec "
                 "(in Python: spawn or forkserver)");
  }
}

const char* Loader::keep(std::string_view text) {
  return text.empty() ? "" : strings_.emplace_back(text).c_str();
}

Loader::Candidate& Loader::add(const FoundFile& file) {
  Candidate& candidate = candidates_.emplace_back();
  candidate.origin = keep(file.origin);
  candidate.manifest = keep(file.manifest);
  candidate.library = keep(file.library);
  if (file.manifest.empty()) return candidate;
  try {
    const Manifest manifest = read_manifest(file.manifest);
    candidate.library = keep(manifest.library);
    candidate.description = keep(manifest.description);
    candidate.probe_in_child = manifest.probe_in_child;
    set_name(candidate, manifest.name);
    for (const std::string& key : manifest.unknown_keys) {
      host_.log(TN_LOG_WARNING, (file.manifest + ": unknown key \"" + key + "\"").c_str());
    }
  } catch (const plugin::Failure& failure) {
    candidate.broken_manifest = true;
    fail_candidate(candidate, failure.error);
  }
  return candidate;
}

void Loader::set_name(Candidate& candidate, const std::string& name) {
  candidate.name = keep(name);
  // The first of a name wins. Libraries learn theirs late, so later ones may be known already.
  const Candidate* winner = nullptr;
  for (Candidate& other : candidates_) {
    if (std::string_view(other.name) != name || other.state == TN_CANDIDATE_SHADOWED) continue;
    if (winner == nullptr) {
      winner = &other;
    } else if (other.state == TN_CANDIDATE_FOUND) {
      other.state = TN_CANDIDATE_SHADOWED;
    }
  }
}

void Loader::fail_candidate(Candidate& candidate, const tn_error& error) {
  // Earlier errors stay: someone may hold a pointer to them.
  candidate.error = &errors_.emplace_back(error);
  const bool works = error.code == TN_NO_DEVICE;
  candidate.state = works ? TN_CANDIDATE_NO_DEVICE : TN_CANDIDATE_FAILED;
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

tn_instance* Loader::open(const std::string& plugin) {
  const std::lock_guard lock(mutex_);
  const bool is_path = plugin.find('/') != std::string::npos;
  Candidate* candidate = is_path ? &find_by_path(plugin) : find(plugin);
  if (candidate == nullptr) fail_not_found(plugin);
  return open_candidate(*candidate);
}

// The first candidate of that name. A library without a manifest tells its name only when it is
// loaded; whoever listed it wants it to count, in its turn.
Loader::Candidate* Loader::find(const std::string& plugin) {
  for (Candidate& candidate : candidates_) {
    if (*candidate.name == '\0' && !candidate.broken_manifest && candidate.error == nullptr) {
      try {
        set_name(candidate, open_library(candidate.library, host_.get()).name);
      } catch (const plugin::Failure& failure) {
        fail_candidate(candidate, failure.error);
        host_.log(TN_LOG_WARNING,
                  (std::string(candidate.library) + ": " + failure.error.message).c_str());
      }
    }
    if (candidate.name == plugin && candidate.state != TN_CANDIDATE_SHADOWED) return &candidate;
  }
  return nullptr;
}

// A library's path leads past manifests, which may say wrong things of it, but never to a second
// instance of what is open.
Loader::Candidate& Loader::find_by_path(const std::string& path) {
  for (Candidate& candidate : candidates_) {
    const bool bare = *candidate.manifest == '\0';
    if (same_file(candidate.manifest, path)) return candidate;
    if ((bare || candidate.table) && same_file(candidate.library, path)) return candidate;
  }
  FoundFile file{"given path", "", ""};
  (is_manifest_path(path) ? file.manifest : file.library) = path;
  return add(file);
}

void Loader::start(Candidate& candidate) {
  const Library library = open_library(candidate.library, host_.get());
  if (*candidate.name != '\0' && candidate.name != library.name) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "its manifest calls it '%s', but the plugin says '%s'; correct the manifest",
                 candidate.name, library.name.c_str());
  }
  auto table = std::make_unique<DispatchTable>(library);
  table->insert(layers_, {host_.get(), library.name, environment_.get("TENON_TRACE_FILE")});
  table->extensions_for_hosts = extensions_for_hosts_;
  candidate.instance = start_instance(*table, host_.get());
  candidate.table = std::move(table);
  if (*candidate.name == '\0') set_name(candidate, library.name);
}

tn_instance* Loader::open_candidate(Candidate& candidate) {
  if (candidate.table) return candidate.instance;
  if (candidate.broken_manifest) {
    plugin::fail(candidate.error->code, nullptr, "%s", candidate.error->message);
  }
  try {
    if (candidate.probe_in_child) probe_library(candidate.library, probe_timeout(environment_));
    start(candidate);
    candidate.state = TN_CANDIDATE_OPEN;
    candidate.error = nullptr;
  } catch (const plugin::Failure& failure) {
    const tn_error& error = failure.error;
    fail_candidate(candidate, error);
    plugin::fail(error.code, error.rule, "%s: %s", candidate.library, error.message);
  }
  return candidate.instance;
}

void Loader::fail_not_found(const std::string& plugin) const {
  std::string names;
  for (const Candidate& candidate : candidates_) {
    if (*candidate.name == '\0' || candidate.state == TN_CANDIDATE_SHADOWED) continue;
    names += names.empty() ? "" : ", ";
    names += candidate.name;
  }
  std::string paths;
  for (const SearchStep& step : search_.steps) {
    if (step.path.empty()) continue;
    paths += (paths.empty() ? "" : "; ") + step.path + " (" + step.outcome + ")";
  }
  plugin::fail(TN_NOT_FOUND, nullptr, "no plugin '%s'; there %s: %s. Looked in: %s", plugin.c_str(),
               names.empty() ? "is none" : "are", names.c_str(), paths.c_str());
}

}  // namespace tenon::loader
