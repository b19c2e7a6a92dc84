// SPDX-License-Identifier: Apache-2.0
#include "run/run.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>

#include <unistd.h>

#include "profiles/profile_test.h"
#include "run/in_process.h"
#include "run/isolated.h"
#include "run/journal.h"
#include "run/progress.h"
#include "run/selection.h"
#include "suite/case_test.h"
#include "suite/complaints.h"
#include "suite/report.h"
#include "suite/target.h"

namespace tenon::conformance {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;

void on_interrupt(int signal) { g_interrupted = signal; }

void print_subject(const Subject& subject) {
  std::printf("%s: %s (%s %s)\n", subject.spec.c_str(), subject.device.c_str(),
              subject.plugin.c_str(), subject.plugin_version.c_str());
}

class Run {
 public:
  explicit Run(const RunOptions& options)
      : options_(options),
        journal_(options),
        reporter_(
            options.declaration.empty() ? Declaration{} : Declaration::read(options.declaration),
            options) {}

  int go() { return options_.isolate ? go_isolated() : go_in_process(); }

 private:
  int go_in_process();
  int go_isolated();
  // Their cases take a while to make, and are not made where none of them is asked for.
  void add_operator_tests();
  // Names of all tests of this run, those outside of GoogleTest included.
  std::vector<std::string> select(const std::vector<std::string>& all);
  // Of the selected ones, those that are not done before.
  std::vector<std::string> left_to_run(const std::vector<std::string>& selected);
  void list(const std::vector<std::string>& names) const;
  void take(const TestResult& result);
  void take_outside(const std::vector<TestResult>& results);
  void check_claims();

  const RunOptions& options_;
  Journal journal_;
  Reporter reporter_;
  std::vector<std::string> selected_;
  std::optional<Progress> progress_;
};

void Run::add_operator_tests() {
  register_profile_tests();
  if (!may_match(options_.filter, "Operator/")) return;
  CaseOptions cases;
  cases.compile_budget = options_.descriptions_a_pair();
  cases.seed = static_cast<uint32_t>(options_.seed);
  cases.wanted = [&](const std::string& suite) { return may_match(options_.filter, suite + "."); };
  register_operator_tests(cases);
}

std::vector<std::string> Run::select(const std::vector<std::string>& all) {
  check_names(all);
  std::vector<std::string> names = filtered(all, options_.filter);
  for (const char* name : {kOpens, kRuns, kCloses}) {
    if (!filtered({name}, options_.filter).empty()) names.emplace_back(name);
  }
  if (names.empty()) throw std::invalid_argument("no test matches '" + options_.filter + "'");
  std::erase_if(names, [&](const std::string& name) { return !is_in(options_.shard, name); });
  return selected_ = names;
}

std::vector<std::string> Run::left_to_run(const std::vector<std::string>& selected) {
  std::vector<std::string> left;
  for (const std::string& test : selected) {
    if (const auto done = journal_.earlier().find(test); done != journal_.earlier().end()) {
      reporter_.add(done->second);
    } else if (!test.starts_with("Plugin.")) {
      left.push_back(test);
    }
  }
  return left;
}

void Run::list(const std::vector<std::string>& names) const {
  for (const std::string& name : names) std::printf("%s\n", name.c_str());
}

// A claim that no test has reached is no claim that holds. A sample need not reach all.
void Run::check_claims() {
  if (options_.filter != "*" || options_.shard.count != 1) return;
  const std::vector<ClaimResult> claims = reporter_.claims();
  const auto reached = std::ranges::count_if(claims, &ClaimResult::reached);
  reporter_.add_note("claims exercised: " + std::to_string(reached) + " of " +
                     std::to_string(claims.size()));
  for (const ClaimResult& claim : claims) {
    if (claim.reached()) continue;
    const std::string sentence = "claimed, but no test reached it: " + name_of(claim);
    options_.smoke() ? reporter_.add_note(sentence) : reporter_.add_failure("claims", sentence);
  }
}

void Run::take(const TestResult& result) {
  journal_.add(result);
  progress_->add(result);
  reporter_.add(result);
}

// Each is of one shard; one that is bad is of that which found it, too.
void Run::take_outside(const std::vector<TestResult>& results) {
  for (const TestResult& result : results) {
    const bool is_selected = std::ranges::find(selected_, result.name) != selected_.end();
    const bool is_done = journal_.earlier().contains(result.name) && !is_bad(result.outcome);
    if ((is_selected && !is_done) || is_bad(result.outcome)) take(result);
  }
}

int Run::go_in_process() {
  Target& target = Target::get();
  target.open(Spec::parse(options_.spec));
  reporter_.set_subject(target.subject());
  add_operator_tests();
  const std::vector<std::string> selected = select(registered_tests());
  if (options_.list) return list(selected), 0;
  print_subject(target.subject());
  const std::vector<std::string> left = left_to_run(selected);
  progress_.emplace(options_.progress, left.size());
  end_at_crash_or_hang({options_.timeout, options_.compile_timeout}, journal_.file());
  listen([&](const TestResult& result) {
    take(result);
    progress_->refresh();
  });
  run_tests(left);
  progress_->clear();
  check_claims();

  TestResult closes = TestResult::named(kCloses);
  const auto complain = [&] {
    for (std::string& complaint : take_complaints()) {
      closes.outcome = Outcome::kFailed;
      closes.add_message(std::move(complaint));
    }
  };
  target.close_device();
  complain();
  target.close();
  complain();
  take_outside({TestResult::named(kOpens), TestResult::named(kRuns), closes});
  return reporter_.finish();
}

int Run::go_isolated() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, on_interrupt);
  const auto idle = [&] {
    if (g_interrupted != 0)
      throw std::runtime_error("interrupted; --resume FILE would have gone on");
    if (progress_) progress_->refresh();
  };
  IsolatedRun isolated(options_, [&](const TestResult& result) { take(result); }, idle);
  const std::optional<Subject> subject = isolated.scout();
  if (const auto reason = isolated.nothing_there()) throw std::runtime_error(*reason);
  if (subject) {
    Target::get().adopt(*subject);
    add_operator_tests();
  }
  Subject known;
  known.spec = options_.spec;
  reporter_.set_subject(subject.value_or(known));
  const std::vector<std::string> selected = select(registered_tests());
  if (options_.list) return list(selected), 0;
  if (subject) print_subject(*subject);
  const std::vector<std::string> left = left_to_run(selected);
  progress_.emplace(options_.progress, left.size());
  isolated.run(left);
  progress_->clear();
  check_claims();
  take_outside(isolated.outside_of_tests());
  return reporter_.finish();
}

}  // namespace

int run(const RunOptions& options) { return Run(options).go(); }

}  // namespace tenon::conformance
