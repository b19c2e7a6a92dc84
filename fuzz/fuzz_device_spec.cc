// SPDX-License-Identifier: Apache-2.0
//
// Device specs, "PLUGIN[:INDEX][?KEY=VALUE&...]", and lists of them.
#include <cstdint>
#include <string_view>

#include "runtime/device_spec.h"
#include "tenon/tenon.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    for (const std::string& one : tenon::runtime::split_specs(text)) {
      tenon::runtime::DeviceSpec::parse(one);
    }
  } catch (const tenon::Error&) {
    // Refused.
  }
  return 0;
}
