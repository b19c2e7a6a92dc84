// SPDX-License-Identifier: Apache-2.0
#include "suite/failure_notes.h"

#include <gtest/gtest.h>

#include <atomic>

#include "suite/recorder.h"
#include "suite/reproducer.h"
#include "suite/target.h"

namespace tenon::conformance {
namespace {

class Listener : public testing::EmptyTestEventListener {
 public:
  void OnTestStart(const testing::TestInfo& info) override {
    Recorder::get().restart();
    noted_ = false;
    name_ = std::string(info.test_suite_name()) + "." + info.name();
  }

  // At the first failure, while what the test did last is what failed.
  void OnTestPartResult(const testing::TestPartResult& part) override {
    if (!part.failed() || noted_.exchange(true)) return;  // Threads may fail at the same time.
    const Record record = Recorder::get().now();
    note("plugin_error", record.said);
    note("description", description_of(record));
    const Spec& spec = Target::get().spec();
    note("reproducer",
         reproducer_of(record, {name_, part.message(), spec.plugin, spec.index, spec.options}));
  }

 private:
  static void note(const char* key, const std::string& text) {
    if (!text.empty()) testing::Test::RecordProperty(key, text);
  }

  std::string name_;
  std::atomic<bool> noted_{false};
};

}  // namespace

void note_failures() { testing::UnitTest::GetInstance()->listeners().Append(new Listener); }

}  // namespace tenon::conformance
