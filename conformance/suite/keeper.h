// SPDX-License-Identifier: Apache-2.0
//
// What queued work still uses when a test ends early: by a failed assertion, by an exception, or
// because something is unsupported. Objects on the test's stack are gone by then.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "tenon/tenon.hpp"

namespace tenon::conformance {

using Bytes = std::vector<unsigned char>;

// Owns host memory that queued work reads or writes, and handles that are to outlive that work
// because their lifetime is not what the test is about. Its owner waits for the device before it
// goes. May be used from any thread.
class Keeper {
 public:
  template <class T, class... Arguments>
  T& make(Arguments&&... arguments) {
    auto made = std::make_shared<T>(std::forward<Arguments>(arguments)...);
    T& object = *made;
    const std::lock_guard lock(mutex_);
    kept_.push_back(std::move(made));
    return object;
  }

  // Once the work has ended: for tests that do many things, on devices of little memory.
  void forget() {
    const std::lock_guard lock(mutex_);
    kept_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<void>> kept_;
};

// What a callback is called with. They live until the program ends: a device that is wrong may call
// at any time, and again.
class Calls {
 public:
  static Calls& make();

  // Throws tenon::Error.
  void queue_on(const Stream& stream);
  // For the first call, ten seconds at most.
  void wait() const;

  Bytes bytes;  // Read into by work before the callback; a call looks at the last one.

  std::atomic<int> count{0};
  std::atomic<tn_status> status{TN_INTERNAL};
  std::atomic<bool> with_error{false};
  std::atomic<bool> error_fits{false};  // It has the status, and a message.
  std::atomic<int> last_byte{-1};

 private:
  static void TN_CALL call(void* user, tn_status status, const tn_error* error);
};

}  // namespace tenon::conformance
