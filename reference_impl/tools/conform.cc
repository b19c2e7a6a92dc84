// SPDX-License-Identifier: Apache-2.0
//
// tenon conform: runs tenon_conformance, which lies beside this program. A program of its own,
// because it brings a test framework along.
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include <unistd.h>

#include "command.h"

namespace {

void add_conform(CLI::App& command, int&) {
  command.allow_extras();
  command.prefix_command();  // Everything behind belongs to the suite, its --help included.
  command.set_help_flag();
  command.callback([&command] {
    const std::filesystem::path program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "tenon_conformance";
    std::vector<std::string> words = command.remaining();
    words.insert(words.begin(), program.string());
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execv(program.c_str(), arguments.data());
    throw std::runtime_error("cannot run " + program.string() + ": " + std::strerror(errno));
  });
}

const tenon::tools::Command kConformCommand("conform", "Tests whether a plugin keeps the standard",
                                            add_conform);

}  // namespace
