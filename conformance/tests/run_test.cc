// SPDX-License-Identifier: Apache-2.0
//
// How a run is organised, without a plugin: what goes from a child to its parent, the clock,
// shards, and the file of results.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "run/channel.h"
#include "run/fair_clock.h"
#include "run/journal.h"
#include "run/progress.h"
#include "run/selection.h"

namespace tenon::conformance {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// A child process that does this until it is destroyed.
class Child {
 public:
  explicit Child(void (*body)()) : process_(::fork()) {
    if (process_ != 0) return;
    body();
    ::_exit(0);
  }
  ~Child() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  pid_t process() const { return process_; }

 private:
  pid_t process_;
};

// ---- Channel ----

TEST(Channel, HoldsWhatAChildWroteBeforeItCrashed) {
  Channel channel;
  constexpr int kLines = 40000;  // More than the ring holds.
  const pid_t child = ::fork();
  if (child == 0) {
    for (int file = 0; file < 64; ++file) ::close(file);
    for (int i = 0; i < kLines; ++i) {
      channel.write_line("line " + std::to_string(i) +
                         std::string(static_cast<size_t>(i % 97), '.'));
    }
    channel.state().begin_test(7);
    std::signal(SIGSEGV, SIG_DFL);
    ::raise(SIGSEGV);
  }
  int read = 0, status = 0;
  bool ended = false;
  while (true) {
    while (const std::optional<std::string> line = channel.read_line()) {
      ASSERT_EQ(*line,
                "line " + std::to_string(read) + std::string(static_cast<size_t>(read % 97), '.'));
      ++read;
    }
    if (ended) break;
    ended = ::waitpid(child, &status, WNOHANG) == child;
  }
  EXPECT_EQ(read, kLines);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(channel.state().test, 7u);
}

TEST(Channel, NeverReadsHalfALine) {
  Channel channel;
  channel.write_line("whole");
  channel.write_line(std::string(500000, 'x'));
  EXPECT_EQ(channel.read_line(), "whole");
  EXPECT_EQ(channel.read_line(), std::string(500000, 'x'));
  EXPECT_EQ(channel.read_line(), std::nullopt);
}

// ---- FairClock ----

void watch(FairClock& clock, double wall_seconds) {
  const Clock::time_point begin = Clock::now();
  clock.restart();
  while (seconds_since(begin) < wall_seconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    clock.tick(false);
  }
}

void spin_on_one_processor() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<size_t>(::sched_getcpu()), &one);
  ::sched_setaffinity(0, sizeof(one), &one);
  for (volatile bool goes_on = true; goes_on;) {
  }
}

bool has_accounts() {
  double ran = 0;
  return static_cast<bool>(std::ifstream("/proc/self/schedstat") >> ran);
}

TEST(FairClock, CountsNoTimeForWhichAProcessorWasAwaited) {
  if (!has_accounts()) GTEST_SKIP() << "this kernel does not say how long threads wait";
  cpu_set_t before, one;
  ::sched_getaffinity(0, sizeof(before), &before);
  CPU_ZERO(&one);
  CPU_SET(static_cast<size_t>(::sched_getcpu()), &one);
  ::sched_setaffinity(0, sizeof(one), &one);  // Children get it, too.
  const Child watched(spin_on_one_processor);
  const Child a(spin_on_one_processor), b(spin_on_one_processor), c(spin_on_one_processor);
  ::sched_setaffinity(0, sizeof(before), &before);
  FairClock clock(watched.process());
  watch(clock, 3);
  // A quarter of the time, and the half second in which nobody looks.
  EXPECT_LT(clock.running(), 0.6 * clock.wall());
  EXPECT_FALSE(clock.is_over({2.5, 1}));
  EXPECT_TRUE(clock.is_over({0.1, 1})) << "it had some time, and the wall's clock counts tenfold";
}

TEST(FairClock, CountsAllTimeOfWhatIsBlocked) {
  const Child blocked([] { ::pause(); });
  FairClock clock(blocked.process());
  watch(clock, 1.5);
  EXPECT_GT(clock.running(), 0.8 * clock.wall());
  EXPECT_TRUE(clock.is_over({1, 1}));
}

TEST(FairClock, KeepsCompilingApart) {
  FairClock clock(0);
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    clock.tick(i % 2 == 0);
  }
  EXPECT_GT(clock.compiling(), 0.05);
  EXPECT_GT(clock.running(), 0.05);
  EXPECT_FALSE(clock.is_over({100, 100}));
  EXPECT_TRUE(clock.is_over({100, 0.01}));
  EXPECT_TRUE(clock.is_over({0.01, 100}));
}

// ---- Shards and filters ----

TEST(Shard, EachTestIsInOne) {
  for (const size_t count : {1, 2, 7}) {
    std::vector<size_t> sizes(count);
    for (int i = 0; i < 1000; ++i) {
      const std::string name = "Group.TN_some_001_" + std::to_string(i);
      size_t homes = 0;
      for (size_t index = 1; index <= count; ++index) {
        if (!is_in({index, count}, name)) continue;
        ++homes;
        ++sizes[index - 1];
      }
      EXPECT_EQ(homes, 1u);
    }
    for (const size_t size : sizes) EXPECT_GT(size, 500 / count);
  }
  EXPECT_TRUE(is_in({3, 3}, "MapTest.TN_map_001_points_at_the_offset")) << "of every machine";
}

