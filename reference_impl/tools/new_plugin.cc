// SPDX-License-Identifier: Apache-2.0
//
// tenon new-plugin NAME: a plugin of that name in a new folder, copied from the template. In files
// and their names `template` becomes the name, and `tenon_template` (targets, the library) its form
// as an identifier; the device gets a uuid of its own.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

#include "command.h"
#include "folders.h"

namespace {

namespace fs = std::filesystem;

constexpr size_t kLongestName = 40;
constexpr std::string_view kTaken[] = {"cpu", "onednn", "opencl", "cuda", "template", "tenon"};

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Names of plugins are also part of device specs and file names.
void check_name(const std::string& name) {
  const auto refuse = [&](const std::string& why) {
    throw std::runtime_error("'" + name + "' cannot be a plugin's name: " + why +
                             ". Names are like acme or acme.npu: lower-case letters, digits, and "
                             "single '.' or '-' between them, a letter first");
  };
  if (name.empty()) refuse("it is empty");
  if (name.size() > kLongestName) {
    refuse("it has " + std::to_string(name.size()) + " characters, of at most " +
           std::to_string(kLongestName));
  }
  if (name[0] < 'a' || name[0] > 'z') refuse("it does not begin with a lower-case letter");
  for (size_t i = 0; i < name.size(); ++i) {
    const bool joins = name[i] == '.' || name[i] == '-';
    if (!is_word(name[i]) && !joins) refuse(std::string("it has a '") + name[i] + "' in it");
    if (joins && (i + 1 == name.size() || !is_word(name[i + 1]))) {
      refuse(std::string("no letter or digit follows its '") + name[i] + "'");
    }
  }
  if (std::find(std::begin(kTaken), std::end(kTaken), name) != std::end(kTaken)) {
    refuse("Tenon's own plugins and tools have that name");
  }
}

std::string identifier(std::string name) {
  std::replace_if(name.begin(), name.end(), [](char c) { return !is_word(c); }, '_');
  return name;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
}

// 15 random bytes as the inside of a C string; its end is the sixteenth.
std::string random_uuid() {
  std::random_device random;
  std::string text;
  for (int i = 0; i < 15; ++i) {
    char escaped[8];
    std::snprintf(escaped, sizeof(escaped), "\\%03o", random() & 0xff);
    text += escaped;
  }
  return text;
}

class Copier {
 public:
  explicit Copier(const std::string& name)
      : name_(name), identifier_("tenon_" + identifier(name)), uuid_(random_uuid()) {}

  std::string renamed(std::string text) const {
    replace_all(text, "tenon_template", identifier_);
    replace_all(text, "tenon-template", uuid_);
    replace_all(text, "Template accelerator", name_ + " accelerator");
    // Not the word of C++.
    replace_all(text, "template <", "\x01");
    replace_all(text, "template", name_);
    replace_all(text, "\x01", "template <");
    return text;
  }

  void copy(const fs::path& from, const fs::path& to) const {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(from)) {
      const fs::path target = to / renamed(fs::relative(entry.path(), from).string());
      if (entry.is_directory()) {
        fs::create_directories(target);
      } else {
        write(target, renamed(read(entry.path())));
      }
    }
  }

 private:
  static std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path.string() + ": install Tenon again");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  static void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file << text;
    if (!file.flush()) {
      throw std::runtime_error("cannot write " + path.string() +
                               ": is the disk full, or the folder not yours?");
    }
  }

  const std::string name_, identifier_, uuid_;
};

void add_new_plugin(CLI::App& command, int& exit_code) {
  static std::string name;
  static std::string folder;
  static std::string language = "c";
  command.add_option("name", name, "the plugin's name, such as acme or acme.npu")->required();
  command.add_option("--folder", folder, "a folder to make (default: ./NAME)");
  command
      .add_option(
          "--lang", language,
          "c: all of the ABI in your hands; c++: on Tenon's device core, for memory that the "
          "host cannot see, streams and packed weights (default: c)")
      ->check(CLI::IsMember({"c", "c++"}));
  command.callback([&exit_code] {
    check_name(name);
    const fs::path target = folder.empty() ? fs::path(name) : fs::path(folder);
    const fs::path source = tenon::tools::template_folder(language == "c++");
    std::error_code error;
    if (fs::exists(fs::symlink_status(target, error))) {
      throw std::runtime_error("'" + target.string() +
                               "' is there already: remove it, or choose another --folder");
    }
    if (!fs::create_directories(target, error)) {
      throw std::runtime_error("cannot make '" + target.string() + "': " + error.message());
    }
    Copier(name).copy(source, target);
    std::printf(
        "%s is a plugin now. Next:\n"
        "  cd %s\n"
        "  cmake -B build && cmake --build build\n"
        "  ctest --test-dir build --output-on-failure\n",
        target.c_str(), target.c_str());
    exit_code = 0;
  });
}

const tenon::tools::Command kNewPluginCommand("new-plugin",
                                              "Makes a plugin to start from, in a new folder",
                                              add_new_plugin);

}  // namespace
