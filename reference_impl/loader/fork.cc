// SPDX-License-Identifier: Apache-2.0
#include "fork.h"

#include <pthread.h>

#include <atomic>

#include "dispatch_table.h"
#include "reference_impl/layers/validation/stale.h"

namespace tenon::loader {
namespace {

// The only mutable globals of the loader. A fork handler takes no argument, so what it must reach
// can only be found through a global; everything else belongs to some tn_loader. Constant-
// initialised and never destroyed, so that order of initialisation does not matter.
struct LiveTables {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  DispatchTable* first = nullptr;
  bool handlers_installed = false;
  std::atomic<bool> forked{false};
};
constinit LiveTables g_live;

struct Lock {
  Lock() { pthread_mutex_lock(&g_live.mutex); }
  ~Lock() { pthread_mutex_unlock(&g_live.mutex); }
};

// The list must be whole at the moment of the fork.
void before_fork() { pthread_mutex_lock(&g_live.mutex); }
void after_fork_in_parent() { pthread_mutex_unlock(&g_live.mutex); }
void after_fork_in_child() {
  g_live.forked.store(true, std::memory_order_relaxed);
  layers::validation::stop_watching_after_fork();
  for (DispatchTable* table = g_live.first; table != nullptr; table = table->next) {
    table->disable_after_fork();
  }
  pthread_mutex_unlock(&g_live.mutex);
}

}  // namespace

void add_live_table(DispatchTable* table) {
  const Lock lock;
  if (g_live.forked.load(std::memory_order_relaxed)) table->disable_after_fork();
  if (!g_live.handlers_installed) {
    // Fails only without memory; then a forked child would be as undefined as without Tenon.
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
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

bool is_forked_child() { return g_live.forked.load(std::memory_order_relaxed); }

}  // namespace tenon::loader
