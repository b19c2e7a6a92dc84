// SPDX-License-Identifier: Apache-2.0
//
// The one exported symbol.
#include "reference_impl/cpu/api.h"
#include "reference_impl/cpu/platform.h"

namespace tenon::cpu {
namespace {

const tn_dispatch* functions() {
  static const tn_dispatch table = [] {
    tn_dispatch filled{};
    filled.struct_size = sizeof(filled);
    api::add_instance_functions(&filled);
    api::add_buffer_functions(&filled);
    api::add_stream_functions(&filled);
    api::add_copy_functions(&filled);
    api::add_kernel_functions(&filled);
    return filled;
  }();
  return &table;
}

}  // namespace
}  // namespace tenon::cpu

extern "C" TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* given, tn_plugin* out,
                                                       tn_error* error) {
  using namespace tenon;
  return plugin::guard(error, [&] {
    // Said even to a host that it cannot serve, so that the host can say why.
    tn_plugin self{};
    self.struct_size = sizeof(self);
    self.abi_major = TN_ABI_MAJOR;
    self.abi_minor = TN_ABI_MINOR;
    self.abi_hash = TN_ABI_HASH;
    plugin::copy_text(self.name, cpu::platform().name);
    plugin::copy_text(self.version, cpu::platform().version);
    self.functions = cpu::functions();
    plugin::write(out, self, "tn_plugin");

    const auto host = plugin::read(given, "tn_host");
    if (host.abi_major != TN_ABI_MAJOR) {
      plugin::fail(TN_VERSION_MISMATCH, "TN-entry-005",
                   "the host speaks ABI %u.%u, this plugin %u.%u: install matching versions",
                   host.abi_major, host.abi_minor, unsigned{TN_ABI_MAJOR}, unsigned{TN_ABI_MINOR});
    }
  });
}
