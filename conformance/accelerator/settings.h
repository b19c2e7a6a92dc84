// SPDX-License-Identifier: Apache-2.0
//
// The options of a device: float32, compile_ms, broken.
#pragma once

#include <chrono>
#include <span>

#include "conformance/accelerator/faults.h"
#include "tenon/tenon.h"

namespace tenon::accelerator {

struct Settings {
  bool float32 = false;                      // float32 = 1: it has that type, too.
  std::chrono::milliseconds compile_time{};  // compile_ms: how long making a kernel takes.
  Fault broken = Fault::none;                // broken = NAME
};

std::span<const tn_option_info> option_rows();

// Throws KernelError (TN_INVALID_ARGUMENT) with what an option may be.
Settings parse_settings(std::span<const tn_option> options);

}  // namespace tenon::accelerator
