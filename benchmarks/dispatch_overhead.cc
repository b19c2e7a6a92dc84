// SPDX-License-Identifier: Apache-2.0
//
// What a call through libtenon costs above a call of the same function through a plain pointer: of
// the core, and of an extension.
//
// All are timed in short turns, alternating, so that all see the same machine; the smallest turn of
// many is the one that was disturbed least. Prints nanoseconds a call and the difference; the exit
// code is 1 when a difference is above the budget (--budget NS; 5 without it).
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "reference_impl/layers/layer.h"
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

[[gnu::noinline]] tn_status TN_CALL wait_event(tn_stream* stream, tn_event* event,
                                               tn_error* error) {
  asm volatile("" : : "r"(stream), "r"(event), "r"(error) : "memory");
  return TN_OK;
}

using Function = decltype(&launch);
using ExtensionFunction = decltype(&wait_event);

template <class Call>
double nanoseconds_per_call(Call call) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kCallsPerTurn; ++i) call();
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
  return time.count() / kCallsPerTurn;
}

}  // namespace

int main(int count, char** arguments) {
  const double budget =
      count == 3 && std::strcmp(arguments[1], "--budget") == 0 ? std::atof(arguments[2]) : 5.0;
  tn_dispatch table{};
  table.struct_size = sizeof(table);
  table.abi_major = TN_ABI_MAJOR;
  table.abi_minor = TN_ABI_MINOR;
  table.kernel_launch = launch;
  tenon::layers::Layered layered;
  layered.extensions.peer.peer_wait_event = wait_event;
  table.loader = &layered;
  tn_handle handle{&table};
  auto* kernel = reinterpret_cast<tn_kernel*>(&handle);
  auto* stream = reinterpret_cast<tn_stream*>(&handle);
  // Read back through volatile, so that neither call is resolved at compile time.
  Function volatile direct = launch;
  Function volatile through = tn_kernel_launch;
  ExtensionFunction volatile extension_direct = wait_event;
  ExtensionFunction volatile extension_through = tn_peer_wait_event;

  double best_direct = 1e9;
  double best_through = 1e9;
  double best_extension_direct = 1e9;
  double best_extension_through = 1e9;
  for (int turn = 0; turn < kTurns; ++turn) {
    const auto time = [&](auto function, auto... given) {
      return nanoseconds_per_call([=] { function(given...); });
    };
    const auto keep = [](double* best, double turn_time) { *best = std::min(*best, turn_time); };
    keep(&best_direct, time(+direct, kernel, nullptr, nullptr, nullptr));
    keep(&best_through, time(+through, kernel, nullptr, nullptr, nullptr));
    keep(&best_extension_direct, time(+extension_direct, stream, nullptr, nullptr));
    keep(&best_extension_through, time(+extension_through, stream, nullptr, nullptr));
  }
  const auto report = [budget](const char* what, double direct_time, double through_time) {
    const double difference = through_time - direct_time;
    std::printf("%s: direct %.2f ns, through libtenon %.2f ns, difference %.2f ns (budget %.2f)\n",
                what, direct_time, through_time, difference, budget);
    return difference <= budget;
  };
  const bool core = report("core", best_direct, best_through);
  const bool extension = report("extension", best_extension_direct, best_extension_through);
  return core && extension ? 0 : 1;
}
