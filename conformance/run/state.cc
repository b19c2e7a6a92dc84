// SPDX-License-Identifier: Apache-2.0
#include "run/state.h"

#include <chrono>

namespace tenon::conformance {
namespace {

RunState g_own;
RunState* g_state = &g_own;

uint64_t now_ns() {
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

}  // namespace

RunState& run_state() { return *g_state; }
void set_run_state(RunState& state) { g_state = &state; }

void RunState::enter(Stage next, const char* what) {
  doing = what;
  stage = next;
  ++changes;
}

void RunState::begin_test(uint32_t number) {
  compile_ns = 0;
  test = number;
  stage = Stage::kTesting;
  ++changes;
}

double RunState::compile_seconds() const { return static_cast<double>(compile_ns) * 1e-9; }

Compiling::Compiling() : begin_ns_(now_ns()) { ++run_state().compiling; }

// Of several threads that compile at the same time the longest would do; the sum is close enough.
Compiling::~Compiling() {
  run_state().compile_ns += now_ns() - begin_ns_;
  --run_state().compiling;
}

}  // namespace tenon::conformance
