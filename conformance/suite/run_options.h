// SPDX-License-Identifier: Apache-2.0
//
// How a run was asked for on the command line of `tenon conform`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tenon::conformance {

// How much is asked of a device: of each claimed pair of operator and type a sample, or all.
enum class Budget { kSmoke, kWhole };

// One of `count` parts of the tests, from 1. The parts share no test and miss none.
struct Shard {
  size_t index = 1;
  size_t count = 1;
};

struct RunOptions {
  std::string spec;  // PLUGIN[:INDEX][?KEY=VALUE&...]
  std::string declaration;
  std::string report;  // Files to write: JSON, JUnit's XML, a page, a package to hand in.
  std::string junit;
  std::string html;
  std::string submit;
  bool brief = false;  // The JSON without tests that passed.
  std::string since;   // An earlier report to compare with.
  std::string filter = "*";
  double timeout = 120;          // Seconds of one test, without what it spends compiling.
  double compile_timeout = 600;  // Seconds of one test within kernel_create and kernel_supports.
  bool list = false;
  bool verbose = false;
  bool progress = false;
  bool isolate = false;  // Tests in child processes.
  size_t jobs = 1;       // Of these at a time.
  Shard shard;
  std::string resume;  // A file of results: what stands there is not run again.
  Budget budget = Budget::kWhole;
  size_t compile_budget = 0;  // Kernel descriptions for a pair; 0: what the budget gives.
  uint64_t seed = 1;          // Of all that is random.

  bool smoke() const { return budget == Budget::kSmoke; }
  // Kernel descriptions that differ, for each claimed pair of operator and type.
  size_t descriptions_a_pair() const {
    return compile_budget != 0 ? compile_budget : smoke() ? 8 : 24;
  }

  // The command that runs one test of this run alone, for a shell.
  std::string command_for(const std::string& test) const;

  // Those of this run: what parse() gave last.
  static const RunOptions& get();
  // Throws std::invalid_argument with what is wrong. Also sets TENON_LAYERS.
  static const RunOptions& parse(int argc, char** argv);
  static const char* usage();
};

}  // namespace tenon::conformance
