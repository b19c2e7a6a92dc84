// SPDX-License-Identifier: Apache-2.0
#include "conformance/mutants/liar.h"

#include <cstdio>
#include <cstdlib>

namespace tenon::liar {
namespace {

struct Functions {
  Mutate mutate;
  Entry entry;
};

std::map<std::string, Functions>& all() {
  static auto* const liars = new std::map<std::string, Functions>;
  return *liars;
}

// The one that lies; without a name all is true. A name that no liar has must not pass for a sound
// device.
const Functions& chosen() {
  static const Functions found = [] {
    const char* const name = std::getenv("TENON_LIAR");
    if (name == nullptr || name[0] == '\0') return Functions{nullptr, nullptr};
    if (name[0] == '?') {  // Who there is.
      for (const auto& [one, functions] : all()) std::puts(one.c_str());
      std::exit(0);
    }
    const auto liar = all().find(name);
    if (liar == all().end()) {
      std::fprintf(stderr, "TENON_LIAR: there is no liar '%s'\n", name);
      std::exit(3);
    }
    return liar->second;
  }();
  return found;
}

}  // namespace

Registered::Registered(const char* name, Mutate mutate, Entry entry) {
  all().emplace(name, Functions{mutate, entry});
}

}  // namespace tenon::liar

namespace tenon::wrapper {

void change(tn_dispatch& table) {
  if (liar::chosen().mutate != nullptr) liar::chosen().mutate(table);
}

tn_status change_entry(tn_status status, const tn_host* host, tn_plugin* plugin, tn_error* error) {
  const liar::Entry entry = liar::chosen().entry;
  return entry != nullptr ? entry(status, host, plugin, error) : status;
}

}  // namespace tenon::wrapper
