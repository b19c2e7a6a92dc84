// SPDX-License-Identifier: Apache-2.0
//
// What a plugin's tn_plugin_entry calls:
//
//     extern "C" TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* out,
//                                                            tn_error* error) {
//       return tenon::device::enter<my_platform>(host, out, error);
//     }
#pragma once

#include "tenon/device/platform.h"
#include "tenon/tenon.h"

namespace tenon::device {

// Returns the one object of a platform, which is kept for ever. May throw.
using PlatformFunction = const Platform& (*)();
using InstanceFunction = decltype(tn_dispatch::instance_create);

// The functions of the core, with this one for making instances.
tn_dispatch functions(InstanceFunction instance_create);
tn_status create_instance(PlatformFunction platform, const tn_instance_desc* desc,
                          tn_instance** instance, tn_error* error) noexcept;
tn_status enter(PlatformFunction platform, const tn_dispatch& functions, const tn_host* host,
                tn_plugin* out, tn_error* error) noexcept;

// Fills in `out`: the plugin of this platform. Several in one library do not meet.
template <PlatformFunction kPlatform>
tn_status enter(const tn_host* host, tn_plugin* out, tn_error* error) noexcept {
  static const tn_dispatch table =
      functions([](const tn_instance_desc* desc, tn_instance** instance, tn_error* failure) {
        return create_instance(kPlatform, desc, instance, failure);
      });
  return enter(kPlatform, table, host, out, error);
}

}  // namespace tenon::device
