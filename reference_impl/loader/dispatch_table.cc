// SPDX-License-Identifier: Apache-2.0
#include "dispatch_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "live_tables.h"
#include "slots.h"
#include "stubs.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {

namespace {

// Stands in the table where the plugin's own instance_extension was.
tn_status TN_CALL instance_extension(tn_instance* instance, const char* name, uint32_t version,
                                     const void** table, tn_error* error) {
  const DispatchTable& self = *DispatchTable::of(instance);
  const layers::Extensions& tables =
      self.extensions_for_hosts != nullptr ? *self.extensions_for_hosts : self.extensions;
  if (name == nullptr || table == nullptr) {
    if (table != nullptr) *table = nullptr;
    return plugin::set_error(error, TN_INVALID_ARGUMENT, nullptr, "%s is NULL",
                             name == nullptr ? "name" : "table");
  }
#define TN_EXTENSION(extension, type, known_name, known_version)                                \
  if (std::strcmp(name, known_name) == 0 && version == (known_version)) {                       \
    const bool there = self.extensions.extension.struct_size != 0;                              \
    *table = there ? &tables.extension : nullptr;                                               \
    if (there) return TN_OK;                                                                    \
    return plugin::set_error(error, TN_UNSUPPORTED, nullptr, "plugin '%s' has no extension %s", \
                             self.plugin_name.c_str(), name);                                   \
  }
#include "reference_impl/layers/extensions.inc"
  return self.plugin_extension(instance, name, version, table, error);
}

// Likewise: what the plugin's entry said, which needs no function of the plugin.
tn_status TN_CALL instance_get_info(tn_instance* instance, tn_instance_info* info,
                                    tn_error* error) {
  const DispatchTable& self = *DispatchTable::of(instance);
  const tn_instance_info known{sizeof(known), self.abi_major, self.abi_minor,
                               self.plugin_name.c_str(), self.plugin_version.c_str()};
  return plugin::write_struct(info, known, "tn_instance_info", error);
}

// Likewise: the plugin's functions, and a list of what is open for the process' end.
tn_status TN_CALL device_open(tn_instance* instance, size_t index, const tn_device_desc* desc,
                              tn_device** device, tn_error* error) {
  DispatchTable& self = *DispatchTable::of(instance);
  const tn_status status = self.plugin_device_open(instance, index, desc, device, error);
  if (status == TN_OK && device != nullptr && *device != nullptr) self.add_device(*device);
  return status;
}

void TN_CALL device_close(tn_device* device) {
  if (device == nullptr) return;
  DispatchTable& self = *DispatchTable::of(reinterpret_cast<const tn_handle*>(device)->dispatch);
  self.remove_device(device);
  self.plugin_device_close(device);
}

// Whether a table of `size` bytes can begin with struct_size and go on with functions.
bool is_table_size(size_t size, size_t first) { return size >= first && plugin::can_be_size(size); }

}  // namespace

tn_status report_stub(size_t ordinal, tn_status status, const tn_handle* first, tn_error* error) {
  const auto& [function, extension] = kFunctionNames[ordinal];
  if (status == TN_INVALID_ARGUMENT) {
    return plugin::set_error(error, status, nullptr,
                             "tn_%s: the handle was made by another libtenon in this process, of "
                             "ABI %u.%u; ask that one (tn_instance_extension gives its functions)",
                             function, first->dispatch->abi_major, first->dispatch->abi_minor);
  }
  const char* plugin = first != nullptr && first->dispatch != nullptr
                           ? DispatchTable::of(first->dispatch)->plugin_name.c_str()
                           : "";
  if (status == TN_FORKED) {
    return plugin::set_error(error, status, nullptr,
                             "tn_%s: the process was forked after plugin '%s' was opened; start "
                             "children with exec (in Python: spawn or forkserver)",
                             function, plugin);
  }
  if (status == TN_DEVICE_LOST) {
    return plugin::set_error(error, status, nullptr,
                             "tn_%s: the process is ending, and plugin '%s' has ended before; make "
                             "no calls from destructors of static objects or atexit handlers that "
                             "are older than the loader",
                             function, plugin);
  }
  if (status == TN_UNSUPPORTED) {
    return plugin::set_error(error, status, nullptr, "tn_%s: plugin '%s' has no extension %s",
                             function, plugin, extension);
  }
  return plugin::set_error(error, status, nullptr, "plugin '%s' has no function %s", plugin,
                           function);
}

tn_status report_null_handle(size_t ordinal, tn_error* error) {
  return plugin::set_error(error, TN_INVALID_ARGUMENT, nullptr,
                           "tn_%s: the first argument is a NULL handle",
                           kFunctionNames[ordinal].name);
}

DispatchTable::DispatchTable(const Library& library)
    : plugin_name(library.name),
      plugin_version(library.version),
      abi_major(library.abi_major),
      abi_minor(library.abi_minor) {
  const tn_dispatch* given = library.functions;
  const size_t size = given->struct_size;
  if (!is_table_size(size, kFirstSlot)) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "its function table says struct_size = %zu; the plugin must set it to "
                 "sizeof(tn_dispatch)",
                 size);
  }
  functions.struct_size = sizeof(functions);
  functions.abi_major = TN_ABI_MAJOR;
  functions.abi_minor = TN_ABI_MINOR;
  functions.loader = static_cast<layers::Layered*>(this);
