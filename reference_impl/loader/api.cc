// SPDX-License-Identifier: Apache-2.0
//
// The functions of tenon.h, section 13.
#include <cstring>

#include "default_host.h"
#include "live_tables.h"
#include "loader.h"
#include "tenon/tenon_plugin.hpp"

struct tn_loader : tenon::loader::Loader {
  using Loader::Loader;
};

namespace tenon::loader {
namespace {

Loader& checked(tn_loader* loader) {
  if (loader == nullptr) {
    plugin::fail_at("loader", TN_INVALID_ARGUMENT, nullptr, "the loader is NULL");
  }
  loader->check_process();
  return *loader;
}

template <class T>
T& required(T* pointer, const char* name) {
  if (pointer == nullptr) {
    plugin::fail_at(name, TN_INVALID_ARGUMENT, nullptr, "%s is NULL", name);
  }
  return *pointer;
}

// Before 1.0 nothing is promised between versions, and a host cannot be asked for its own: what it
// knows of this struct tells most of them apart. To log it, too, is to be heard by one whose
// tn_error is another one.
void check_host(const tn_loader_desc* desc) {
  if (TN_ABI_MAJOR != 0 || desc == nullptr || desc->struct_size == sizeof(*desc)) return;
  plugin::Failure failure;
  plugin::set_error(&failure.error, TN_VERSION_MISMATCH, nullptr,
                    "this host was built with another tenon.h (its tn_loader_desc has %zu bytes, "
                    "that of libtenon %d.%d has %zu); before 1.0 both must be the same: build the "
                    "host with this libtenon's tenon.h, or install the libtenon that it was built "
                    "with",
                    desc->struct_size, TN_ABI_MAJOR, TN_ABI_MINOR, sizeof(*desc));
  HostServices(nullptr, Environment::of_process()).log(TN_LOG_ERROR, failure.error.message);
  throw failure;
}

}  // namespace
}  // namespace tenon::loader

using tenon::loader::check_host;
using tenon::loader::checked;
using tenon::loader::DispatchTable;
using tenon::loader::required;
namespace plugin = tenon::plugin;

extern "C" {

tn_status TN_CALL tn_loader_create(const tn_loader_desc* desc, tn_loader** loader,
                                   tn_error* error) {
  return plugin::guard(error, [&] {
    plugin::clear(loader);
    if (tenon::loader::is_forked_child()) {
      plugin::fail(TN_FORKED, nullptr,
                   "this process was forked from one that had opened a plugin; start children "
                   "with exec (in Python: spawn or forkserver)");
    }
    tenon::loader::check_process_goes_on();
    const tn_loader_desc known = plugin::read_optional(desc, "tn_loader_desc");
    check_host(desc);
    *loader = new tn_loader(known, &tenon::loader::kExtensionsForHosts);
  });
}

void TN_CALL tn_loader_destroy(tn_loader* loader) {
  if (loader == nullptr) return;
  // In a forked child nothing can be taken down: the threads that would are not there.
  if (plugin::guard(nullptr, [&] { loader->check_process(); }) != TN_OK) return;
  plugin::guard(nullptr, [&] { delete loader; });
}

tn_status TN_CALL tn_loader_candidate_count(tn_loader* loader, size_t* count, tn_error* error) {
  return plugin::guard(error,
                       [&] { required(count, "count") = checked(loader).candidate_count(); });
}

tn_status TN_CALL tn_loader_candidate_info(tn_loader* loader, size_t index, tn_candidate_info* info,
                                           tn_error* error) {
  return plugin::guard(error, [&] {
    plugin::write(info, checked(loader).candidate_info(index), "tn_candidate_info");
  });
}

tn_status TN_CALL tn_loader_open(tn_loader* loader, const char* plugin, const tn_open_desc* desc,
                                 tn_instance** instance, tn_error* error) {
  return plugin::guard(error, [&] {
    plugin::clear(instance);
    const tenon::loader::OpenRequest request(plugin::read_optional(desc, "tn_open_desc"));
    *instance = checked(loader).open(&required(plugin, "plugin"), request);
  });
}

tn_status TN_CALL tn_loader_diagnose(tn_loader* loader, tn_diagnostic_fn report, void* user,
                                     tn_error* error) {
  return plugin::guard(error, [&] {
    required(report, "report");
    checked(loader).diagnose([&](const std::string& line) { report(user, line.c_str()); });
  });
}

tn_status TN_CALL tn_loader_version(tn_loader_info* info, tn_error* error) {
  const tn_loader_info known{sizeof(known), TN_ABI_MAJOR, TN_ABI_MINOR, TN_ABI_HASH, TENON_VERSION};
  return plugin::write_struct(info, known, "tn_loader_info", error);
}

tn_function TN_CALL tn_get_function(const char* name) {
  static const struct {
    const char* name;
    tn_function function;
  } known[] = {
#define TN_FUNCTION(name) {#name, reinterpret_cast<tn_function>(name)},
#include "functions.inc"
  };
  for (const auto& [known_name, function] : known) {
    if (name != nullptr && std::strcmp(name, known_name) == 0) return function;
  }
  return nullptr;
}

}  // extern "C"
