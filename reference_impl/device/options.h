// SPDX-License-Identifier: Apache-2.0
//
// The options of tn_device_open. A row (tn_option_info) is what they are parsed by and what
// tn_device_option tells.
#pragma once

#include <cstdint>
#include <vector>

#include "tenon/device/platform.h"
#include "tenon/tenon.h"

namespace tenon::device {

// Where device memory is, as far as the host can tell; in the order of the option's choices. See
// memory.h and README.md.
enum class MemoryMode { kUnified, kDiscrete, kMapped };

struct Options {
  MemoryMode memory = MemoryMode::kUnified;
  uint64_t memory_limit = 0;    // Bytes; 0: what the machine has.
  uint64_t max_allocation = 0;  // Of a backend; 0: the limit.
  uint64_t delay_us = 0;        // How late streams run when no thread waits.
};

// The rows that devices of a platform are opened with: the core's, and the platform's own. With a
// backend, memory is as in mode mapped, and memory_limit is the core's only one.
std::vector<tn_option_info> options_of(const Platform& platform);

// Throws plugin::Failure (TN_INVALID_ARGUMENT) that names what is not known and lists what is.
// Those of the platform's own that were given are put into `own`. With a backend, memory is at most
// and by default `info.total_memory`.
Options parse_options(const Platform& platform, const tn_device_desc& desc,
                      const tn_device_info& info, std::vector<tn_option>* own);

}  // namespace tenon::device
