// SPDX-License-Identifier: Apache-2.0
//
// Callbacks: exactly once, in order, also when the stream fails.
#include <atomic>
#include <chrono>
#include <thread>

#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

using CallbackTest = DeviceTest;

struct Calls {
  std::atomic<int> count{0};
  std::atomic<tn_status> status{TN_INTERNAL};
  std::atomic<bool> with_error{false};
  std::atomic<bool> error_fits{false};

  static void call(void* user, tn_status status, const tn_error* error) {
    auto& calls = *static_cast<Calls*>(user);
    calls.status = status;
    calls.with_error = error != nullptr;
    calls.error_fits = error != nullptr && error->code == status && error->message[0] != '\0';
    ++calls.count;
  }
  void wait() const {
    for (int i = 0; i < 10000 && count == 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
};

TEST_F(CallbackTest, TN_callback_001_is_called_once_with_ok) {
  Calls calls;
  queue_slow_work(stream_, 5);
  stream_.callback(Calls::call, &calls);
  stream_.synchronize();
  calls.wait();
  EXPECT_EQ(calls.count, 1);
  EXPECT_EQ(calls.status, TN_OK);
  EXPECT_FALSE(calls.with_error) << "the error is NULL when the status is TN_OK";
}

TEST_F(CallbackTest, TN_callback_002_sees_the_work_before_it) {
  struct Seen {
    Bytes* bytes;
    std::atomic<int> value{-1};
  };
  const Bytes bytes = pattern_bytes(1 << 16, 6);
  const Buffer buffer = make_buffer(bytes.size());
  Bytes result(bytes.size());
  Seen seen;
  seen.bytes = &result;
  stream_.write(buffer, 0, bytes.data(), bytes.size());
  stream_.read(result.data(), buffer, 0, bytes.size());
  stream_.callback(
      [](void* user, tn_status, const tn_error*) {
        auto& s = *static_cast<Seen*>(user);
        s.value = s.bytes->back();
      },
      &seen);
  stream_.synchronize();
  for (int i = 0; i < 10000 && seen.value < 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(seen.value, bytes.back());
}

TEST_F(CallbackTest, TN_callback_003_is_called_once_with_the_failure) {
  Calls before, behind;
  stream_.callback(Calls::call, &before);
  if (!queue_failure(stream_)) TN_OPTIONAL("no operator of this device can fail late");
  ASSERT_OK(tn_stream_callback, stream_.get(), Calls::call, static_cast<void*>(&behind));
  tn_stream_synchronize(stream_.get(), nullptr);
  before.wait();
  behind.wait();
  EXPECT_EQ(before.count, 1);
  EXPECT_EQ(before.status, TN_OK);
  EXPECT_EQ(behind.count, 1);
  EXPECT_EQ(behind.status, TN_INVALID_ARGUMENT);
  EXPECT_TRUE(behind.error_fits);
}

TEST_F(CallbackTest, TN_callback_004_fires_after_the_stream_was_destroyed) {
  Calls calls;
  Stream own(device());
  queue_slow_work(own, 10);
  own.callback(Calls::call, &calls);
  own.reset();
  device().synchronize();
  calls.wait();
  EXPECT_EQ(calls.count, 1);
  EXPECT_EQ(calls.status, TN_OK);
}

}  // namespace
}  // namespace tenon::conformance
