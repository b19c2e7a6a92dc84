// SPDX-License-Identifier: Apache-2.0
#include "conformance/accelerator/settings.h"

#include <charconv>
#include <string>
#include <string_view>

#include "tenon/device/kernel.h"
#include "tenon/device/property.h"

namespace tenon::accelerator {
namespace {

constexpr tn_option_info kRows[] = {
    device::choice_option("float32", "0", "0|1", "1: the device has that type, too."),
    device::integer_option("compile_ms", "0", "ms",
                           "How long making a kernel takes, 60000 at most."),
    device::text_option("broken", "none", "One of the faults of faults.json."),
};

int number(const tn_option& option, int most) {
  const std::string_view text = option.value;
  int value = -1;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && rest == text.data() + text.size() && value >= 0 && value <= most) {
    return value;
  }
  throw device::KernelError(
      TN_INVALID_ARGUMENT,
      std::string("option ") + option.key + " is a number from 0 to " + std::to_string(most));
}

Fault fault_of(std::string_view name) {
  if (name == "none") return Fault::none;
#define FAULT(fault) \
  if (name == #fault) return Fault::fault;
#include "faults.inc"
#undef FAULT
  throw device::KernelError(TN_INVALID_ARGUMENT, "this device cannot be broken by '" +
                                                     std::string(name) + "': see faults.json");
}

}  // namespace

std::span<const tn_option_info> option_rows() { return kRows; }

Settings parse_settings(std::span<const tn_option> options) {
  Settings settings;
  for (const tn_option& option : options) {
    const std::string_view key = option.key;
    if (key == "float32") {
      settings.float32 = number(option, 1) != 0;
    } else if (key == "compile_ms") {
      settings.compile_time = std::chrono::milliseconds(number(option, 60000));
    } else {
      settings.broken = fault_of(option.value);
    }
  }
  return settings;
}

}  // namespace tenon::accelerator
