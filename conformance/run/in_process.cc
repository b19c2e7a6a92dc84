// SPDX-License-Identifier: Apache-2.0
#include "run/in_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>

#include "run/host_process.h"
#include "run/state.h"
#include "suite/complaints.h"
#include "suite/failure_notes.h"

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

std::string without_end(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// "conformance/base/map_test.cc:12: ", without what is above the repository.
std::string place_of(const testing::TestPartResult& part) {
  if (part.file_name() == nullptr) return "";
  const char* file = std::strstr(part.file_name(), "conformance/");
  return std::string(file != nullptr ? file : part.file_name()) + ":" +
         std::to_string(part.line_number()) + ": ";
}

// The result of a test that GoogleTest has just run.
TestResult result_of(const testing::TestInfo& info) {
  TestResult result = TestResult::named(std::string(info.test_suite_name()) + "." + info.name());
  const testing::TestResult& seen = *info.result();
  result.seconds = static_cast<double>(seen.elapsed_time()) / 1000;
  if (seen.Failed()) {
    result.outcome = Outcome::kFailed;
  } else if (seen.Skipped()) {
    result.outcome = Outcome::kUnsupported;
  }
  for (int i = 0; i < seen.total_part_count(); ++i) {
    const testing::TestPartResult& part = seen.GetTestPartResult(i);
    if (part.failed()) {
      result.add_message(place_of(part) + without_end(part.message()));
    } else if (part.skipped() && !seen.Failed()) {
      result.add_message(without_end(part.message()));
    }
  }
  for (int i = 0; i < seen.test_property_count(); ++i) {
    const testing::TestProperty& property = seen.GetTestProperty(i);
    result.properties.emplace_back(property.key(), property.value());
  }
  return result;
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
    const HostProcess process = HostProcess::now();
    for (std::string& change : process.changes_since(process_)) {
      result.outcome = Outcome::kFailed;
      result.add_message(std::move(change));
    }
    process_ = process;
    take_(std::move(result));
  }

 private:
  TakeResult take_;
  HostProcess process_ = HostProcess::now();
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
  note_failures();
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
