// SPDX-License-Identifier: Apache-2.0
//
// The handles of streams and events; the work behind them is in stream_core.h and record.h.
#pragma once

#include <memory>
#include <mutex>

#include "reference_impl/device/device.h"
#include "reference_impl/device/launch_scratch.h"

namespace tenon::device {

struct Stream : DeviceObject {
  explicit Stream(OpenDevice& owner) : DeviceObject(owner), core(owner.make_stream()) {}
  ~Stream() { core->close(); }

  const std::shared_ptr<StreamCore> core;
  LaunchScratch scratch;  // Of the thread that queues.
};

class Event : public DeviceObject {
 public:
  // `flags` are those of tn_event_desc.
  Event(OpenDevice& owner, uint32_t flags);
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // Throw plugin::Failure (TN_INVALID_STATE): the former for events that the host completes, the
  // latter for others and the second time.
  void record(Stream& stream);
  void signal(tn_status status);
  // The latest record, null when there is none.
  std::shared_ptr<Record> latest();

  const bool timing;
  const bool by_host;

 private:
  std::mutex mutex_;
  std::shared_ptr<Record> record_;
};

}  // namespace tenon::device
