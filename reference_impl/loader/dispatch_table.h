// SPDX-License-Identifier: Apache-2.0
//
// The table that a plugin's handles point to: the plugin's own functions, and stubs for the rest.
#pragma once

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
  // What hosts are given for extensions that the plugin has; NULL: the tables of this object, which
  // do not look out for handles that are NULL or stale.
  const layers::Extensions* extensions_for_hosts = nullptr;

  // Neighbours in the list of live tables (fork.h).
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

  // Makes every function answer TN_FORKED. Only stores: it runs in a forked child.
  void disable_after_fork();

  static DispatchTable* of(const tn_dispatch* functions) {
    return static_cast<DispatchTable*>(static_cast<layers::Layered*>(functions->loader));
  }
  static DispatchTable* of(const tn_instance* instance) {
    return of(reinterpret_cast<const tn_handle*>(instance)->dispatch);
  }

 private:
  template <class Table>
  bool find_extension(tn_instance* instance, const char* name, uint32_t version, Table* known);

  std::vector<std::string> layer_names_;
};

// libtenon's own functions tn_*, the same for all plugins (trampolines.cc).
extern const layers::Extensions kExtensionsForHosts;

}  // namespace tenon::loader
