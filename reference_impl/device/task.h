// SPDX-License-Identifier: Apache-2.0
//
// One piece of queued work. In unified memory tasks run at once; otherwise they sit in a slot of
// the stream's ring until the worker comes to them. What a task points to outlives it: buffers are
// freed behind it, kernels and constants are retained, small data lies in the stream's arena.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "reference_impl/device/record.h"
#include "tenon/device/failure.h"
#include "tenon/device/kernel.h"
#include "tenon/device/layouts.h"

namespace tenon::device {

class KernelObject;
class Constant;

enum class TaskKind : uint8_t { kNone, kLaunch, kCopy, kFill, kReorder, kCallback, kRecord, kWait };

struct Task {
  TaskKind kind = TaskKind::kNone;

  // kCopy, kFill
  std::byte* dst = nullptr;
  const std::byte* src = nullptr;
  uint64_t size = 0;
  std::array<std::byte, 16> pattern{};
  uint64_t pattern_size = 0;

  // kLaunch
  KernelObject* kernel = nullptr;          // Retained.
  const Kernel* implementation = nullptr;  // Which of its kernels.
  Arguments arguments;

  // kReorder
  View dst_view;
  View src_view;
  Constant* constant = nullptr;  // Retained: the one being made.

  // kCallback
  tn_callback callback = nullptr;
  void* user = nullptr;

  // kRecord, kWait
  std::shared_ptr<Record> record;

  // For the ring.
  std::chrono::steady_clock::time_point due{};
  uint64_t arena_end = 0;  // The arena is free up to here when the task is done; 0: none used.
};

// Whether tasks of this kind go to the execution, which may queue them. The others look at what has
// become of the work in front of them, so that has to be finished first.
inline bool is_queued(TaskKind kind) {
  return kind == TaskKind::kLaunch || kind == TaskKind::kCopy || kind == TaskKind::kFill ||
         kind == TaskKind::kReorder;
}

// Starts a task, unless the stream has failed and the kind is one that is skipped then; a failure
// of the task becomes the stream's. On a device's queue its work is done, and known to have
// succeeded, only after execution.finish().
void start_task(Task& task, KeptFailure& failure, const Execution& execution,
                const Layouts& layouts);

// Lets go of what the task holds. After its work is done.
void drop_task(Task& task);

}  // namespace tenon::device
