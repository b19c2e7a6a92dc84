// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/stream.h"

namespace tenon::cpu {

void Event::record(Stream& stream) {
  auto record = std::make_shared<Record>(stream.core, stream.core->queued() + 1);
  Task task;
  task.kind = TaskKind::kRecord;
  task.record = record;
  {
    const std::lock_guard lock(mutex_);
    record_ = std::move(record);
  }
  stream.core->submit(std::move(task));
}

std::shared_ptr<Record> Event::latest() {
  const std::lock_guard lock(mutex_);
  return record_;
}

}  // namespace tenon::cpu
