// SPDX-License-Identifier: Apache-2.0
//
// Tests in child processes. One that takes its process down, or has no end, is one result; a new
// process goes on behind it. The plugin is never opened in this process.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "run/in_process.h"
#include "run/worker.h"
#include "suite/subject.h"

namespace tenon::conformance {

class IsolatedRun {
 public:
  // `take` gets each result as it comes; `idle` is called many times a second.
  IsolatedRun(const RunOptions& options, TakeResult take, std::function<void()> idle);

  // What there is to judge, by a child that has opened it. Nothing where it did not open: failed()
  // says why.
  std::optional<Subject> scout();
  // Whether there is no such plugin at all: a typing error, and nothing to judge. Says which.
  std::optional<std::string> nothing_there() const { return nothing_there_; }

  // Runs them all. Those that need a device, where none opened, are not run.
  void run(const std::vector<std::string>& tests);

  // The results of kOpens, kRuns and kCloses, when all has run.
  std::vector<TestResult> outside_of_tests() const;

 private:
  bool may_start() const;
  void start(Errand errand);
  void look_at_all();
  void wait_for_any() const;
  void read_lines(Worker& worker);
  void read_line(Worker& worker, const std::string& line);
  void close_up(Worker& worker);
  void blame(const Ending& ending);
  void fault(const char* where, const std::string& sentence);
  void leave_out(const std::string& test, const std::string& reason);
  void deal(const std::vector<std::string>& tests);
  bool has_waited_enough() const { return hung_seconds_ > kMostWaiting; }

  static constexpr double kMostWaiting = 1800;  // Seconds in which tests hung, of a run.
  static constexpr size_t kMostTests = 5000;    // Of one process.

  const RunOptions& options_;
  TakeResult take_;
  std::function<void()> idle_;
  std::deque<Errand> waiting_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::set<std::string> judged_;
  // By kOpens, kRuns, kCloses: what is wrong there, each sentence once.
  std::map<std::string, std::vector<std::string>> faults_;
  std::map<std::string, Outcome> worst_;
  std::optional<Subject> subject_;
  std::optional<std::string> nothing_there_;
  std::set<const Worker*> done_, unopened_;
  double hung_seconds_ = 0;
};

}  // namespace tenon::conformance
