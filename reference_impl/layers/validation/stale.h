// SPDX-License-Identifier: Apache-2.0
//
// How libtenon's functions find out that their first argument is a handle that was destroyed,
// without reading it: its memory may be gone. They test it for NULL anyway; instead of with 0 they
// compare it with `checked_below`, which is 0 unless a validation layer is in the process.
#pragma once

#include <atomic>
#include <cstdint>

#include "tenon/tenon.h"

namespace tenon::layers::validation {

extern std::atomic<uintptr_t> checked_below;

inline bool wants_check(const void* handle) {
  return reinterpret_cast<uintptr_t>(handle) <= checked_below.load(std::memory_order_relaxed);
}

// Begins the checks. They do not end: handles may be used after their instance has gone.
void watch_stale_handles();
// In a forked child, where the registry's lock may be held by a thread that is not there.
void stop_watching_after_fork();

// Whether the handle was destroyed. Then it is reported, and `*status` is what to answer.
bool refuse_stale(const void* handle, const char* function, tn_status* status, tn_error* error);

}  // namespace tenon::layers::validation
