// SPDX-License-Identifier: Apache-2.0
//
// The entry of every mutant: the reference device's, which is compiled under another name here,
// with the mutated table.
#include "conformance/mutants/mutant.h"

extern "C" tn_status TN_CALL reference_plugin_entry(const tn_host*, tn_plugin*, tn_error*);

namespace tenon::mutant {
namespace {

const tn_dispatch* functions = nullptr;

}  // namespace

const tn_dispatch& sound() { return *functions; }

}  // namespace tenon::mutant

extern "C" TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* plugin,
                                                       tn_error* error) {
  using namespace tenon::mutant;
  const tn_status status = reference_plugin_entry(host, plugin, error);
  // A host that asks for less has nothing to be given.
  if (plugin == nullptr || plugin->struct_size < sizeof(tn_plugin)) return status;
  functions = plugin->functions;
  static const tn_dispatch mutated = [] {
    tn_dispatch table = sound();
    mutate(table);
    return table;
  }();
  plugin->functions = &mutated;
  return status;
}
