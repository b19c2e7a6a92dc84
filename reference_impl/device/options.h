// SPDX-License-Identifier: Apache-2.0
//
// The options of tn_device_open.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tenon/tenon.h"

namespace tenon::device {

// Where device memory is, as far as the host can tell. See memory.h and README.md.
enum class MemoryMode { kUnified, kDiscrete, kMapped };

struct Options {
  MemoryMode memory = MemoryMode::kUnified;  // memory = unified | discrete | mapped
  uint64_t memory_limit = 0;                 // memory_limit = bytes; 0: what the machine has.
  uint64_t max_allocation = 0;               // Of a backend; 0: the limit.
  uint64_t delay_us = 2000;  // delay_us = how late streams run when no thread waits.
};

// Throws plugin::Failure (TN_INVALID_ARGUMENT) that names what is not known and lists what is.
Options parse_options(const tn_device_desc& desc);

// The same for a device with a backend: its memory is as in mode mapped, and of the options above
// it has memory_limit alone, at most and by default `info.total_memory`. Those that the platform
// names are put into `own`.
Options parse_backend_options(const tn_device_desc& desc, const tn_device_info& info,
                              std::span<const char* const> names, std::vector<tn_option>* own);

}  // namespace tenon::device
