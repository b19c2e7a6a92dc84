// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/stream.h"

namespace tenon::device {

Event::Event(OpenDevice& owner, uint32_t flags)
    : DeviceObject(owner),
      timing((flags & TN_EVENT_TIMING) != 0),
      by_host((flags & TN_EVENT_HOST) != 0) {
  if (by_host) record_ = std::make_shared<Record>(nullptr, 0);
}

Event::~Event() {
  if (!by_host) return;
  tn_error lost = TN_ERROR_INIT;
  plugin::set_error(&lost, TN_INVALID_STATE, nullptr,
                    "the host destroyed an event that it had not signalled");
  record_->complete(lost);
}

void Event::signal(tn_status status) {
  tn_error failure = TN_ERROR_INIT;
  if (status != TN_OK) {
    plugin::set_error(&failure, status, nullptr, "the host signalled a failure, 0x%x",
                      static_cast<unsigned>(status));
  }
  if (!by_host || !record_->complete(failure)) {
    plugin::fail_at("event", TN_INVALID_STATE, nullptr,
                    by_host ? "the event is signalled already"
                            : "only events made with TN_EVENT_HOST are signalled by the host");
  }
}

void Event::record(Stream& stream) {
  if (by_host) {
    plugin::fail_at("event", TN_INVALID_STATE, nullptr,
                    "an event made with TN_EVENT_HOST is signalled, not recorded");
  }
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

}  // namespace tenon::device
