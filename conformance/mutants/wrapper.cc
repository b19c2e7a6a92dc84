// SPDX-License-Identifier: Apache-2.0
#include "conformance/mutants/wrapper.h"

#include <cstdlib>
#include <string>

#include <dlfcn.h>

#include "tenon/tenon_plugin.hpp"

namespace tenon::wrapper {
namespace {

const tn_dispatch* functions = nullptr;

std::string path_of_wrapped() {
  const char* const named = std::getenv("TENON_WRAPPED");
  if (named != nullptr && named[0] != '\0') return named;
  // Beside the folder of this library.
  Dl_info own{};
  ::dladdr(reinterpret_cast<const void*>(&path_of_wrapped), &own);
  const std::string path = own.dli_fname != nullptr ? own.dli_fname : "";
  return path.substr(0, path.rfind('/') + 1) + "../libtenon_cpu.so";
}

// NULL where there is none; the error says why.
tn_plugin_entry_fn entry_of_wrapped(tn_error* error) {
  static const std::string path = path_of_wrapped();
  static void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const entry = library != nullptr ? ::dlsym(library, TN_PLUGIN_ENTRY_NAME) : nullptr;
  if (entry == nullptr) {
    plugin::set_error(error, TN_LOAD_FAILED, nullptr, "TENON_WRAPPED is no plugin: %s",
                      path.c_str());
  }
  return reinterpret_cast<tn_plugin_entry_fn>(entry);
}

}  // namespace

const tn_dispatch& sound() { return *functions; }

}  // namespace tenon::wrapper

extern "C" TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* plugin,
                                                       tn_error* error) {
  using namespace tenon::wrapper;
  const tn_plugin_entry_fn entry = entry_of_wrapped(error);
  if (entry == nullptr) return TN_LOAD_FAILED;
  const tn_status status = entry(host, plugin, error);
  // A host that asks for less has nothing to be given.
  if (status == TN_OK && plugin != nullptr && plugin->struct_size >= sizeof(tn_plugin)) {
    functions = plugin->functions;
    static const tn_dispatch changed = [] {
      tn_dispatch table{};
      const size_t known =
          sound().struct_size < sizeof(table) ? sound().struct_size : sizeof(table);
      std::memcpy(&table, &sound(), known);
      change(table);
      return table;
    }();
    plugin->functions = &changed;
  }
  return change_entry(status, host, plugin, error);
}
