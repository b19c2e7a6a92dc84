// SPDX-License-Identifier: Apache-2.0
#include "library.h"

#include <cinttypes>
#include <cstring>
#include <exception>

#include "elf_check.h"
#include "reference_impl/platform/platform.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {
namespace {

void call_entry(tn_plugin_entry_fn entry, const tn_host* host, tn_plugin* plugin) {
  tn_error error = TN_ERROR_INIT;
  tn_status status = TN_OK;
  try {
    status = entry(host, plugin, &error);
  } catch (const std::exception& exception) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "its tn_plugin_entry threw an exception: %s; plugins must return statuses",
                 exception.what());
  } catch (...) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "its tn_plugin_entry threw an exception of unknown type; plugins must return "
                 "statuses");
  }
  if (status == TN_OK) return;
  error.message[sizeof(error.message) - 1] = '\0';
  error.rule[sizeof(error.rule) - 1] = '\0';
  if (status == TN_VERSION_MISMATCH) {
    // Its own words come last: where its tn_error is laid out otherwise, they are not whole.
    plugin::fail(status, nullptr,
                 "its tn_plugin_entry refuses this libtenon's ABI, which is %d.%d: it was built "
                 "with another tenon.h; install matching versions of the plugin and of Tenon. It "
                 "says: %s",
                 TN_ABI_MAJOR, TN_ABI_MINOR, error.message);
  }
  plugin::fail(TN_LOAD_FAILED, error.rule, "its tn_plugin_entry answered 0x%x: %s",
               static_cast<unsigned>(status), error.message);
}

void check_version(const tn_plugin& plugin) {
  if (plugin.abi_major != TN_ABI_MAJOR) {
    plugin::fail(TN_VERSION_MISMATCH, nullptr,
                 "built for Tenon ABI %u.%u, but this loader speaks %d.%d; install matching "
                 "versions of the plugin and of Tenon",
                 plugin.abi_major, plugin.abi_minor, TN_ABI_MAJOR, TN_ABI_MINOR);
  }
  // Before 1.0 nothing is promised between versions, so only the very same header will do.
  if (TN_ABI_MAJOR == 0 && plugin.abi_hash != TN_ABI_HASH) {
    plugin::fail(TN_VERSION_MISMATCH, nullptr,
                 "built with another tenon.h, of ABI %u.%u (hash %016" PRIx64
                 "); this loader's is of %d.%d (%016" PRIx64
                 "); before 1.0 both must be the same: rebuild the plugin",
                 plugin.abi_major, plugin.abi_minor, plugin.abi_hash, TN_ABI_MAJOR, TN_ABI_MINOR,
                 TN_ABI_HASH);
  }
}

}  // namespace

bool is_plugin_name(const std::string& name) {
  return !name.empty() && name.size() < sizeof(tn_plugin::name) &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string::npos;
}

Library open_library(const std::string& path, const tn_host* host) {
  check_library_file(path);
  std::string reason;
  void* handle = platform::open_library(path, &reason);
  if (handle == nullptr) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "the system cannot load it: %s; install what it needs, or add its folder to "
                 "LD_LIBRARY_PATH",
                 reason.c_str());
  }
  void* symbol = platform::find_symbol(handle, TN_PLUGIN_ENTRY_NAME);
  if (symbol == nullptr) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "it does not export " TN_PLUGIN_ENTRY_NAME
                 ": not a Tenon plugin, or the symbol is hidden (declare it TN_EXPORT)");
  }
  return read_entry(reinterpret_cast<tn_plugin_entry_fn>(symbol), host);
}

Library read_entry(tn_plugin_entry_fn entry, const tn_host* host) {
  tn_plugin plugin{};
  plugin.struct_size = sizeof(plugin);
  call_entry(entry, host, &plugin);
  check_version(plugin);

  plugin.name[sizeof(plugin.name) - 1] = '\0';
  plugin.version[sizeof(plugin.version) - 1] = '\0';
  Library library{plugin.name, plugin.version, plugin.abi_major, plugin.abi_minor,
                  plugin.functions};
  if (!is_plugin_name(library.name)) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "it calls itself '%s'; a name has lower case letters, digits, '.' and '-'",
                 plugin.name);
  }
  if (library.functions == nullptr) {
    plugin::fail(TN_LOAD_FAILED, nullptr, "its tn_plugin_entry gave no function table");
  }
  return library;
}

}  // namespace tenon::loader
