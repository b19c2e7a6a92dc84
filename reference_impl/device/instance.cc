// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/instance.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "reference_impl/device/fork.h"
#include "reference_impl/device/memory.h"
#include "tenon/device/platform.h"

namespace tenon::device {
namespace {

// "model name<tab>: AMD EPYC 9354" -> "AMD EPYC 9354"; empty when there is no such line.
std::string processor_field(const char* name) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(name, 0) != 0) continue;
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

std::string vendor_name(const std::string& id) {
  if (id == "AuthenticAMD") return "AMD";
  if (id == "GenuineIntel") return "Intel";
  return "unknown";
}

}  // namespace

Instance::Instance(const tn_dispatch* dispatch, const Platform& platform, const tn_host& host)
    : tn_handle{dispatch},
      platform(platform),
      host(host),
      devices(platform.devices()),
      generation(fork_generation.load()) {}

std::span<const tn_operator_entry> Instance::operators() {
  std::call_once(asked_, [&] { operators_.emplace(platform); });
  return operators_->rows();
}

tn_device_info describe_processor(const char (&uuid)[17], const char* library) {
  tn_device_info info{};
  info.struct_size = sizeof(info);
  info.type = TN_DEVICE_CPU;
  info.flags = TN_DEVICE_COHERENT | TN_DEVICE_DYNAMIC_DIMS;
  const std::string model = processor_field("model name");
  const std::string vendor = vendor_name(processor_field("vendor_id"));
  const char* processor = model.empty() ? "Processor" : model.c_str();
  std::snprintf(info.name, sizeof(info.name), "%s%s", library, processor);
  std::snprintf(info.vendor, sizeof(info.vendor), "%s", vendor.c_str());
  std::memcpy(info.uuid, uuid, sizeof(info.uuid));
  std::snprintf(info.physical_id, sizeof(info.physical_id), "cpu-0");
  info.total_memory = Memory(Options{}).limit();
  info.max_allocation = info.total_memory;
  info.alignment = kAlignment;
  return info;
}

}  // namespace tenon::device
