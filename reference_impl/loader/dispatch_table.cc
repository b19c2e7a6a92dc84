// SPDX-License-Identifier: Apache-2.0
#include "dispatch_table.h"

#include <utility>

#include "fork.h"
#include "slots.h"
#include "stubs.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {

tn_status report_stub(size_t ordinal, tn_status status, const tn_handle* first, tn_error* error) {
  const char* function = kSlotNames[ordinal];
  const char* plugin = first != nullptr && first->dispatch != nullptr
                           ? DispatchTable::of(first->dispatch)->plugin_name.c_str()
                           : "";
  if (status == TN_FORKED) {
    return plugin::set_error(error, status, nullptr,
                             "tn_%s: the process was forked after plugin '%s' was opened; start "
                             "children with exec (in Python: spawn or forkserver)",
                             function, plugin);
  }
  return plugin::set_error(error, status, nullptr, "plugin '%s' has no function %s", plugin,
                           function);
}

tn_status report_null_handle(size_t ordinal, tn_error* error) {
  return plugin::set_error(error, TN_INVALID_ARGUMENT, nullptr,
                           "tn_%s: the first argument is a NULL handle", kSlotNames[ordinal]);
}

DispatchTable::DispatchTable(const tn_dispatch* given, std::string name, std::string version)
    : plugin_name(std::move(name)), plugin_version(std::move(version)) {
  const size_t size = given->struct_size;
  if (size < kFirstSlot || size > plugin::kMaxStructSize || size % sizeof(void*) != 0) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "its function table says struct_size = %zu; the plugin must set it to "
                 "sizeof(tn_dispatch)",
                 size);
  }
  functions.struct_size = sizeof(functions);
  functions.loader = static_cast<layers::Layered*>(this);
#define TN_SLOT(ordinal, result, name, parameters, arguments)                           \
  functions.name = &Stub<ordinal, TN_UNIMPLEMENTED, decltype(tn_dispatch::name)>::call; \
  if (offsetof(tn_dispatch, name) + sizeof(void*) <= size && given->name != nullptr) {  \
    functions.name = given->name;                                                       \
  }
#include "slots.inc"
  plugin_instance_destroy = functions.instance_destroy;
  add_live_table(this);
}

void DispatchTable::insert(const std::vector<std::string>& names,
                           const layers::Surroundings& surroundings) {
  layers::insert_layers(names, surroundings, &functions, this);
  plugin_instance_destroy = functions.instance_destroy;
}

DispatchTable::~DispatchTable() { remove_live_table(this); }

void DispatchTable::disable_after_fork() {
#define TN_SLOT(ordinal, result, name, parameters, arguments) \
  functions.name = &Stub<ordinal, TN_FORKED, decltype(tn_dispatch::name)>::call;
#include "slots.inc"
}

}  // namespace tenon::loader
