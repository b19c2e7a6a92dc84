// SPDX-License-Identifier: Apache-2.0
//
// One child process, from its parent's side: its lines, its time, and how it ended.
#pragma once

#include <poll.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "run/channel.h"
#include "run/child.h"
#include "run/fair_clock.h"

namespace tenon::conformance {

struct Ending {
  enum class How { kExit, kSignal, kHung };
  How how = How::kExit;
  int code = 0;  // Exit code or signal.
  Stage stage = Stage::kOpening;
  std::string doing;  // In words, outside of tests.
  bool compiling = false;
  bool spins = false;  // Of a hang: it used a processor to the end.
  std::string test;    // The one that began last; empty where none did.
  double seconds = 0;  // Since that.
  std::string output;  // The end of what it printed meanwhile.

  bool is_hang() const { return how == How::kHung; }
  // "ended by signal 11 (Segmentation fault) while opening the device", and what it printed.
  std::string sentence() const;
};

class Worker {
 public:
  // Starts it. Throws std::system_error.
  Worker(const RunOptions& options, Errand errand);
  // Ends it, and all that it started.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  const Errand& errand() const { return errand_; }
  // What there is to wait for: output, and its end.
  void add_to(std::vector<pollfd>& files) const;
  // Reads what it printed, minds its time, and sees whether it has ended. To be called many times a
  // second.
  void look();
  std::optional<std::string> read_line() { return channel_->read_line(); }
  // Once it has ended.
  const std::optional<Ending>& ending() const { return ending_; }

 private:
  TimeLimits limits() const;
  void read_output();
  void end(Ending::How how, int code, bool spins = false);

  Errand errand_;
  double timeout_, compile_timeout_;
  std::unique_ptr<Channel> channel_;
  pid_t process_ = -1;
  int handle_ = -1;  // A file that is readable when the process has ended; -1 on old kernels.
  int output_ = -1;
  std::string printed_;
  uint32_t seen_ = 0;
  FairClock clock_{0};
  std::optional<Ending> ending_;
};

}  // namespace tenon::conformance
