// SPDX-License-Identifier: Apache-2.0
//
// tenon-probe LIBRARY: opens a plugin and tells its parent what came of it, as one line of JSON on
// kProbeDescriptor. Started by probe.cc; not for people.
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "default_host.h"
#include "library.h"
#include "probe.h"
#include "start.h"

namespace {

using tenon::loader::DispatchTable;
using tenon::plugin::Failure;

std::vector<std::string> device_names(tn_instance* instance, const tn_dispatch& functions) {
  std::vector<std::string> names;
  Failure failure;
  size_t count = 0;
  if (functions.instance_device_count(instance, &count, &failure.error) != TN_OK) throw failure;
  for (size_t i = 0; i < count; ++i) {
    tn_device_info info{};
    info.struct_size = sizeof(info);
    if (functions.instance_device_info(instance, i, &info, &failure.error) != TN_OK) throw failure;
    names.emplace_back(info.name);
  }
  return names;
}

nlohmann::json try_plugin(const char* path) {
  const tenon::loader::HostServices host(nullptr, tenon::loader::Environment::of_process());
  try {
    const tenon::loader::Library library = tenon::loader::open_library(path, host.get());
    DispatchTable table(library);
    tn_instance* instance = tenon::loader::start_instance(table, host.get());
    const std::vector<std::string> devices = device_names(instance, table.functions);
    table.functions.instance_destroy(instance);
    return {{"status", TN_OK},
            {"name", library.name},
            {"version", library.version},
            {"devices", devices}};
  } catch (const Failure& failure) {
    return {{"status", failure.error.code},
            {"rule", failure.error.rule},
            {"message", failure.error.message}};
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: tenon-probe LIBRARY (started by libtenon)\n");
    return 2;
  }
  // A message cut by the plugin in the middle of a character is no reason to fail.
  const std::string line =
      try_plugin(arguments[1]).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
      "\n";
  const ssize_t written = write(tenon::loader::kProbeDescriptor, line.data(), line.size());
  // The plugin's exit handlers are not what was asked about.
  _exit(written == static_cast<ssize_t>(line.size()) ? 0 : 3);
}
