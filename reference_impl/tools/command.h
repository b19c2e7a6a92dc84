// SPDX-License-Identifier: Apache-2.0
//
// The commands of `tenon`. Each lives in a file of its own, which registers it:
//
//   namespace {
//   void add_run(CLI::App& command, int& exit_code) {
//     command.add_flag(...);
//     command.callback([&exit_code] { exit_code = ...; });
//   }
//   const tenon::tools::Command kRunCommand("run", "Runs a model", add_run);
//   }
//
// Names are the command's own: several files are compiled as one.
//
// A folder that comes later in the build adds one with target_sources(tenon_cli PRIVATE run.cc).
#pragma once

#include <CLI/CLI.hpp>
#include <vector>

namespace tenon::tools {

// Options live as long as the program; `exit_code` is the program's. What a callback throws is
// printed, and the exit code is then 1; wrong usage exits with another one.
class Command {
 public:
  using Add = void (*)(CLI::App& command, int& exit_code);
  // Of static storage only. `name` and `description` must stay valid.
  Command(const char* name, const char* description, Add add);

  const char* name;
  const char* description;
  Add add;

  // Takes --layer, which puts layers between this process (or the program it becomes) and plugins.
  static void add_layer_option(CLI::App& command);

  // All of them, by name.
  static std::vector<const Command*> all();
};

}  // namespace tenon::tools
