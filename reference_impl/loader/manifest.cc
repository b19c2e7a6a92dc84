// SPDX-License-Identifier: Apache-2.0
#include "manifest.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "library.h"
#include "platform.h"
#include "regular_file.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {
namespace {

using nlohmann::json;

constexpr int kManifestVersion = 1;

std::string text_of(const json& object, const char* key, const std::string& path, bool required) {
  const auto found = object.find(key);
  if (found == object.end()) {
    if (required) plugin::fail(TN_LOAD_FAILED, nullptr, "%s: \"%s\" is missing", path.c_str(), key);
    return "";
  }
  if (!found->is_string() || (required && found->get_ref<const std::string&>().empty())) {
    plugin::fail(TN_LOAD_FAILED, nullptr, "%s: \"%s\" must be a string%s", path.c_str(), key,
                 required ? " that is not empty" : "");
  }
  const auto& text = found->get_ref<const std::string&>();
  if (text.find('\0') != std::string::npos) {
    plugin::fail(TN_LOAD_FAILED, nullptr, "%s: \"%s\" has a zero within", path.c_str(), key);
  }
  return text;
}

std::vector<std::string> texts_of(const json& object, const char* key, const std::string& path) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  const auto is_text = [](const json& item) { return item.is_string() && !item.empty(); };
  if (!found->is_array() || !std::all_of(found->begin(), found->end(), is_text)) {
    plugin::fail(TN_LOAD_FAILED, nullptr, "%s: \"%s\" must be a list of strings", path.c_str(),
                 key);
  }
  return found->get<std::vector<std::string>>();
}

// Before anything of the plugin runs. Its entry is asked all the same: manifests are written by
// hand.
void check_abi(const std::string& abi, const std::string& path) {
  if (abi.empty()) return;
  unsigned major = 0, minor = 0;
  const char* end = abi.data() + abi.size();
  const auto first = std::from_chars(abi.data(), end, major);
  const bool dot = first.ec == std::errc() && first.ptr != end && *first.ptr == '.';
  const auto second = dot ? std::from_chars(first.ptr + 1, end, minor) : first;
  if (!dot || second.ec != std::errc() || second.ptr != end) {
    plugin::fail(TN_LOAD_FAILED, nullptr, "%s: \"abi\" must be \"MAJOR.MINOR\", not \"%s\"",
                 path.c_str(), abi.c_str());
  }
  if (major != TN_ABI_MAJOR || (TN_ABI_MAJOR == 0 && minor != TN_ABI_MINOR)) {
    plugin::fail(TN_VERSION_MISMATCH, nullptr,
                 "%s: built for Tenon ABI %s, but this loader speaks %d.%d; install matching "
                 "versions of the plugin and of Tenon",
                 path.c_str(), abi.c_str(), TN_ABI_MAJOR, TN_ABI_MINOR);
  }
}

void check_platform(const std::vector<std::string>& platforms, const std::string& path) {
  if (platforms.empty() || std::ranges::find(platforms, kPlatform) != platforms.end()) return;
  std::string names;
  for (const std::string& platform : platforms) names += (names.empty() ? "" : ", ") + platform;
  plugin::fail(TN_LOAD_FAILED, nullptr, "%s: the plugin is for %s, but this is %s", path.c_str(),
               names.c_str(), kPlatform);
}

// Keys of a manifest are few and flat; what is deeper is garbage, or meant to be.
constexpr int kDeepest = 16;

json parse(const std::string& path) {
  std::string text;
  try {
    text = read_small_file(path);
  } catch (const plugin::Failure& failure) {
    plugin::fail(TN_LOAD_FAILED, nullptr, "%s: %s", path.c_str(), failure.error.message);
  }
  std::set<std::string> keys;
  const auto check = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > kDeepest) {
      plugin::fail(TN_LOAD_FAILED, nullptr, "%s: nested more than %d deep", path.c_str(), kDeepest);
    }
    if (event == json::parse_event_t::key && depth == 1 &&
        !keys.insert(value.get_ref<const std::string&>()).second) {
      plugin::fail(TN_LOAD_FAILED, nullptr, "%s: a key stands there twice: %s", path.c_str(),
                   value.dump().c_str());
    }
    return true;
  };
  try {
    return json::parse(text, check);
  } catch (const json::exception& exception) {
    // "[json.exception.parse_error.101] parse error at line 3, column 5: ...", quoting the file:
    // messages are UTF-8, which the file need not be.
    std::string what = exception.what();
    what.erase(0, what.find(']') + 1);
    std::replace_if(what.begin(), what.end(), [](char byte) { return (byte & 0x80) != 0; }, '?');
    plugin::fail(TN_LOAD_FAILED, nullptr, "%s:%s", path.c_str(), what.c_str());
  }
}

}  // namespace

Manifest read_manifest(const std::string& path) {
  const json object = parse(path);
  if (!object.is_object()) {
    plugin::fail(TN_LOAD_FAILED, nullptr, "%s: must be a JSON object", path.c_str());
  }
  const auto version = object.find("tenon_manifest");
  if (version == object.end() || !version->is_number_integer()) {
    plugin::fail(TN_LOAD_FAILED, nullptr, "%s: \"tenon_manifest\" must be the number %d",
                 path.c_str(), kManifestVersion);
  }
  if (*version != kManifestVersion) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "%s: \"tenon_manifest\" is %s, and this loader knows %d; a newer Tenon may be "
                 "needed",
                 path.c_str(), version->dump().c_str(), kManifestVersion);
  }

  Manifest manifest;
  manifest.name = text_of(object, "name", path, true);
  if (!is_plugin_name(manifest.name)) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "%s: \"name\" must be lower case letters, digits, '.' and '-', at most 63",
                 path.c_str());
  }
  // A path that is absolute already stays as it is.
  const std::filesystem::path library = text_of(object, "library", path, true);
  manifest.library = (std::filesystem::path(path).parent_path() / library).string();
  manifest.description = text_of(object, "description", path, false);
  const std::string probe = text_of(object, "probe", path, false);
  if (!probe.empty() && probe != "in-process" && probe != "child") {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "%s: \"probe\" must be \"in-process\" or \"child\", not \"%s\"", path.c_str(),
                 probe.c_str());
  }
  manifest.probe_in_child = probe == "child";
  manifest.license = text_of(object, "license", path, false);
  manifest.features = texts_of(object, "features", path);

  for (const auto& item : object.items()) {
    static constexpr const char* kKnown[] = {"tenon_manifest", "name",    "library",
                                             "description",    "probe",   "abi",
                                             "platforms",      "license", "features"};
    if (std::find(std::begin(kKnown), std::end(kKnown), item.key()) == std::end(kKnown)) {
      manifest.unknown_keys.push_back(item.key());
    }
  }
  const std::string abi = text_of(object, "abi", path, false);
  const std::vector<std::string> platforms = texts_of(object, "platforms", path);
  plugin::guard(&manifest.misfit, [&] {
    check_abi(abi, path);
    check_platform(platforms, path);
  });
  return manifest;
}

}  // namespace tenon::loader
