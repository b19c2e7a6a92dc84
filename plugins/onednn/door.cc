// SPDX-License-Identifier: Apache-2.0
//
// The plugin that hosts load: it opens the library with all of it, libtenon_onednn_body.so, which
// lies beside it. In a process that has an OpenMP in its global scope (PyTorch's), libdnnl would
// find that one instead of team.cc, and each of its threads spins for milliseconds after every
// primitive. So there the body, libdnnl with it, looks among its own libraries first.
#include <dlfcn.h>

#include <string>
#include <string_view>

#include "tenon/tenon_plugin.hpp"

namespace {

using Entry = tn_status(TN_CALL*)(const tn_host*, tn_plugin*, tn_error*);

std::string file_of(const void* address) {
  Dl_info info{};
  return dladdr(address, &info) != 0 ? info.dli_fname : "";
}

bool has_another_openmp() {
  const void* found = dlsym(RTLD_DEFAULT, "GOMP_parallel_start");
  return found != nullptr && file_of(found).find("tenon_onednn_team") == std::string::npos;
}

Entry open_body(std::string* problem) {
  const std::string own = file_of(reinterpret_cast<const void*>(&has_another_openmp));
  const std::string path = own.substr(0, own.rfind('/') + 1) + "libtenon_onednn_body.so";
  const int look = has_another_openmp() ? RTLD_DEEPBIND : 0;
  void* body = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | look);
  auto* entry = body != nullptr ? dlsym(body, "tn_plugin_entry") : nullptr;
  if (entry == nullptr) {
    const char* text = dlerror();
    *problem = text != nullptr ? text : path + " has no entry";
  }
  return reinterpret_cast<Entry>(entry);
}

}  // namespace

extern "C" TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* out,
                                                       tn_error* error) {
  static std::string problem;
  static const Entry entry = open_body(&problem);
  if (entry != nullptr) return entry(host, out, error);
  return tenon::plugin::set_error(error, TN_LOAD_FAILED, nullptr, "%s", problem.c_str());
}
