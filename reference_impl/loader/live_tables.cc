// SPDX-License-Identifier: Apache-2.0
#include "live_tables.h"

#include <atomic>
#include <cstdlib>
#include <vector>

#include "dispatch_table.h"
#include "reference_impl/layers/validation/stale.h"
#include "reference_impl/platform/platform.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {
namespace {

// A lock that is initialised as a constant everywhere, which std::mutex is not on Windows. Held for
// a few instructions at a time.
class LiveLock {
 public:
  void lock() {
    while (held_.exchange(true, std::memory_order_acquire)) held_.wait(true);
  }
  void unlock() {
    held_.store(false, std::memory_order_release);
    held_.notify_one();
  }

 private:
  std::atomic<bool> held_{false};
};

// The only mutable globals of the loader. Handlers of forks and of the process' end take no
// argument, so what they must reach can only be found through a global; everything else belongs to
// some tn_loader. Initialised as constants and never destroyed, so that order of initialisation
// does not matter.
struct LiveTables {
  LiveLock mutex;
  DispatchTable* first = nullptr;
  bool handlers_installed = false;
  std::atomic<bool> forked{false};
  std::atomic<bool> ending{false};
};
constinit LiveTables g_live;

struct Lock {
  Lock() { g_live.mutex.lock(); }
  ~Lock() { g_live.mutex.unlock(); }
};

// The list must be whole at the moment of the fork.
void before_fork() { g_live.mutex.lock(); }
void after_fork_in_parent() { g_live.mutex.unlock(); }
void after_fork_in_child() {
  g_live.forked.store(true, std::memory_order_relaxed);
  layers::validation::stop_watching_after_fork();
  for (DispatchTable* table = g_live.first; table != nullptr; table = table->next) {
    table->disable_after_fork();
  }
  g_live.mutex.unlock();
}

// Runs once for each plugin that was opened; the first run does all there is to do.
void end_tables() {
  if (is_forked_child()) return;
  std::vector<DispatchTable*> tables;
  {
    const Lock lock;
    if (g_live.ending.exchange(true)) return;
    // Latest first: a plugin may rest on one that was opened before.
    for (DispatchTable* table = g_live.first; table != nullptr; table = table->next) {
      tables.push_back(table);
    }
  }
  for (DispatchTable* table : tables) table->end_with_process();
}

}  // namespace

void add_live_table(DispatchTable* table) {
  const Lock lock;
  if (g_live.forked.load(std::memory_order_relaxed)) table->disable_after_fork();
  if (!g_live.handlers_installed) {
    // Fails only without memory; then a forked child would be as undefined as without Tenon.
    platform::watch_forks(before_fork, after_fork_in_parent, after_fork_in_child);
    g_live.handlers_installed = true;
  }
  table->next = g_live.first;
  if (g_live.first != nullptr) g_live.first->previous = table;
  g_live.first = table;
}

void remove_live_table(DispatchTable* table) {
  const Lock lock;
  if (table->previous != nullptr) table->previous->next = table->next;
  if (table->next != nullptr) table->next->previous = table->previous;
  if (g_live.first == table) g_live.first = table->next;
}

// Fails only without memory; then plugins end with their static objects.
void watch_process_end() { std::atexit(end_tables); }

void check_process_goes_on() {
  if (!g_live.ending.load(std::memory_order_relaxed)) return;
  plugin::fail(TN_DEVICE_LOST, nullptr, "the process is ending; plugins cannot be opened any more");
}

bool is_forked_child() { return g_live.forked.load(std::memory_order_relaxed); }

}  // namespace tenon::loader
