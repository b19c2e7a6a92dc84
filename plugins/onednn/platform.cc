// SPDX-License-Identifier: Apache-2.0
//
// What the core of the reference device needs to know to be this plugin.
#include "tenon/device/platform.h"

#include "engine.h"
#include "operators.h"
#include "reference_impl/cpu/families_reference.h"
#include "tenon/device/entry.h"

namespace tenon::device {

const Platform& platform() {
  static const std::vector<Family> families = {
      {onednn::matmul_operators, {}},      {onednn::conv_operators, {}},
      {onednn::pool_operators, {}},        {onednn::norm_operators, {}},
      {onednn::reduce_operators, {}},      {onednn::eltwise_operators, {{"*"}}},
      {onednn::binary_operators, {{"*"}}},
  };
  static const Platform self = [] {
    Platform made{"onednn",
                  "0.1.0",
                  {"tenon.onednn\0\0\0\1"},
                  "oneDNN on ",
                  families,
                  [](const tn_host& host) { onednn::set_threads(host.parallelism(host.context)); }};
    made.behind = cpu::reference_families();
    made.host = onednn::host_of_team;
    return made;
  }();
  return self;
}

}  // namespace tenon::device

extern "C" TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* out,
                                                       tn_error* error) {
  return tenon::device::enter(host, out, error);
}
