// SPDX-License-Identifier: Apache-2.0
//
// tenon devices: the devices of all plugins that were found.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "candidates.h"
#include "command.h"
#include "tenon/tenon.hpp"

namespace {

struct Row {
  std::string plugin;
  std::string version;
  size_t index;
  tn_device_info info;
};
struct Failure {
  std::string plugin;  // Its name where that is known.
  std::string path;
  std::string reason;
};

const char* type_name(tn_device_type type) {
  switch (type) {
    case TN_DEVICE_CPU:
      return "cpu";
    case TN_DEVICE_GPU:
      return "gpu";
    case TN_DEVICE_ACCELERATOR:
      return "accelerator";
    default:
      return "other";
  }
}

std::string uuid_text(const uint8_t (&uuid)[16]) {
  std::string text;
  for (int i = 0; i < 16; ++i) {
    char byte[4];
    std::snprintf(byte, sizeof(byte), "%02x", uuid[i]);
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += byte;
  }
  return text;
}

std::string size_text(uint64_t bytes) {
  if (bytes == 0) return "-";
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f GiB", static_cast<double>(bytes) / (1 << 30));
  return text;
}

// Devices of every plugin that works; the others go to `failures`. Children try them first, so that
// one that aborts or hangs is one of the others.
std::vector<Row> collect(const tenon::Loader& loader, std::vector<Failure>* failures) {
  tenon::tools::diagnose(loader, [](void*, const char*) {});
  std::vector<Row> rows;
  for (const tn_candidate_info& candidate : loader.candidates()) {
    if (candidate.state == TN_CANDIDATE_SHADOWED) continue;
    const char* const path = tenon::tools::path_of(candidate);
    if (candidate.error != nullptr) {
      failures->push_back({candidate.name, path, candidate.error->message});
      continue;
    }
    try {
      const tenon::Instance instance = loader.open(path);
      for (size_t i = 0; i < instance.device_count(); ++i) {
        rows.push_back({instance.name(), instance.version(), i, instance.device_info(i)});
      }
    } catch (const tenon::Error& error) {
      failures->push_back({candidate.name, path, error.message()});
    }
  }
  // In the order in which hosts number them: the reference device, then the others as found.
  std::ranges::stable_partition(rows, [](const Row& row) { return row.plugin == "cpu"; });
  return rows;
}

void print_json(const std::vector<Row>& rows, const std::vector<Failure>& failures) {
  nlohmann::ordered_json devices = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    devices.push_back({{"plugin", row.plugin},
                       {"plugin_version", row.version},
                       {"index", row.index},
                       {"name", row.info.name},
                       {"vendor", row.info.vendor},
                       {"type", type_name(row.info.type)},
                       {"uuid", uuid_text(row.info.uuid)},
                       {"physical_id", row.info.physical_id},
                       {"total_memory", row.info.total_memory},
                       {"max_allocation", row.info.max_allocation},
                       {"alignment", row.info.alignment},
                       {"coherent", (row.info.flags & TN_DEVICE_COHERENT) != 0},
                       {"asynchronous", (row.info.flags & TN_DEVICE_ASYNCHRONOUS) != 0},
                       {"dynamic_dims", (row.info.flags & TN_DEVICE_DYNAMIC_DIMS) != 0}});
  }
  nlohmann::ordered_json failed = nlohmann::ordered_json::array();
  for (const Failure& failure : failures) {
    failed.push_back(
        {{"plugin", failure.plugin}, {"path", failure.path}, {"reason", failure.reason}});
  }
  const nlohmann::ordered_json all = {{"devices", devices}, {"failed", failed}};
  using nlohmann::detail::error_handler_t;
  std::printf("%s\n", all.dump(2, ' ', false, error_handler_t::replace).c_str());
}

void print_table(const std::vector<Row>& rows, const std::vector<Failure>& failures) {
  if (!rows.empty()) {
    std::printf("%-20s %-12s %-32s %10s  %s\n", "DEVICE", "TYPE", "NAME", "MEMORY", "VENDOR");
  }
  for (const Row& row : rows) {
    std::printf("%-20s %-12s %-32s %10s  %s\n",
                (row.plugin + ":" + std::to_string(row.index)).c_str(), type_name(row.info.type),
                row.info.name, size_text(row.info.total_memory).c_str(), row.info.vendor);
  }
  if (rows.empty()) std::printf("no devices\n");
  for (const Failure& failure : failures) {
    // A reason may begin with the path.
    const bool named = failure.reason.starts_with(failure.path);
    std::fprintf(stderr, "%s%s%s%s%s\n", failure.plugin.c_str(), failure.plugin.empty() ? "" : ": ",
                 named ? "" : failure.path.c_str(), named ? "" : ": ", failure.reason.c_str());
  }
  if (!failures.empty()) std::fprintf(stderr, "more: tenon doctor\n");
}

void add_devices(CLI::App& command, int& exit_code) {
  static bool json = false;
  command.add_flag("--json", json, "For programs");
  command.callback([&exit_code] {
    const tenon::Loader loader;
    std::vector<Failure> failures;
    const std::vector<Row> rows = collect(loader, &failures);
    json ? print_json(rows, failures) : print_table(rows, failures);
    exit_code = rows.empty() ? 1 : 0;
  });
}

const tenon::tools::Command kDevicesCommand("devices", "Lists the devices of all plugins",
                                            add_devices);

}  // namespace
