// SPDX-License-Identifier: Apache-2.0
//
// Callbacks: exactly once, in order, also when the stream fails.
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

using CallbackTest = DeviceTest;

TEST_F(CallbackTest, TN_callback_001_is_called_once_with_ok) {
  Calls& calls = Calls::make();
  hold_back(stream_);
  calls.queue_on(stream_);
  let_go();
  stream_.synchronize();
  calls.wait();
  EXPECT_EQ(calls.count, 1);
  EXPECT_EQ(calls.status, TN_OK);
  EXPECT_FALSE(calls.with_error) << "the error is NULL when the status is TN_OK";
}

TEST_F(CallbackTest, TN_callback_002_sees_the_work_before_it) {
  const Bytes bytes = pattern_bytes(1 << 16, 6);
  const Buffer buffer = make_buffer(bytes.size());
  Calls& calls = Calls::make();
  calls.bytes.resize(bytes.size());
  hold_back(stream_);
  write(stream_, buffer, 0, bytes);
  stream_.read(calls.bytes.data(), buffer, 0, bytes.size());
  calls.queue_on(stream_);
  let_go();
  stream_.synchronize();
  calls.wait();
  EXPECT_EQ(calls.last_byte, bytes.back());
}

TEST_F(CallbackTest, TN_callback_003_is_called_once_with_the_failure) {
  Calls& before = Calls::make();
  Calls& behind = Calls::make();
  before.queue_on(stream_);
  if (!queue_failure(stream_)) TN_OPTIONAL("no operator of this device can fail late");
  behind.queue_on(stream_);
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
  Calls& calls = Calls::make();
  Stream own(device());
  hold_back(own);
  calls.queue_on(own);
  own.reset();
  let_go();
  device().synchronize();
  calls.wait();
  EXPECT_EQ(calls.count, 1);
  EXPECT_EQ(calls.status, TN_OK);
}

}  // namespace
}  // namespace tenon::conformance
