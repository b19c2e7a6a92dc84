// SPDX-License-Identifier: Apache-2.0
#include "run/fair_clock.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>

namespace tenon::conformance {
namespace {

// Seconds that a thread waited for a processor since it began; nothing where it is gone, or the
// kernel keeps no such account.
std::optional<double> waited_of(const std::string& thread) {
  std::ifstream file(thread + "/schedstat");
  double ran_ns = 0, waited_ns = 0;
  if (!(file >> ran_ns >> waited_ns)) return std::nullopt;
  return waited_ns * 1e-9;
}

}  // namespace

double FairClock::Account::fair() const {
  double most = 0;
  for (const auto& [thread, seconds] : waited) most = std::max(most, seconds);
  return std::max(0.0, wall - most);
}

void FairClock::restart() {
  last_ = Clock::now();
  running_ = compiling_ = {};
  seen_.clear();
}

void FairClock::tick(bool compiling) {
  const Clock::time_point now = Clock::now();
  const double passed = std::chrono::duration<double>(now - last_).count();
  last_ = now;
  Account& account = compiling ? compiling_ : running_;
  account.wall += passed;
  if (running_.wall + compiling_.wall > kUnwatched) look_at(process_, account);
}

// Its threads and, through each of them, the processes that it started: compilers, most often.
void FairClock::look_at(pid_t process, Account& account) {
  const std::string folder =
      "/proc/" + (process == 0 ? std::string("self") : std::to_string(process)) + "/task";
  std::error_code gone;
  for (auto entry = std::filesystem::directory_iterator(folder, gone);
       !gone && entry != std::filesystem::directory_iterator(); entry.increment(gone)) {
    const std::string thread = entry->path().string();
    const pid_t id = std::stoi(entry->path().filename().string());
    if (const std::optional<double> waited = waited_of(thread)) {
      const auto [before, is_new] = seen_.try_emplace(id, *waited);
      account.waited[id] += *waited - before->second;
      before->second = *waited;
    }
    std::ifstream children(thread + "/children");
    for (pid_t child = 0; children >> child;) look_at(child, account);
  }
}

bool FairClock::is_over(const TimeLimits& limits) const {
  return running_.is_over(limits.running) || compiling_.is_over(limits.compiling);
}

}  // namespace tenon::conformance
