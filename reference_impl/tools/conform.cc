// SPDX-License-Identifier: Apache-2.0
//
// tenon conform: runs tenon_conformance, which lies beside this program. A program of its own,
// because it brings a test framework along.
#include "command.h"
#include "program.h"

namespace {

void add_conform(CLI::App& command, int&) {
  command.allow_extras();
  command.prefix_command();  // Everything behind belongs to the suite, its --help included.
  command.set_help_flag();
  command.callback([&command] {
    std::vector<std::string> words = command.remaining();
    words.insert(words.begin(), tenon::tools::beside_this_program("tenon_conformance"));
    tenon::tools::become(words);
  });
}

const tenon::tools::Command kConformCommand("conform", "Tests whether a plugin keeps the standard",
                                            add_conform);

}  // namespace
