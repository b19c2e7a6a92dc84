// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/properties.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <numeric>
#include <optional>
#include <string>

#include "reference_impl/device/api.h"
#include "reference_impl/platform/platform.h"

namespace tenon::device {
namespace {

std::optional<int64_t> number_in(const std::string& path) {
  std::ifstream file(path);
  int64_t number = 0;
  if (!(file >> number) || number < 0) return std::nullopt;
  return number;
}

void add_known(std::vector<tn_property>* all, const char* name, std::optional<int64_t> value,
               const char* unit = "") {
  if (value) all->push_back(integer_property(name, *value, unit));
}

// Destroyed memory is counted as free, as buffer_create counts it.
int64_t memory_free(OpenDevice& device) {
  device.reclaimer().collect();
  tn_memory_info used{};
  device.memory().write_info(&used);
  const uint64_t bytes = used.live_bytes + used.deferred_bytes;
  const uint64_t limit = device.memory().limit();
  return static_cast<int64_t>(limit > bytes ? limit - bytes : 0);
}

template <class Row>
void tell(const std::vector<Row>& rows, size_t index, Row* row, const char* what,
          const char* name) {
  if (index >= rows.size()) {
    plugin::fail_at("index", TN_OUT_OF_RANGE, nullptr, "there is no %s %zu; there are %zu", what,
                    index, rows.size());
  }
  plugin::write(row, rows[index], name);
}

tn_status TN_CALL device_property(tn_device* device, size_t index, tn_property* property,
                                  tn_error* error) {
  return api::call<OpenDevice>(device, error, [&](OpenDevice& object) {
    tell(properties_of(object), index, property, "property", "tn_property");
  });
}

tn_status TN_CALL device_option(tn_device* device, size_t index, tn_option_info* option,
                                tn_error* error) {
  return api::call<OpenDevice>(device, error, [&](OpenDevice& object) {
    tell(options_of(object.platform()), index, option, "option", "tn_option_info");
  });
}

tn_status TN_CALL device_trim(tn_device* device, uint64_t* released, tn_error* error) {
  return api::call<OpenDevice>(device, error, [&](OpenDevice& object) {
    api::require(released, "released");
    tn_memory_info before{}, after{};
    object.memory().write_info(&before);
    object.reclaimer().collect();
    object.memory().write_info(&after);
    // Others may destroy buffers meanwhile.
    *released = before.deferred_bytes - std::min(before.deferred_bytes, after.deferred_bytes);
    if (Backend* backend = object.backend()) *released += backend->trim();
  });
}

}  // namespace

const tn_device_functions kDeviceFunctions = {sizeof(kDeviceFunctions), device_property,
                                              device_option, device_trim};

tn_property integers_property(const char* name, std::span<const int64_t> values, const char* unit) {
  tn_property property{};
  property.struct_size = sizeof(property);
  property.type = TN_PROPERTY_INTEGERS;
  plugin::copy_text(property.name, name);
  std::snprintf(property.unit, sizeof(property.unit), "%s", unit);  // Ours, and short.
  property.count = static_cast<uint32_t>(std::min(values.size(), std::size(property.integers)));
  std::copy_n(values.begin(), property.count, property.integers);
  return property;
}

tn_property integer_property(const char* name, int64_t value, const char* unit) {
  return integers_property(name, {&value, 1}, unit);
}

tn_property text_property(const char* name, const char* text) {
  tn_property property{};
  property.struct_size = sizeof(property);
  property.type = TN_PROPERTY_TEXT;
  property.count = 1;
  plugin::copy_text(property.name, name);
  plugin::copy_text(property.text, text);
  return property;
}

std::vector<tn_property> processor_properties() {
  std::vector<tn_property> all;
  all.push_back(integer_property("compute_units", tenon::platform::processor_count()));
  add_known(&all, "clock_rate", number_in("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq"),
            "kHz");
  // All of the machine is the device; that is at a node where there is one alone.
  std::ifstream nodes("/sys/devices/system/node/online");
  if (std::string online; nodes >> online && online == "0") {
    all.push_back(integer_property("numa_node", 0));
  }
  return all;
}

std::vector<tn_property> properties_of(OpenDevice& device) {
  std::vector<tn_property> all;
  const Platform& platform = device.platform();
  const size_t index = device.index();
  if (platform.properties != nullptr) all = platform.properties(index);
  const std::string place = device.info().physical_id;
  if (place.starts_with("pci-")) {
    add_known(&all, "numa_node",
              number_in("/sys/bus/pci/devices/" + place.substr(4) + "/numa_node"));
  }
  all.push_back(integer_property("memory_free", memory_free(device), "bytes"));
  constexpr int64_t kOnePriority[] = {0, 0};
  all.push_back(integers_property("stream_priorities", kOnePriority));
  if (platform.open == nullptr) {  // The host's memory is within reach of all.
    std::vector<int64_t> peers(device.instance().devices.size());
    std::iota(peers.begin(), peers.end(), 0);
    all.push_back(integers_property("peers", peers));
  }
  return all;
}

}  // namespace tenon::device