#define TN_SLOT(ordinal, result, name, parameters, arguments)                           \
  functions.name = &Stub<ordinal, TN_UNIMPLEMENTED, decltype(tn_dispatch::name)>::call; \
  if (offsetof(tn_dispatch, name) + sizeof(void*) <= size && given->name != nullptr) {  \
    functions.name = given->name;                                                       \
  }
#include "slots.inc"
  functions.instance_get_info = instance_get_info;
  plugin_extension = functions.instance_extension;
  const size_t end = offsetof(tn_dispatch, instance_extension) + sizeof(void*);
  if (end <= size && given->instance_extension != nullptr) {
    functions.instance_extension = instance_extension;
  }
  plugin_device_open = functions.device_open;
  plugin_device_close = functions.device_close;
  functions.device_open = device_open;
  functions.device_close = device_close;
#define TN_EXTENSION_SLOT(number, result, extension, name, parameters, arguments) \
  extensions.extension.name =                                                     \
      &Stub<number, TN_UNSUPPORTED, decltype(extensions.extension.name)>::call;
#include "reference_impl/layers/extensions.inc"
  add_live_table(this);
}

void DispatchTable::insert(const std::vector<std::string>& names,
                           const layers::Surroundings& surroundings) {
  layers::insert_layers(names, surroundings, &functions, this);
  layer_names_ = names;
}

// Copies as much of the plugin's table as both know. False when the plugin lacks the extension.
template <class Table>
bool DispatchTable::find_extension(tn_instance* instance, const char* name, uint32_t version,
                                   Table* known) {
  const void* given = nullptr;
  tn_error error = TN_ERROR_INIT;
  const tn_status status = plugin_extension(instance, name, version, &given, &error);
  if (TN_STATUS_CLASS(status) == TN_UNSUPPORTED) return false;
  if (status != TN_OK) {
    error.message[sizeof(error.message) - 1] = '\0';
    plugin::fail(status, nullptr, "its instance_extension failed for %s: %s", name, error.message);
  }
  const size_t size = given != nullptr ? *static_cast<const size_t*>(given) : 0;
  if (!is_table_size(size, sizeof(size_t))) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "its table of extension %s %s; the plugin must set struct_size to sizeof(table)",
                 name, given == nullptr ? "is NULL" : "has a struct_size that cannot be");
  }
  std::memcpy(known, given, std::min(size, sizeof(Table)));
  known->struct_size = sizeof(Table);
  return true;
}

void DispatchTable::add_extensions(tn_instance* instance) {
  layers::Extensions found;
#define TN_EXTENSION(extension, table, name, version)              \
  if (find_extension(instance, name, version, &found.extension)) { \
    extensions.extension.struct_size = sizeof(table);              \
  }
#include "reference_impl/layers/extensions.inc"
#define TN_EXTENSION_SLOT(number, result, extension, name, parameters, arguments)   \
  if (found.extension.name != nullptr) {                                            \
    extensions.extension.name = found.extension.name;                               \
  } else if (found.extension.struct_size != 0) {                                    \
    extensions.extension.name =                                                     \
        &Stub<number, TN_UNIMPLEMENTED, decltype(extensions.extension.name)>::call; \
  }
#include "reference_impl/layers/extensions.inc"
  layers::insert_into_extensions(layer_names_, this);
}

DispatchTable::~DispatchTable() { remove_live_table(this); }

void DispatchTable::add_device(tn_device* device) {
  const std::lock_guard lock(devices_mutex_);
  devices_.push_back(device);
}

void DispatchTable::remove_device(tn_device* device) {
  const std::lock_guard lock(devices_mutex_);
  std::erase(devices_, device);
}

void DispatchTable::destroy_instance() {
  functions.instance_destroy(instance_);
  instance_ = nullptr;
}

template <tn_status status>
void DispatchTable::disable() {
#define TN_SLOT(ordinal, result, name, parameters, arguments) \
  functions.name = &Stub<ordinal, status, decltype(tn_dispatch::name)>::call;
#include "slots.inc"
#define TN_EXTENSION_SLOT(number, result, extension, name, parameters, arguments) \
  extensions.extension.name = &Stub<number, status, decltype(extensions.extension.name)>::call;
#include "reference_impl/layers/extensions.inc"
}

void DispatchTable::disable_after_fork() { disable<TN_FORKED>(); }

void DispatchTable::end_with_process() {
  std::vector<tn_device*> open;
  {
    const std::lock_guard lock(devices_mutex_);
    open = devices_;
  }
  for (tn_device* device : open) functions.device_synchronize(device, nullptr);
  // With devices that are open it would break the rule that hosts close them first.
  if (open.empty() && instance_ != nullptr) destroy_instance();
  disable<TN_DEVICE_LOST>();
}

}  // namespace tenon::loader
