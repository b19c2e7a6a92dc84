// SPDX-License-Identifier: Apache-2.0
//
// Where a process that runs tests is, for the one that watches it. It lies in memory that both
// have, so a child cannot take the knowledge along when it dies, and a plugin cannot close it.
#pragma once

#include <atomic>
#include <cstdint>

namespace tenon::conformance {

// What a process does beside tests, in the order in which it does it.
enum class Stage : uint32_t { kOpening, kTesting, kClosing, kEnding };

struct RunState {
  std::atomic<Stage> stage{Stage::kOpening};
  std::atomic<uint32_t> test{0};       // The one that began last: 1 + its index; 0: none yet.
  std::atomic<uint32_t> changes{0};    // Whatever else changes, this does too.
  std::atomic<uint32_t> compiling{0};  // Calls of kernel_create and kernel_supports under way.
  // What it is about in the stages without tests; a literal of this program, which its children
  // share.
  std::atomic<const char*> doing{"starting"};
  std::atomic<uint64_t> compile_ns{0};  // Within such calls, since the test began.

  void enter(Stage next, const char* what);
  void begin_test(uint32_t number);
  double compile_seconds() const;
};

// That of this process.
RunState& run_state();
// From now on it is this one, which must outlive all tests.
void set_run_state(RunState& state);

// While one lives, the calling thread is compiling.
class Compiling {
 public:
  Compiling();
  ~Compiling();
  Compiling(const Compiling&) = delete;
  Compiling& operator=(const Compiling&) = delete;

 private:
  uint64_t begin_ns_;
};

}  // namespace tenon::conformance
