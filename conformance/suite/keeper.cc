// SPDX-License-Identifier: Apache-2.0
#include "suite/keeper.h"

#include <chrono>
#include <deque>
#include <thread>

namespace tenon::conformance {

Calls& Calls::make() {
  static auto* const all = new std::deque<Calls>;
  return all->emplace_back();
}

void Calls::queue_on(const Stream& stream) { stream.callback(call, this); }

void Calls::wait() const {
  for (int i = 0; i < 10000 && count == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void Calls::call(void* user, tn_status status, const tn_error* error) {
  auto& calls = *static_cast<Calls*>(user);
  calls.status = status;
  calls.with_error = error != nullptr;
  calls.error_fits = error != nullptr && error->code == status && error->message[0] != '\0';
  if (!calls.bytes.empty()) calls.last_byte = calls.bytes.back();
  ++calls.count;
}

}  // namespace tenon::conformance
