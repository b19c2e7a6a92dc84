// SPDX-License-Identifier: Apache-2.0
//
// tenon-probe LIBRARY: opens a plugin and tells its parent what came of it (probe.h). Started by
// probe.cc; not for people.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "default_host.h"
#include "library.h"
#include "probe.h"
#include "start.h"

namespace {

using nlohmann::json;
using tenon::loader::DispatchTable;
using tenon::plugin::fail;
using tenon::plugin::Failure;

// More than any machine has: a host that lists them would run out of memory, not of devices.
constexpr size_t kMostDevices = 65536;

template <size_t size>
bool ends(const char (&text)[size]) {
  return strnlen(text, size) < size;
}

// What a host would trust blindly.
void check_info(const tn_device_info& info, size_t index) {
  const char* const lacks = !ends(info.name)          ? "name"
                            : !ends(info.vendor)      ? "vendor"
                            : !ends(info.physical_id) ? "physical_id"
                                                      : nullptr;
  if (lacks != nullptr) {
    fail(TN_LOAD_FAILED, "TN-device-001", "device %zu: its %s has no terminating zero", index,
         lacks);
  }
  if (info.struct_size != sizeof(info)) {
    fail(TN_LOAD_FAILED, "TN-struct-003", "device %zu: it changed struct_size to %zu", index,
         info.struct_size);
  }
  if (info.alignment == 0 || (info.alignment & (info.alignment - 1)) != 0) {
    fail(TN_LOAD_FAILED, "TN-device-001",
         "device %zu: its alignment is %u, which is no power of two", index, info.alignment);
  }
}

// "" when the device can be opened; else why not. One of several that cannot be is no reason to do
// without the others.
std::string try_device(tn_instance* instance, const tn_dispatch& functions, size_t index) {
  tn_device* device = nullptr;
  tn_error error = TN_ERROR_INIT;
  const tn_status status = functions.device_open(instance, index, nullptr, &device, &error);
  if (status != TN_OK) {
    error.message[sizeof(error.message) - 1] = '\0';
    return " (cannot be opened: " + std::string(error.message) + ")";
  }
  if (device == nullptr || reinterpret_cast<const tn_handle*>(device)->dispatch != &functions) {
    fail(TN_LOAD_FAILED, "TN-handle-003",
         "device %zu: device_open answered TN_OK without a handle that starts with the dispatch "
         "pointer",
         index);
  }
  functions.device_close(device);
  return "";
}

std::vector<std::string> try_devices(tn_instance* instance, const tn_dispatch& functions) {
  std::vector<std::string> names;
  Failure failure;
  size_t count = 0;
  if (functions.instance_device_count(instance, &count, &failure.error) != TN_OK) throw failure;
  if (count > kMostDevices) {
    fail(TN_LOAD_FAILED, "TN-instance-001", "it says that it has %zu devices", count);
  }
  for (size_t i = 0; i < count; ++i) {
    tn_device_info info{};
    info.struct_size = sizeof(info);
    if (functions.instance_device_info(instance, i, &info, &failure.error) != TN_OK) throw failure;
    check_info(info, i);
    names.push_back(info.name + try_device(instance, functions, i));
  }
  return names;
}

void say(const json& line) {
  // A text that the plugin cut in the middle of a character is no reason to fail.
  const std::string text = line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote =
        write(tenon::loader::kProbeDescriptor, text.data() + done, text.size() - done);
    if (wrote <= 0) _exit(3);
    done += static_cast<size_t>(wrote);
  }
}

json try_plugin(const char* path) {
  const tenon::loader::HostServices host(nullptr, tenon::loader::Environment::of_process());
  try {
    const tenon::loader::Library library = tenon::loader::open_library(path, host.get());
    say({{"name", library.name}, {"version", library.version}});
    DispatchTable table(library);
    tn_instance* instance = tenon::loader::start_instance(table, host.get());
    const std::vector<std::string> devices = try_devices(instance, table.functions);
    table.functions.instance_destroy(instance);
    return {{"status", TN_OK}, {"rule", ""}, {"message", ""}, {"devices", devices}};
  } catch (Failure& failure) {
    tn_error& error = failure.error;
    error.rule[sizeof(error.rule) - 1] = '\0';
    error.message[sizeof(error.message) - 1] = '\0';
    // One that threw a failure of its own may have left the code alone.
    const tn_status code = error.code != TN_OK ? error.code : TN_LOAD_FAILED;
    return {{"status", code},
            {"rule", error.rule},
            {"message", error.message},
            {"vendor_code", error.vendor_code},
            {"devices", json::array()}};
  }
}

// What a plugin does here must not disturb the machine: no core file, the first to go when memory
// runs out, and no life without the parent.
void be_modest() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  const int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0) {
    if (write(score, "1000", 4) < 0) {
      // Then it dies in its turn.
    }
    close(score);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: tenon-probe LIBRARY (started by libtenon)\n");
    return 2;
  }
  be_modest();
  fcntl(tenon::loader::kProbeDescriptor, F_SETFD, FD_CLOEXEC);  // For us alone.
  say(try_plugin(arguments[1]));
  // The plugin's exit handlers are not what was asked about.
  _exit(0);
}
