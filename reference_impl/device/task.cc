// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/task.h"

#include "reference_impl/device/constant.h"
#include "reference_impl/device/kernel_object.h"

namespace tenon::device {
namespace {

void work(Task& task, const Execution& execution, const Layouts& layouts) {
  switch (task.kind) {
    case TaskKind::kLaunch:
      task.kernel->run(*task.implementation, task.arguments, execution);
      break;
    case TaskKind::kCopy:
      execution.copy(task.dst, task.src, task.size);
      break;
    case TaskKind::kFill:
      execution.fill(task.dst, task.size, task.pattern.data(), task.pattern_size);
      break;
    case TaskKind::kReorder:
      layouts.reorder(task.dst_view, task.src_view, execution);
      break;
    default:
      break;
  }
}

}  // namespace

void start_task(Task& task, KeptFailure& failure, const Execution& execution,
                const Layouts& layouts) {
  tn_error error = TN_ERROR_INIT;
  switch (task.kind) {
    case TaskKind::kCallback: {
      const tn_status status = failure.get(&error);
      task.callback(task.user, status, status == TN_OK ? nullptr : &error);
      break;
    }
    case TaskKind::kRecord:
      failure.get(&error);
      task.record->complete(error);
      break;
    case TaskKind::kWait:
      // Also on a failed stream: work behind a later reset still has to come after the event.
      if (task.record->wait({}, &error) != TN_OK) failure.fail(error);
      break;
    default:
      if (failure.failed()) break;
      try {
        work(task, execution, layouts);
      } catch (...) {
        failure.fail_from_exception();
      }
  }
}

void drop_task(Task& task) {
  if (task.kernel != nullptr) task.kernel->release();
  if (task.constant != nullptr) task.constant->release();
  task.kernel = nullptr;
  task.constant = nullptr;
  task.record.reset();
}

}  // namespace tenon::device
