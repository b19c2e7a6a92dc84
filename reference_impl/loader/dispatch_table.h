// SPDX-License-Identifier: Apache-2.0
//
// The table that a plugin's handles point to: the plugin's own functions, and stubs for the rest.
#pragma once

#include <string>
#include <vector>

#include "reference_impl/layers/layer.h"
#include "tenon/tenon.h"

namespace tenon::loader {

class Loader;

// One for each instance. Lives from before instance_create until after instance_destroy.
struct DispatchTable : layers::Layered {
  tn_dispatch functions{};  // functions.loader points to the Layered of this object.
  std::string plugin_name;
  std::string plugin_version;
  // The plugin's own, or the outermost layer's; functions.instance_destroy is the loader's, which
  // must know of it.
  void(TN_CALL* plugin_instance_destroy)(tn_instance*) = nullptr;
  Loader* loader = nullptr;

  // Neighbours in the list of live tables (fork.h).
  DispatchTable* previous = nullptr;
  DispatchTable* next = nullptr;

  // Takes the functions up to `given->struct_size`; those that are NULL or beyond it answer
  // TN_UNIMPLEMENTED; those this loader does not know are ignored. In a forked child all answer
  // TN_FORKED. Throws plugin::Failure when the size makes no sense.
  DispatchTable(const tn_dispatch* given, std::string name, std::string version);
  ~DispatchTable();
  DispatchTable(const DispatchTable&) = delete;
  DispatchTable& operator=(const DispatchTable&) = delete;

  // Puts layers before the plugin's functions.
  void insert(const std::vector<std::string>& names, const layers::Surroundings& surroundings);

  // Makes every function answer TN_FORKED. Only stores: it runs in a forked child.
  void disable_after_fork();

  static DispatchTable* of(const tn_dispatch* functions) {
    return static_cast<DispatchTable*>(static_cast<layers::Layered*>(functions->loader));
  }
  static DispatchTable* of(const tn_instance* instance) {
    return of(reinterpret_cast<const tn_handle*>(instance)->dispatch);
  }
};

}  // namespace tenon::loader
