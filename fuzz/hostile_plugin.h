// SPDX-License-Identifier: Apache-2.0
//
// A plugin that does what the choices say: short, long and empty tables, NULL slots, versions and
// values of no header, statuses of no class, texts without an end. It lies in all but where its
// memory is.
#pragma once

#include "fuzz/choices.h"
#include "tenon/tenon.h"

namespace tenon::fuzz {

// What the plugin is from here on; its handles and tables live as long as this.
class HostilePlugin {
 public:
  explicit HostilePlugin(Choices& choices);
  ~HostilePlugin();
  HostilePlugin(const HostilePlugin&) = delete;
  HostilePlugin& operator=(const HostilePlugin&) = delete;

  static tn_plugin_entry_fn entry();
  // What its entry said last.
  const tn_plugin& told() const;
};

}  // namespace tenon::fuzz
