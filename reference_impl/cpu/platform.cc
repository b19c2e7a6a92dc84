// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/platform.h"

#include "reference_impl/cpu/layouts.h"
#include "tenon/device/property.h"

namespace tenon::cpu {

const device::Platform& platform() {
  static const device::Platform self{
      .name = "cpu",
      .version = "0.1.0",
      .devices = [] { return std::vector{describe_processor("tenon.cpu\0\0\0\0\0\0\1", "")}; },
      .families = reference_families(),
      .layouts = layouts(),
      .properties =
          [](size_t) {
            auto all = device::processor_properties();
            constexpr int64_t kStrict[] = {TN_MATH_STRICT};
            all.push_back(device::integers_property("math_modes", kStrict));
            return all;
          },
  };
  return self;
}

}  // namespace tenon::cpu
