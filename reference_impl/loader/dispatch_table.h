// SPDX-License-Identifier: Apache-2.0
//
// The table that a plugin's handles point to: the plugin's own functions, and stubs for the rest.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "library.h"
#include "reference_impl/layers/layer.h"
#include "tenon/tenon.h"

namespace tenon::loader {

// One for each instance. Lives from before instance_create until after instance_destroy.
struct DispatchTable : layers::Layered {
  tn_dispatch functions{};  // functions.loader points to the Layered of this object.
  std::string plugin_name;
  std::string plugin_version;
  // Of the header that the plugin was built with.
  uint32_t abi_major;
  uint32_t abi_minor;
  // The plugin's own; functions.instance_extension is the loader's, behind the layers.
  decltype(tn_dispatch::instance_extension) plugin_extension = nullptr;
  // Likewise: the loader counts the devices that are open.
  decltype(tn_dispatch::device_open) plugin_device_open = nullptr;
  decltype(tn_dispatch::device_close) plugin_device_close = nullptr;
  // What hosts are given for extensions that the plugin has; NULL: the tables of this object, which
  // do not look out for handles that are NULL or stale.
  const layers::Extensions* extensions_for_hosts = nullptr;

  // Neighbours in the list of live tables (live_tables.h).
  DispatchTable* previous = nullptr;
  DispatchTable* next = nullptr;

  // Takes the library's functions up to their struct_size; those that are NULL or beyond it answer
  // TN_UNIMPLEMENTED; those this loader does not know are ignored. In a forked child all answer
  // TN_FORKED. Throws plugin::Failure when the size makes no sense.
  explicit DispatchTable(const Library& library);
  ~DispatchTable();
  DispatchTable(const DispatchTable&) = delete;
  DispatchTable& operator=(const DispatchTable&) = delete;

  // Puts layers before the plugin's functions.
  void insert(const std::vector<std::string>& names, const layers::Surroundings& surroundings);

  // Asks a new instance for the extensions that tenon.h knows, and puts the layers before their
  // functions. Those that it lacks answer TN_UNSUPPORTED. Throws plugin::Failure when it answers
  // what it may not.
  void add_extensions(tn_instance* instance);

  // Notes the instance, once it has been made.
  void set_instance(tn_instance* instance) { instance_ = instance; }
  // Destroys it, unless the process' end has done so.
  void destroy_instance();

  void add_device(tn_device* device);
  void remove_device(tn_device* device);

  // Makes every function answer TN_FORKED. Only stores: it runs in a forked child.
  void disable_after_fork();
  // Waits for the work of open devices; destroys the instance when there are none; makes every
  // function answer TN_DEVICE_LOST, and destroys do nothing.
  void end_with_process();

  static DispatchTable* of(const tn_dispatch* functions) {
    return static_cast<DispatchTable*>(static_cast<layers::Layered*>(functions->loader));
  }
  static DispatchTable* of(const tn_instance* instance) {
    return of(reinterpret_cast<const tn_handle*>(instance)->dispatch);
  }

 private:
  template <class Table>
  bool find_extension(tn_instance* instance, const char* name, uint32_t version, Table* known);

  template <tn_status status>
  void disable();

  std::vector<std::string> layer_names_;
  tn_instance* instance_ = nullptr;
  std::mutex devices_mutex_;
  std::vector<tn_device*> devices_;  // Open ones.
};

// libtenon's own functions tn_*, the same for all plugins (trampolines.cc).
extern const layers::Extensions kExtensionsForHosts;

}  // namespace tenon::loader
