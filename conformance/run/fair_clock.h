// SPDX-License-Identifier: Apache-2.0
//
// How long a test has had to run. On a busy machine that is less than what the clock on the wall
// says: what its threads spent ready to run, but waiting for a processor, does not count. A test
// that is blocked waits for no processor, and one that spins gets some, so that both run out of
// time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>

namespace tenon::conformance {

// What a test is given, of each kind of time.
struct TimeLimits {
  double running = 0;
  double compiling = 0;
};

class FairClock {
 public:
  // Of a process and those that it started; 0 is this process.
  explicit FairClock(pid_t process) : process_(process) { restart(); }

  // For the next test.
  void restart();
  // What went by since the last tick was this. To be called many times a second.
  void tick(bool compiling);

  double running() const { return running_.fair(); }
  double compiling() const { return compiling_.fair(); }
  double wall() const { return running_.wall + compiling_.wall; }
  // Whether one of the limits is used up; or ten times as much and five minutes on the wall's
  // clock, so that it ends on any machine.
  bool is_over(const TimeLimits& limits) const;

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr double kPatience =
      300;  // Seconds that even the shortest limit gets by the wall.
  static constexpr double kUnwatched = 0.5;  // Seconds in which most tests are done.

  struct Account {
    double wall = 0;                 // Seconds, all of them.
    double given = 0;                // Seconds without those of gaps.
    std::map<pid_t, double> waited;  // Seconds that each thread waited for a processor.
    double fair() const;
    bool is_over(double limit) const { return fair() > limit || wall > 10 * limit + kPatience; }
  };

  void look_at(pid_t process, Account& account);

  pid_t process_;
  Clock::time_point last_;
  Account running_, compiling_;
  std::map<pid_t, double> seen_;  // What each thread had waited when last looked at.
};

}  // namespace tenon::conformance
