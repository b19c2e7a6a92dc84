// SPDX-License-Identifier: Apache-2.0
//
// What a call through libtenon costs above a call of the same function through a plain pointer.
//
// Both are timed in short turns, alternating, so that both see the same machine; the smallest turn
// of many is the one nobody disturbed. Prints nanoseconds a call and their difference; the exit
// code is 1 when the difference is above the budget (--budget NS; 5 without it).
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tenon/tenon.h"

namespace {

constexpr int kTurns = 2000;
constexpr int kCallsPerTurn = 2000;

// Stands for a plugin: does nothing, and is not known to the compiler.
[[gnu::noinline]] tn_status TN_CALL launch(tn_kernel* kernel, tn_stream* stream,
                                           const tn_launch* arguments, tn_error* error) {
  asm volatile("" : : "r"(kernel), "r"(stream), "r"(arguments), "r"(error) : "memory");
  return TN_OK;
}

using Function = decltype(&launch);

double nanoseconds_per_call(Function function, tn_kernel* kernel) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kCallsPerTurn; ++i) function(kernel, nullptr, nullptr, nullptr);
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
  return time.count() / kCallsPerTurn;
}

}  // namespace

int main(int count, char** arguments) {
  const double budget =
      count == 3 && std::strcmp(arguments[1], "--budget") == 0 ? std::atof(arguments[2]) : 5.0;
  tn_dispatch table{};
  table.struct_size = sizeof(table);
  table.kernel_launch = launch;
  tn_handle handle{&table};
  auto* kernel = reinterpret_cast<tn_kernel*>(&handle);
  // Read back through volatile, so that neither call is resolved at compile time.
  Function volatile direct = launch;
  Function volatile through = tn_kernel_launch;

  double best_direct = 1e9;
  double best_through = 1e9;
  for (int turn = 0; turn < kTurns; ++turn) {
    best_direct = std::min(best_direct, nanoseconds_per_call(direct, kernel));
    best_through = std::min(best_through, nanoseconds_per_call(through, kernel));
  }
  const double difference = best_through - best_direct;
  std::printf("direct %.2f ns, through libtenon %.2f ns, difference %.2f ns (budget %.2f)\n",
              best_direct, best_through, difference, budget);
  return difference <= budget ? 0 : 1;
}
