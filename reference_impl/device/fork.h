// SPDX-License-Identifier: Apache-2.0
//
// Tells a child after fork() from the process that made the handles.
#pragma once

#include <atomic>
#include <cstdint>

namespace tenon::device {

// Number of forks between the process that loaded the library and this one. One load on the launch
// path, where getpid() would be a system call.
extern std::atomic<uint32_t> fork_generation;

// Starts counting. Idempotent.
void watch_forks();

}  // namespace tenon::device
