// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/entry.h"

#include "reference_impl/device/api.h"

namespace tenon::device {

tn_dispatch functions(InstanceFunction instance_create) {
  tn_dispatch filled{};
  filled.struct_size = sizeof(filled);
  api::add_instance_functions(&filled);
  api::add_buffer_functions(&filled);
  api::add_stream_functions(&filled);
  api::add_copy_functions(&filled);
  api::add_kernel_functions(&filled);
  filled.instance_create = instance_create;
  return filled;
}

tn_status enter(PlatformFunction platform, const tn_dispatch& functions, const tn_host* given,
                tn_plugin* out, tn_error* error) noexcept {
  return api::guard(error, [&] {
    // Said even to a host that it cannot serve, so that the host can say why.
    tn_plugin self{};
    self.struct_size = sizeof(self);
    self.abi_major = TN_ABI_MAJOR;
    self.abi_minor = TN_ABI_MINOR;
    self.abi_hash = TN_ABI_HASH;
    plugin::copy_text(self.name, platform().name);
    plugin::copy_text(self.version, platform().version);
    self.functions = &functions;
    plugin::write(out, self, "tn_plugin");

    const tn_host host = plugin::read_host(given);
    if (host.abi_major != TN_ABI_MAJOR) {
      plugin::fail(TN_VERSION_MISMATCH, "TN-entry-005",
                   "the host speaks ABI %u.%u, this plugin %u.%u: install matching versions",
                   host.abi_major, host.abi_minor, unsigned{TN_ABI_MAJOR}, unsigned{TN_ABI_MINOR});
    }
  });
}

}  // namespace tenon::device
