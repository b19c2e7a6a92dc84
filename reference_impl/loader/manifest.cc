// SPDX-License-Identifier: Apache-2.0
#include "manifest.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "library.h"
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
  return found->get<std::string>();
}

json parse(const std::string& path) {
  std::ifstream file(path);
  if (!file) plugin::fail(TN_LOAD_FAILED, nullptr, "%s: cannot be read", path.c_str());
  try {
    return json::parse(file);
  } catch (const json::exception& exception) {
    // "[json.exception.parse_error.101] parse error at line 3, column 5: ...", quoting the file:
    // messages are UTF-8, which the file need not be.
    std::string text = exception.what();
    text.erase(0, text.find(']') + 1);
    std::replace_if(text.begin(), text.end(), [](char byte) { return (byte & 0x80) != 0; }, '?');
    plugin::fail(TN_LOAD_FAILED, nullptr, "%s:%s", path.c_str(), text.c_str());
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

  for (const auto& item : object.items()) {
    static constexpr const char* kKnown[] = {"tenon_manifest", "name", "library", "description",
                                             "probe"};
    if (std::find(std::begin(kKnown), std::end(kKnown), item.key()) == std::end(kKnown)) {
      manifest.unknown_keys.push_back(item.key());
    }
  }
  return manifest;
}

}  // namespace tenon::loader
