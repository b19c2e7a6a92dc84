// SPDX-License-Identifier: Apache-2.0
#include "run/in_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>

#include "run/state.h"
#include "suite/complaints.h"

namespace tenon::conformance {
namespace {

using Clock = std::chrono::steady_clock;

// What the signal handler may read. Only one test runs at a time.
char g_running[256] = "(between tests)";
std::string g_crashed, g_hung;  // Lines for the journal, should the running test end that way.
int g_journal = -1;

void write_text(int file, const char* text, size_t size) {
  if (::write(file, text, size) < 0) return;
}

// Async-signal-safe: no report, but the name of the test that took the program down.
[[noreturn]] void end_here(const char* how, const std::string& line, int code) {
  for (const char* text :
       {how, static_cast<const char*>(g_running),
        "\nthe device does not conform; --isolate goes on behind such a test\n"}) {
    write_text(STDERR_FILENO, text, std::strlen(text));
  }
  if (g_journal >= 0) write_text(g_journal, line.data(), line.size());
  ::_exit(code);
}

void on_signal(int) { end_here("\nCRASHED in ", g_crashed, 70); }

std::string journal_line(const std::string& test, Outcome outcome, const char* message) {
  TestResult result = TestResult::named(test);
  result.outcome = outcome;
  result.add_message(message);
  return to_line(result) + "\n";
}

class Listener : public testing::EmptyTestEventListener {
 public:
  explicit Listener(TakeResult take) : take_(std::move(take)) {}

  void OnTestStart(const testing::TestInfo& info) override {
    const std::string name = std::string(info.test_suite_name()) + "." + info.name();
    std::snprintf(g_running, sizeof(g_running), "%s", name.c_str());
    if (g_journal >= 0) {
      g_crashed = journal_line(name, Outcome::kCrashed, "took the suite's process down");
      g_hung = journal_line(name, Outcome::kHung, "had no end, and was ended with its process");
    }
    run_state().begin_test(++number_);
    begin_ = Clock::now();
  }

  void OnTestEnd(const testing::TestInfo& info) override {
    TestResult result = result_of(info);
    result.seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    result.compile_seconds = run_state().compile_seconds();
    // Whatever the device is like, a test of the suite keeps the rules.
    for (std::string& complaint : take_complaints()) {
      result.outcome = Outcome::kFailed;
      result.add_message(std::move(complaint));
    }
    take_(std::move(result));
  }

 private:
  TakeResult take_;
  uint32_t number_ = 0;
  Clock::time_point begin_;
};

[[noreturn]] void watch(TimeLimits limits) {
  FairClock clock(0);
  uint32_t seen = 0;
  while (true) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const RunState& state = run_state();
    if (seen != state.changes || state.stage != Stage::kTesting) {
      seen = state.changes;
      clock.restart();
      continue;
    }
    clock.tick(state.compiling != 0);
    if (clock.is_over(limits)) end_here("\nHUNG in ", g_hung, 124);
  }
}

}  // namespace

void listen(TakeResult take) {
  testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new Listener(std::move(take)));  // Owned by GoogleTest from here on.
}

void end_at_crash_or_hang(const TimeLimits& limits, int journal) {
  g_journal = journal;
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) {
    std::signal(signal, on_signal);
  }
  std::thread(watch, limits).detach();
}

}  // namespace tenon::conformance
