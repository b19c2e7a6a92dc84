// SPDX-License-Identifier: Apache-2.0
//
// `tenon`: what people do with plugins from a shell.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "command.h"
#include "tenon/tenon.h"

namespace tenon::tools {
namespace {

// Filled before main by the commands' files, in no particular order.
std::vector<const Command*>& registered() {
  static std::vector<const Command*> commands;
  return commands;
}

}  // namespace

Command::Command(const char* name, const char* description, Add add)
    : name(name), description(description), add(add) {
  registered().push_back(this);
}

void Command::add_layer_option(CLI::App& command) {
  command
      .add_option_function<std::string>(
          "--layer", [](const std::string& layers) { setenv("TENON_LAYERS", layers.c_str(), 1); },
          "validation, trace, fault, with commas between several; the first is on the host's side "
          "(as TENON_LAYERS; TENON_TRACE_FILE says where the trace goes, TENON_FAULT what fails)")
      ->trigger_on_parse();
}

std::vector<const Command*> Command::all() {
  std::vector<const Command*> commands = registered();
  std::sort(commands.begin(), commands.end(),
            [](const Command* a, const Command* b) { return std::strcmp(a->name, b->name) < 0; });
  return commands;
}

}  // namespace tenon::tools

int main(int count, char** arguments) {
  try {
    char version[96];
    std::snprintf(version, sizeof(version), "tenon %s, ABI %d.%d (hash %016llx)", TENON_VERSION,
                  TN_ABI_MAJOR, TN_ABI_MINOR, static_cast<unsigned long long>(TN_ABI_HASH));
    CLI::App app("Tenon: one interface from machine-learning frameworks to hardware", "tenon");
    app.set_version_flag("--version", version);
    app.require_subcommand(1);
    int exit_code = 0;
    for (const tenon::tools::Command* command : tenon::tools::Command::all()) {
      command->add(*app.add_subcommand(command->name, command->description), exit_code);
    }
    try {
      app.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
      return app.exit(error);
    }
    return exit_code;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tenon: %s\n", error.what());
    return 1;
  }
}
