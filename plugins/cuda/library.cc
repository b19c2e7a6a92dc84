// SPDX-License-Identifier: Apache-2.0
#include "plugins/cuda/library.h"

#include <dlfcn.h>

#include "tenon/tenon_plugin.hpp"

namespace tenon::cuda {

Library::Library(const char* file, const char* advice)
    : handle_(dlopen(file, RTLD_NOW | RTLD_LOCAL)), file_(file) {
  if (handle_ != nullptr) return;
  const char* reason = dlerror();
  plugin::fail(TN_NO_DEVICE, nullptr, "%s cannot be opened (%s): %s", file,
               reason != nullptr ? reason : "no reason given", advice);
}

void* Library::symbol(const char* name) const {
  void* const address = dlsym(handle_, name);
  if (address == nullptr) {
    plugin::fail(TN_NO_DEVICE, nullptr, "%s has no %s: it is too old for this plugin",
                 file_.c_str(), name);
  }
  return address;
}

}  // namespace tenon::cuda
