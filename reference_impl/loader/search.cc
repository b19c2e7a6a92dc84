// SPDX-License-Identifier: Apache-2.0
#include "search.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "platform.h"
#include "reference_impl/platform/platform.h"

namespace tenon::loader {
namespace {

namespace fs = std::filesystem;

class Searcher {
 public:
  explicit Searcher(SearchResult& result) : result_(result) {}

  // A folder, manifest or library. Once each: an environment may hold libtenon and be active, too.
  void look_at(const char* origin, const fs::path& given) {
    const fs::path path = absolute_path(given.string());
    if (!seen_.insert(path.lexically_normal()).second) return;
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::is_directory(status)) {
      scan(origin, path);
    } else if (status.type() == fs::file_type::not_found) {
      step(origin, path, "does not exist");
    } else if (!fs::exists(status)) {
      step(origin, path, "cannot be looked at: " + error.message());
    } else {
      const bool is_manifest = is_manifest_path(path.string());
      step(origin, path, is_manifest ? "a manifest" : "a library");
      result_.files.push_back(
          {origin, is_manifest ? path.string() : "", is_manifest ? "" : path.string()});
    }
  }

  void step(const char* origin, const fs::path& path, std::string outcome) {
    result_.steps.push_back({origin, path.string(), std::move(outcome)});
  }

 private:
  void scan(const char* origin, const fs::path& folder) {
    std::error_code error;
    std::vector<std::string> manifests;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      if (is_manifest_path(entry->path().string())) manifests.push_back(entry->path().string());
    }
    if (error) return step(origin, folder, "cannot be read: " + error.message());
    std::sort(manifests.begin(), manifests.end());  // The same order on every file system.
    step(origin, folder,
         std::to_string(manifests.size()) + (manifests.size() == 1 ? " manifest" : " manifests"));
    for (std::string& manifest : manifests) {
      result_.files.push_back({origin, std::move(manifest), ""});
    }
  }

  SearchResult& result_;
  std::set<fs::path> seen_;
};

constexpr const char* kPluginsOfPrefix = "share/tenon/plugins";

// The virtual environment (Python's or Conda's) that a folder lies in, or an empty path: a Python
// that was started from one need not have it activated.
fs::path environment_around(fs::path folder) {
  for (; folder.has_relative_path(); folder = folder.parent_path()) {
    std::error_code error;
    if (fs::exists(folder / "pyvenv.cfg", error) || fs::is_directory(folder / "conda-meta", error))
      return folder;
  }
  return {};
}

// The user's folder, or an empty path.
fs::path user_folder(const Environment& environment) {
  const std::string data = environment.get("XDG_DATA_HOME");
  if (!data.empty()) return fs::path(data) / "tenon/plugins";
  const std::string home = environment.get("HOME");
  return home.empty() ? fs::path() : fs::path(home) / ".local/share/tenon/plugins";
}

}  // namespace

std::string absolute_path(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  return error || path.empty() ? path : absolute.string();
}

bool is_manifest_path(const std::string& path) { return path.ends_with(kManifestSuffix); }

SearchResult search(const Environment& environment, const std::vector<std::string>& search_paths,
                    const std::string& library_folder) {
  SearchResult result;
  Searcher searcher(result);

  const std::string variable = environment.get("TENON_PLUGIN_PATH");
  if (environment.elevated) {
    searcher.step("TENON_PLUGIN_PATH", "", "ignored: the process has elevated privileges");
  } else if (variable.empty()) {
    searcher.step("TENON_PLUGIN_PATH", "", "not set");
  }
  for (size_t begin = 0; begin < variable.size();) {
    const size_t end = std::min(variable.find(kPathListSeparator, begin), variable.size());
    if (end > begin) searcher.look_at("TENON_PLUGIN_PATH", variable.substr(begin, end - begin));
    begin = end + 1;
  }
  for (const std::string& path : search_paths) searcher.look_at("search path", path);
  if (!library_folder.empty()) {
    const fs::path folder = library_folder;
    searcher.look_at("beside libtenon", folder.parent_path() / kPluginsOfPrefix);
    searcher.look_at("beside libtenon", folder);
    const fs::path around = environment_around(folder);
    if (!around.empty()) searcher.look_at("virtual environment", around / kPluginsOfPrefix);
  }
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    const std::string active = environment.get(name);
    if (!active.empty())
      searcher.look_at("virtual environment", fs::path(active) / kPluginsOfPrefix);
  }
  const fs::path user = user_folder(environment);
  if (!user.empty()) searcher.look_at("user", user);
  searcher.look_at("system", "/usr/local/share/tenon/plugins");
  searcher.look_at("system", "/usr/share/tenon/plugins");
  return result;
}

std::string own_folder() {
  const std::string file = platform::file_of_code(reinterpret_cast<const void*>(&is_manifest_path));
  if (file.empty()) return "";
  std::error_code error;
  const fs::path path = fs::canonical(file, error);
  return error ? "" : path.parent_path().string();
}

}  // namespace tenon::loader
