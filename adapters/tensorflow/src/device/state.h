// SPDX-License-Identifier: Apache-2.0
//
// The devices behind TensorFlow's "TENON:0", "TENON:1", ..., and the failures on their way to the
// user.
//
// TensorFlow ends the process when an asynchronous copy or an event fails, so failures of queued
// work are not given to it there. They are kept here and reported by the next call that can carry
// an error: an op on the device, a synchronize, or a read of a tensor's value from Python.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "runtime/context.h"
#include "status.h"
#include "tensorflow/c/experimental/stream_executor/stream_executor.h"

namespace tenon::tensorflow {
class DeviceState;
}

// TensorFlow's names for a stream and an event.
struct SP_Stream_st {
  tenon::tensorflow::DeviceState* owner = nullptr;
  std::unique_ptr<tenon::runtime::Stream> stream;
  // Calls on one stream must be serialised: ops run on many threads, and a failure is cleared by
  // whichever thread finds it.
  std::mutex mutex;
};
struct SP_Event_st {
  tenon::tensorflow::DeviceState* owner = nullptr;
  std::unique_ptr<tenon::runtime::Event> event;
};

namespace tenon::tensorflow {

class DeviceState {
 public:
  explicit DeviceState(runtime::ManagedDevice& device) : device_(device) {}

  runtime::ManagedDevice& device() const { return device_; }

  SP_Stream create_stream();
  void destroy_stream(SP_Stream stream);

  // Keeps the failure being handled (call it in a catch block) unless one is kept already, and
  // makes the streams usable again.
  void keep_failure() noexcept;
  // Cheap enough for each op.
  bool failed() const { return failed_.load(std::memory_order_acquire); }
  // The kept failure, once.
  Failure take_failure();
  // Throws the kept failure, if any, and forgets it.
  void throw_failure() {
    if (failed()) [[unlikely]]
      rethrow();
  }
  // Counts an op that TensorFlow's CPU kernel runs for the device, with so many copies between
  // their memories; warns of it or throws, as the device's fallback policy says.
  void count_host_op(const std::string& op, uint64_t copies);
  struct HostOpCount {
    uint64_t calls = 0;
    uint64_t copies = 0;
  };
  std::map<std::string, HostOpCount> host_op_counts();
  void reset_counts();

  // Waits for all streams; keeps the first failure.
  void wait() noexcept;
  // Waits for all streams and throws the first failure.
  void synchronize() {
    wait();
    throw_failure();
  }

 private:
  void rethrow();
  // All of them, kept alive for who waits for them without the lock.
  std::vector<std::shared_ptr<SP_Stream_st>> streams();

  runtime::ManagedDevice& device_;
  std::mutex mutex_;  // Guards what follows.
  std::map<SP_Stream, std::shared_ptr<SP_Stream_st>> streams_;
  std::atomic<bool> failed_{false};
  Failure failure_;
  std::map<std::string, HostOpCount> host_ops_;
  std::set<std::string> warned_;  // Host ops that the user has been warned of.
};

// Opens the devices once; later calls give the same. Throws when none can be used.
const std::vector<DeviceState*>& device_states();
DeviceState& device_state(size_t index);
// The device whose memory it is. Throws for an address of none.
DeviceState& owner_of(const void* address);

inline DeviceState& state_of(const SP_Device* device) {
  return *static_cast<DeviceState*>(device->device_handle);
}

}  // namespace tenon::tensorflow

// Failures kept by all devices and not yet taken. Python reads it after each copy to the host.
extern "C" {
TN_EXPORT extern std::atomic<uint32_t> tenon_tf_failures;
}