TEST(Filter, TellsWhatItMayMatch) {
  EXPECT_TRUE(may_match("*", "Operator/"));
  EXPECT_TRUE(may_match("MapTest.*:Op*Add*", "Operator/"));
  EXPECT_TRUE(may_match("Operator/Add/float32.TN_x", "Operator/"));
  EXPECT_TRUE(may_match("?perator/Add", "Operator/"));
  EXPECT_FALSE(may_match("MapTest.*:Entry.*", "Operator/"));
  EXPECT_FALSE(may_match("Operator", "Operator/"));
  // Of a whole group.
  EXPECT_TRUE(may_match("Operator/*/float32.*", "Operator/Add/float32."));
  EXPECT_FALSE(may_match("Operator/*/float32.*", "Operator/Add/int8."));
  EXPECT_FALSE(may_match("*Test.*", "Operator/Add/float32."));
  EXPECT_EQ(filtered({"A.a", "A.b", "B.a"}, "A.*:B.?"),
            (std::vector<std::string>{"A.a", "A.b", "B.a"}));
  EXPECT_EQ(filtered({"A.a", "A.b", "B.a"}, "*.b"), (std::vector<std::string>{"A.b"}));
}

TEST(RunOptions, NameTheCommandForOneTest) {
  RunOptions options;
  options.spec = "/a/it's.so?memory=discrete";
  options.seed = 7;
  options.budget = Budget::kSmoke;
  ::unsetenv("TENON_LAYERS");
  EXPECT_EQ(options.command_for("Operator/Add/float32.TN_operator_001_dense"),
            "tenon conform '/a/it'\\''s.so?memory=discrete' --filter "
            "Operator/Add/float32.TN_operator_001_dense --seed 7 --budget smoke");
}

TEST(RunOptions, AreChecked) {
  const auto parse = [](std::vector<std::string> words) {
    std::vector<char*> arguments;
    words.insert(words.begin(), "suite");
    for (std::string& word : words) arguments.push_back(word.data());
    return RunOptions::parse(static_cast<int>(arguments.size()), arguments.data());
  };
  EXPECT_FALSE(parse({"cpu"}).isolate);
  EXPECT_TRUE(parse({"./acme.so"}).isolate) << "a plugin on trial";
  EXPECT_FALSE(parse({"./acme.so", "--no-isolate"}).isolate);
  EXPECT_TRUE(parse({"cpu", "--jobs", "2"}).isolate);
  EXPECT_EQ(parse({"cpu", "--shard", "2/3"}).shard.index, 2u);
  EXPECT_EQ(parse({"cpu", "--budget", "smoke"}).descriptions_a_pair(), 8u);
  for (const auto& words : std::vector<std::vector<std::string>>{
           {},
           {"cpu", "opencl"},
           {"cpu", "--no-such"},
           {"cpu", "--filter"},
           {"cpu", "--timeout", "0"},
           {"cpu", "--timeout", "nan"},
           {"cpu", "--jobs", "0"},
           {"cpu", "--jobs", "2", "--no-isolate"},
           {"cpu", "--shard", "0/3"},
           {"cpu", "--shard", "4/3"},
           {"cpu", "--shard", "1/3/4"},
           {"cpu", "--budget", "large"},
           {"cpu", "--seed", "-1"},
       }) {
    EXPECT_THROW(parse(words), std::invalid_argument) << testing::PrintToString(words);
  }
}

// ---- Journal ----

struct JournalTest : testing::Test {
  std::filesystem::path path = testing::TempDir() + "journal_" + std::to_string(::getpid());
  RunOptions options;
  JournalTest() {
    options.spec = "acme";
    options.resume = path;
  }
  ~JournalTest() override { std::filesystem::remove(path); }
};

TEST_F(JournalTest, GoesOnBehindALineThatWasCutOff) {
  Journal(options).add(TestResult::named("A.a"));
  std::ofstream(path, std::ios::app) << R"({"test": "A.b", "outc)";
  {
    const Journal journal(options);
    EXPECT_TRUE(journal.earlier().contains("A.a"));
    EXPECT_EQ(journal.earlier().size(), 1u);
    journal.add(TestResult::named("A.b"));
  }
  EXPECT_TRUE(Journal(options).earlier().contains("A.b"));
}

TEST_F(JournalTest, IsOfOneRun) {
  Journal(options).add(TestResult::named("A.a"));
  options.seed = 2;
  EXPECT_THROW(Journal{options}, std::runtime_error);
  std::ofstream(path) << "a text\n";
  EXPECT_THROW(Journal{options}, std::runtime_error);
  options.resume = "/nowhere/results";
  EXPECT_THROW(Journal{options}, std::runtime_error);
}

TEST(Progress, SaysHowLongItWillTake) {
  Progress progress(false, 200);
  TestResult failed = TestResult::named("A.a");
  failed.outcome = Outcome::kCrashed;
  progress.add(failed);
  for (int i = 0; i < 49; ++i) progress.add(TestResult::named("A.b"));
  EXPECT_EQ(progress.line(30), "[25 %] 50 of 200 tests, 1 bad, 1 min 30 s left");
}

}  // namespace
}  // namespace tenon::conformance
