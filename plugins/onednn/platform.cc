// SPDX-License-Identifier: Apache-2.0
//
// What the device core needs to know to be this plugin.
#include "tenon/device/platform.h"

#include "engine.h"
#include "forms.h"
#include "operators.h"
#include "reference_impl/cpu/platform.h"
#include "tenon/device/entry.h"
#include "tenon/device/property.h"

namespace tenon::onednn {
namespace {

using device::Family;

std::vector<tn_property> properties(size_t) {
  std::vector<tn_property> all = device::processor_properties();
  const dnnl_version_t& v = *dnnl_version();
  const std::string version =
      std::to_string(v.major) + "." + std::to_string(v.minor) + "." + std::to_string(v.patch);
  all.push_back(device::text_property("driver_version", version.c_str()));
  constexpr int64_t kModes[] = {TN_MATH_STRICT, TN_MATH_RELAXED, TN_MATH_TF32, TN_MATH_BF16};
  all.push_back(device::integers_property("math_modes", kModes));
  return all;
}

const device::Platform& platform() {
  static const std::vector<Family> families = {
      {matmul_operators, {}},      {conv_operators, {}},   {pool_operators, {}},
      {norm_operators, {}},        {reduce_operators, {}}, {eltwise_operators, {{"*"}}},
      {binary_operators, {{"*"}}},
  };
  static const device::Platform self{
      .name = "onednn",
      .version = "0.1.0",
      .devices =
          [] {
            return std::vector{device::describe_processor("tenon.onednn\0\0\0\1", "oneDNN on ")};
          },
      .families = families,
      .layouts = layouts(),
      .properties = properties,
      .start = [](const tn_host& host) { set_threads(host.parallelism(host.context)); },
      .host = host_of_team,
      .behind = cpu::reference_families(),
  };
  return self;
}

}  // namespace
}  // namespace tenon::onednn

extern "C" TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* out,
                                                       tn_error* error) {
  return tenon::device::enter<tenon::onednn::platform>(host, out, error);
}
