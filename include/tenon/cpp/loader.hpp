// SPDX-License-Identifier: Apache-2.0
//
// Loader and Instance: from a plugin's name to an open device.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tenon/cpp/device.hpp"
#include "tenon/cpp/error.hpp"
#include "tenon/cpp/handle.hpp"

namespace tenon {

// An open plugin. A plain pointer: its Loader owns it and must outlive every copy.
class Instance {
 public:
  Instance() = default;
  explicit Instance(tn_instance* instance) : instance_(instance) {}

  tn_instance* get() const { return instance_; }
  explicit operator bool() const { return instance_ != nullptr; }

  // The plugin behind it; its strings live as long as the Loader.
  tn_instance_info info() const {
    tn_instance_info info{};
    info.struct_size = sizeof(info);
    call(tn_instance_get_info, instance_, &info);
    return info;
  }
  const char* name() const { return info().plugin; }
  const char* version() const { return info().version; }

  size_t device_count() const {
    size_t count = 0;
    call(tn_instance_device_count, instance_, &count);
    return count;
  }
  tn_device_info device_info(size_t index) const {
    tn_device_info info{};
    info.struct_size = sizeof(info);
    call(tn_instance_device_info, instance_, index, &info);
    return info;
  }
  // Options are the plugin's own, such as {"mode", "discrete"}.
  Device open_device(size_t index, std::span<const tn_option> options = {}) const {
    const tn_device_desc desc{sizeof(desc), options.data(), options.size()};
    tn_device* device = nullptr;
    call(tn_device_open, instance_, index, &desc, &device);
    return Device(device);
  }

  // Function table of an extension, or NULL when the plugin lacks it: of tn_peer_functions and the
  // like libtenon's own, which are called as tn_* just as well. `Table` starts with struct_size;
  // fields beyond that must not be read.
  template <class Table>
  const Table* extension(const char* extension_name, uint32_t extension_version) const {
    const void* table = nullptr;
    ErrorBuffer error;
    const tn_status status =
        tn_instance_extension(instance_, extension_name, extension_version, &table, &error);
    if (TN_STATUS_CLASS(status) == TN_UNSUPPORTED) return nullptr;
    check(status, error);
    return static_cast<const Table*>(table);
  }

 private:
  tn_instance* instance_ = nullptr;
};

// Finds plugins and owns the instances it opens. Destroy every device first.
class Loader : public UniqueHandle<tn_loader, tn_loader_destroy> {
 public:
  // `host` NULL: the default services. Paths, `host`, `layers` and `entries` are as in
  // tn_loader_desc.
  explicit Loader(std::span<const std::string> search_paths = {}, const tn_host* host = nullptr,
                  const char* layers = nullptr, std::span<const tn_plugin_entry_fn> entries = {}) {
    std::vector<const char*> paths;
    for (const std::string& path : search_paths) paths.push_back(path.c_str());
    const tn_loader_desc desc{sizeof(desc), host,           paths.data(),  paths.size(),
                              layers,       entries.data(), entries.size()};
    call(tn_loader_create, &desc, &handle_);
  }
  explicit Loader(tn_loader* loader) : UniqueHandle(loader) {}

  // By name, or by the path of a manifest or library (anything with a '/').
  Instance open(const char* plugin, const tn_open_desc* desc = nullptr) const {
    tn_instance* instance = nullptr;
    call(tn_loader_open, get(), plugin, desc, &instance);
    return Instance(instance);
  }
  Instance open(const std::string& plugin, const tn_open_desc* desc = nullptr) const {
    return open(plugin.c_str(), desc);
  }

  // Everything that was found. The strings belong to the loader.
  std::vector<tn_candidate_info> candidates() const {
    size_t count = 0;
    call(tn_loader_candidate_count, get(), &count);
    std::vector<tn_candidate_info> candidates(count);
    for (size_t i = 0; i < count; ++i) {
      candidates[i].struct_size = sizeof(tn_candidate_info);
      call(tn_loader_candidate_info, get(), i, &candidates[i]);
    }
    return candidates;
  }
};

}  // namespace tenon
