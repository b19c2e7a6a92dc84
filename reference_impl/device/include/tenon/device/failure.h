// SPDX-License-Identifier: Apache-2.0
//
// The failure that a stream keeps, and how exceptions become errors.
#pragma once

#include <atomic>
#include <mutex>

#include "tenon/device/kernel.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::device {

// For catch blocks: KernelError as well as everything that plugin::guard knows.
inline tn_status exception_to_error(tn_error* error) noexcept {
  try {
    throw;
  } catch (const KernelError& failure) {
    return plugin::set_vendor_error(error, failure.status, failure.vendor_code, failure.what());
  } catch (...) {
    return plugin::current_exception_to_error(error);
  }
}

// Copies `failure` to what a caller gave and returns its status.
inline tn_status report(const tn_error& failure, tn_error* error) {
  return plugin::copy_error(error, failure);
}

// The first failure since the last reset. Written by the thread that runs the stream's work, read
// by anyone.
class KeptFailure {
 public:
  bool failed() const { return status_.load(std::memory_order_acquire) != TN_OK; }

  void fail(const tn_error& error) {
    const std::lock_guard lock(mutex_);
    if (failed()) return;
    error_ = error;
    status_.store(error.code, std::memory_order_release);
  }
  void fail_from_exception() noexcept {
    tn_error error = TN_ERROR_INIT;
    exception_to_error(&error);
    fail(error);
  }

  // TN_OK, or the failure with its details.
  tn_status get(tn_error* error) const {
    if (!failed()) return TN_OK;
    const std::lock_guard lock(mutex_);
    return failed() ? report(error_, error) : TN_OK;
  }

  void reset() { status_.store(TN_OK, std::memory_order_release); }

 private:
  std::atomic<tn_status> status_{TN_OK};
  mutable std::mutex mutex_;
  tn_error error_ = TN_ERROR_INIT;
};

}  // namespace tenon::device
