// SPDX-License-Identifier: Apache-2.0
//
// Which calls are to fail, and how: what TENON_FAULT says.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tenon/tenon.h"

namespace tenon::layers::fault {

enum class Kind {
  kMemory,      // TN_OUT_OF_DEVICE_MEMORY
  kHostMemory,  // TN_OUT_OF_MEMORY
  kInternal,    // TN_INTERNAL
  kLost,        // TN_DEVICE_LOST, from then on
  kLate,        // The call is well, but the stream's work fails when it runs.
  kSlow,        // The call is well, after a while.
};

struct Rule {
  std::string function;  // "kernel_launch"; empty: any.
  uint64_t first = 1;    // Of its calls, from 1 ...
  uint64_t last = UINT64_MAX;
  Kind kind = Kind::kMemory;
  std::chrono::milliseconds delay{};  // kSlow

  // How it is written.
  std::string text;
};

// FUNCTION:CALLS:KIND, as many as wanted, with ',' between. FUNCTION is the name of a function,
// with or without "tn_", or '*'; CALLS a number, "N+" for that one and all that follow, or '*';
// KIND one of memory, host-memory, internal, lost, late, slow=MILLISECONDS. Throws plugin::Failure.
std::vector<Rule> parse(const std::string& text);

// The names of the functions that there are (functions.cc).
const std::vector<std::string>& function_names();

class Plan {
 public:
  explicit Plan(std::vector<Rule> rules) : rules_(std::move(rules)) {}

  // Counts a call; the first rule that it meets. Not synchronised.
  const Rule* count(const char* function);
  uint64_t calls_of(const char* function) const {
    const auto found = calls_.find(function);
    return found != calls_.end() ? found->second : 0;
  }

 private:
  const std::vector<Rule> rules_;
  std::map<std::string, uint64_t, std::less<>> calls_;
  uint64_t all_calls_ = 0;
};

}  // namespace tenon::layers::fault
