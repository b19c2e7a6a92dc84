// SPDX-License-Identifier: Apache-2.0
//
// Functions 0 to 10: instances and devices.
#include <cstring>

#include "reference_impl/device/api.h"
#include "reference_impl/device/properties.h"
#include "reference_impl/device/served.h"
#include "tenon/device/entry.h"

namespace tenon::device::api {
namespace {

void TN_CALL instance_destroy(tn_instance* instance) {
  if (instance == nullptr) return;
  auto* object = plugin::object_of<Instance>(instance);
  if (object->generation == fork_generation.load()) delete object;
}

// What call() is for handles below a device.
template <class Body>
tn_status instance_call(tn_instance* instance, tn_error* error, Body&& body) {
  return guard(error, [&] {
    require(instance, "instance");
    auto& object = *plugin::object_of<Instance>(instance);
    if (object.generation != fork_generation.load()) {
      plugin::fail(TN_FORKED, nullptr, "the process was forked after this instance was made");
    }
    body(object);
  });
}

const tn_device_info& device_at(const Instance& instance, size_t index) {
  if (index >= instance.devices.size()) {
    plugin::fail_at("index", TN_OUT_OF_RANGE, nullptr, "there is no device %zu; the last is %zu",
                    index, instance.devices.size() - 1);
  }
  return instance.devices[index];
}

tn_status TN_CALL instance_device_count(tn_instance* instance, size_t* count, tn_error* error) {
  return instance_call(instance, error, [&](Instance& object) {
    require(count, "count");
    *count = object.devices.size();
  });
}

tn_status TN_CALL instance_device_info(tn_instance* instance, size_t index, tn_device_info* info,
                                       tn_error* error) {
  return instance_call(instance, error, [&](Instance& object) {
    plugin::write(info, device_at(object, index), "tn_device_info");
  });
}

const tn_peer_functions kPeer = {sizeof(kPeer), peer_copy, peer_wait_event};

tn_status TN_CALL instance_extension(tn_instance* instance, const char* name, uint32_t version,
                                     const void** table, tn_error* error) {
  return instance_call(instance, error, [&](Instance& object) {
    require(table, "table");
    *table = nullptr;
    require(name, "name");
    // With a backend, memory of one device is not known to be within reach of another.
    const bool peers = object.platform.open == nullptr;
    if (peers && std::strcmp(name, TN_EXTENSION_PEER) == 0 &&
        version == TN_EXTENSION_PEER_VERSION) {
      *table = &kPeer;
      return;
    }
    if (std::strcmp(name, TN_EXTENSION_DEVICE) == 0 && version == TN_EXTENSION_DEVICE_VERSION) {
      *table = &kDeviceFunctions;
      return;
    }
    if (!object.platform.behind.empty() && std::strcmp(name, kServedExtension) == 0 &&
        version == kServedVersion) {
      *table = &served_table();
      return;
    }
    plugin::fail_at("name", TN_UNSUPPORTED, nullptr, "there is no extension %.64s, version %u",
                    name, version);
  });
}

tn_status TN_CALL device_open(tn_instance* instance, size_t index, const tn_device_desc* given,
                              tn_device** device, tn_error* error) {
  return instance_call(instance, error, [&](Instance& object) {
    plugin::clear(device, "device");
    const tn_device_info& info = device_at(object, index);
    const auto desc = plugin::read_optional(given, "tn_device_desc");
    const bool backed = object.platform.open != nullptr;
    std::vector<tn_option> own;
    const Options options = parse_options(object.platform, desc, info, &own);
    *device = plugin::handle_of<tn_device>(new OpenDevice(
        object, index, options, backed ? object.platform.open(index, own) : nullptr));
  });
}

void TN_CALL device_close(tn_device* device) {
  call_void<OpenDevice>(device, [](OpenDevice& object) { delete &object; });
}

tn_status TN_CALL device_get_info(tn_device* device, tn_device_info* info, tn_error* error) {
  return call<OpenDevice>(device, error, [&](OpenDevice& object) {
    plugin::write(info, object.info(), "tn_device_info");
  });
}

tn_status TN_CALL device_get_memory(tn_device* device, tn_memory_info* info, tn_error* error) {
  return call<OpenDevice>(device, error, [&](OpenDevice& object) {
    // What has finished is free, whether or not a worker has got round to it.
    object.reclaimer().collect();
    tn_memory_info memory{};
    object.memory().write_info(&memory);
    plugin::write(info, memory, "tn_memory_info");
  });
}

tn_status TN_CALL device_synchronize(tn_device* device, tn_error* error) {
  return call<OpenDevice>(device, error,
                          [&](OpenDevice& object) { return object.synchronize(error); });
}

tn_status TN_CALL device_get_operators(tn_device* device, tn_operator_table* table,
                                       tn_error* error) {
  return call<OpenDevice>(device, error, [&](OpenDevice& object) {
    const auto rows = object.instance().operators();
    const tn_operator_table answer{sizeof(answer), rows.data(), rows.size(),
                                   sizeof(tn_operator_entry)};
    plugin::write(table, answer, "tn_operator_table");
  });
}

}  // namespace

void add_instance_functions(tn_dispatch* table) {
  table->instance_destroy = instance_destroy;
  table->instance_device_count = instance_device_count;
  table->instance_device_info = instance_device_info;
  table->instance_extension = instance_extension;
  table->device_open = device_open;
  table->device_close = device_close;
  table->device_get_info = device_get_info;
  table->device_get_memory = device_get_memory;
  table->device_synchronize = device_synchronize;
  table->device_get_operators = device_get_operators;
}

}  // namespace tenon::device::api

namespace tenon::device {

tn_status create_instance(PlatformFunction function, const tn_instance_desc* given,
                          tn_instance** instance, tn_error* error) noexcept {
  return api::guard(error, [&] {
    plugin::clear(instance, "instance");
    const auto desc = plugin::read(given, "tn_instance_desc");
    api::require(desc.dispatch, "desc->dispatch");
    api::require(desc.host, "desc->host");
    if (desc.option_count != 0) {
      api::require(desc.options, "desc->options");
      plugin::fail_at("desc->options[0]", TN_INVALID_ARGUMENT, nullptr,
                      "there is no option '%.64s' of the instance; options go to devices",
                      desc.options->key != nullptr ? desc.options->key : "");
    }
    watch_forks();
    const Platform& platform = function();
    if (platform.start != nullptr) platform.start(*desc.host);
    const tn_host& host = platform.host != nullptr ? platform.host(*desc.host) : *desc.host;
    *instance = plugin::handle_of<tn_instance>(new Instance(desc.dispatch, platform, host));
  });
}

}  // namespace tenon::device
