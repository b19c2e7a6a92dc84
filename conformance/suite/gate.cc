// SPDX-License-Identifier: Apache-2.0
#include "suite/gate.h"

#include <condition_variable>
#include <mutex>

#include "suite/complaints.h"

namespace tenon::conformance {

Gate::Gate(const Device& device, std::chrono::milliseconds limit) {
  const tn_event_desc desc{sizeof(desc), TN_EVENT_HOST, 0};
  tn_event* handle = nullptr;
  const Refusal maybe;
  if (tn_event_create(device.get(), &desc, &handle, nullptr) != TN_OK) return;
  event_ = Event(handle);
  opener_ = std::jthread([this, limit](const std::stop_token& asked) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, asked, limit, [] { return false; });
    opened_ = true;
    tn_event_signal(event_.get(), TN_OK, nullptr);
  });
}

void Gate::hold(const Stream& stream) const {
  if (event_) stream.wait(event_);
}

void Gate::open() {
  opener_.request_stop();
  if (opener_.joinable()) opener_.join();
}

}  // namespace tenon::conformance
