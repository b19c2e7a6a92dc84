// SPDX-License-Identifier: Apache-2.0
#include "run/isolated.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "run/selection.h"
#include "suite/target.h"

namespace tenon::conformance {
namespace {

constexpr int kTickMilliseconds = 20;
constexpr size_t kMostSentences = 20;  // About one of opening, running and closing.

Outcome outcome_of(const Ending& ending) {
  return ending.is_hang() ? Outcome::kHung : Outcome::kCrashed;
}

// A plugin that is not there at all is no plugin that does not open.
bool is_nowhere(const std::string& spec, tn_status status) {
  const std::string plugin = Spec::parse(spec).plugin;
  if (plugin.find('/') == std::string::npos) return status == TN_NOT_FOUND;
  std::error_code none;
  return !std::filesystem::exists(plugin, none);
}

}  // namespace

IsolatedRun::IsolatedRun(const RunOptions& options, TakeResult take, std::function<void()> idle)
    : options_(options), take_(std::move(take)), idle_(std::move(idle)) {}

void IsolatedRun::start(Errand errand) {
  workers_.push_back(std::make_unique<Worker>(options_, std::move(errand)));
}

std::optional<Subject> IsolatedRun::scout() {
  Errand errand;
  errand.scouts = true;
  start(std::move(errand));
  while (!workers_.empty()) {
    wait_for_any();
    look_at_all();
  }
  return subject_;
}

void IsolatedRun::run(const std::vector<std::string>& tests) {
  deal(tests);
  while (!waiting_.empty() || !workers_.empty()) {
    while (may_start()) {
      Errand errand = std::move(waiting_.front());
      waiting_.pop_front();
      start(std::move(errand));
    }
    wait_for_any();
    look_at_all();
    idle_();
  }
}

bool IsolatedRun::may_start() const {
  if (waiting_.empty()) return false;
  if (workers_.empty()) return true;
  return workers_.size() < options_.jobs && !waiting_.front().alone &&
         !workers_.front()->errand().alone;
}

// Into parts that are large enough to be worth opening a device for, and small enough that all
// processes end at about the same time.
void IsolatedRun::deal(const std::vector<std::string>& tests) {
  Errand without, with, alone;
  alone.alone = true;
  const size_t parts = options_.jobs == 1 ? 1 : 4 * options_.jobs;
  const size_t size = std::clamp<size_t>((tests.size() + parts - 1) / parts, 1, kMostTests);
  for (const std::string& test : tests) {
    if (needs_no_device(test)) {
      without.tests.push_back(test);
    } else if (!subject_) {
      leave_out(test, std::string("not run: the device did not open (") + kOpens + " says why)");
    } else if (wants_the_device_alone(test)) {
      alone.tests.push_back(test);
    } else {
      with.tests.push_back(test);
      if (with.tests.size() == size) waiting_.push_back(std::exchange(with, {}));
    }
  }
  if (!without.tests.empty()) waiting_.push_front(std::move(without));
  if (!with.tests.empty()) waiting_.push_back(std::move(with));
  if (!alone.tests.empty()) waiting_.push_back(std::move(alone));
}

void IsolatedRun::wait_for_any() const {
  std::vector<pollfd> files;
  for (const auto& worker : workers_) worker->add_to(files);
  ::poll(files.data(), files.size(), kTickMilliseconds);
}

void IsolatedRun::look_at_all() {
  for (const auto& worker : workers_) {
    worker->look();
    read_lines(*worker);
    if (worker->ending()) close_up(*worker);
  }
  std::erase_if(workers_, [](const auto& worker) { return worker->ending().has_value(); });
}

void IsolatedRun::read_lines(Worker& worker) {
  while (std::optional<std::string> line = worker.read_line()) {
    try {
      read_line(worker, *line);
    } catch (const std::exception& exception) {
      fault(kRuns, std::string("the plugin wrote into memory of the suite, which reads: ") +
                       exception.what());
    }
  }
}

void IsolatedRun::read_line(Worker& worker, const std::string& text) {
  const auto line = nlohmann::ordered_json::parse(text);
  if (line.contains("result")) {
    TestResult result = result_from_json(line.at("result"));
    if (judged_.insert(result.name).second) take_(std::move(result));
  } else if (line.contains("subject")) {
    subject_ = subject_from_json(line.at("subject"));
  } else if (line.contains("complaint")) {
    fault(kCloses, line.at("complaint"));
  } else if (line.contains("done")) {
    done_.insert(&worker);
  } else {
    unopened_.insert(&worker);
    const std::string why = line.at("not_open");
    if (worker.errand().scouts && is_nowhere(options_.spec, line.at("status"))) {
      nothing_there_ = why;
    }
    fault(kOpens, why);
  }
}

// It has ended: well, or it is said what was wrong, and another one goes on with what it left.
void IsolatedRun::close_up(Worker& worker) {
  const Ending& ending = *worker.ending();
  const bool is_well =
      done_.contains(&worker) && ending.how == Ending::How::kExit && ending.code == 0;
  if (!is_well) blame(ending);
  const bool did_not_open =
      unopened_.contains(&worker) || (!is_well && ending.stage == Stage::kOpening);
  // One that comes to no result at all would be followed by its like for ever.
  const bool is_vain = std::ranges::none_of(
      worker.errand().tests, [&](const std::string& test) { return judged_.contains(test); });
  Errand rest;
  rest.alone = worker.errand().alone;
  for (const std::string& test : worker.errand().tests) {
    if (judged_.contains(test)) continue;
    if (is_vain || (did_not_open && !needs_no_device(test))) {
      leave_out(test,
                std::string("not run: the device did not open again (") + kOpens + " says why)");
    } else if (has_waited_enough()) {
      leave_out(test,
                "not run: tests before it hung for half an hour; run it alone, or wait less with "
                "--timeout");
    } else {
      rest.tests.push_back(test);
    }
  }
  if (!rest.tests.empty()) waiting_.push_front(std::move(rest));
  done_.erase(&worker);
  unopened_.erase(&worker);
}

void IsolatedRun::blame(const Ending& ending) {
  if (ending.is_hang()) hung_seconds_ += ending.seconds;
  if (ending.stage == Stage::kTesting && !judged_.contains(ending.test)) {
    TestResult result = TestResult::named(ending.test);
    result.outcome = outcome_of(ending);
    result.seconds = ending.seconds;
    result.add_message(ending.sentence());
    judged_.insert(result.name);
    take_(std::move(result));
    return;
  }
  const char* where = ending.stage == Stage::kOpening   ? kOpens
                      : ending.stage == Stage::kTesting ? kRuns
                                                        : kCloses;
  fault(where, ending.sentence() +
                   (ending.stage == Stage::kTesting ? ", behind " + ending.test : std::string()));
  worst_[where] = outcome_of(ending);
}

void IsolatedRun::fault(const char* where, const std::string& sentence) {
  std::vector<std::string>& sentences = faults_[where];
  if (sentences.size() < kMostSentences &&
      std::ranges::find(sentences, sentence) == sentences.end()) {
    sentences.push_back(sentence);
  }
}

void IsolatedRun::leave_out(const std::string& test, const std::string& reason) {
  TestResult result = TestResult::named(test);
  result.outcome = Outcome::kNotRun;
  result.add_message(reason);
  judged_.insert(test);
  take_(std::move(result));
}

std::vector<TestResult> IsolatedRun::outside_of_tests() const {
  std::vector<TestResult> results;
  for (const char* name : {kOpens, kRuns, kCloses}) {
    TestResult result = TestResult::named(name);
    if (const auto found = faults_.find(name); found != faults_.end()) {
      const auto worst = worst_.find(name);
      result.outcome = worst != worst_.end() ? worst->second : Outcome::kFailed;
      result.messages = found->second;
    } else if (!subject_) {
      result.outcome = Outcome::kNotRun;
      result.add_message("not run: the device did not open");
    }
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace tenon::conformance
