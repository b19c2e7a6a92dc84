// SPDX-License-Identifier: Apache-2.0
//
// Late failures: what only the data shows becomes the stream's failure and stays it.
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

class FailureTest : public DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    if (!queue_failure(stream_)) TN_OPTIONAL("no operator of this device can fail late");
  }
};

TEST_F(FailureTest, TN_failure_001_reaches_every_wait_and_query) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_synchronize, stream_.get());
    EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_query, stream_.get());
  }
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_device_synchronize, device().get());
}

// A device that reports a batch of work at once must not answer for the last of it alone.
TEST_F(FailureTest, TN_failure_001_whatever_is_queued_behind) {
  tn_stream_reset(stream_.get(), nullptr);
  const Buffer buffer = make_buffer(64);
  const Kernel kernel(device(), dense_desc("Identity", TN_INT32, {4}, 1));
  const Tensor in = Tensor::device(buffer.get(), TN_INT32, {4});
  const Buffer result = make_buffer(64);
  const Tensor out = Tensor::device(result.get(), TN_INT32, {4});
  for (const size_t behind : {1, 2, 5, 40}) {
    ASSERT_TRUE(queue_failure(stream_));
    for (size_t i = 0; i < behind; ++i) {
      tn_stream_fill(stream_.get(), buffer.get(), 0, 64, "e", 1, nullptr);
      try_launch(kernel, stream_, {in.get()}, {out.get()});
    }
    EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_synchronize, stream_.get()) << behind;
    EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_reset, stream_.get()) << behind;
  }
}

TEST_F(FailureTest, TN_failure_002_later_work_is_skipped) {
  const Buffer buffer = make_buffer(64);
  const Stream other(device());
  other.fill(buffer, 0, 64, "a", 1);
  other.synchronize();
  // Queueing is no failure, or tells the stream's; but nothing is computed.
  tn_stream_fill(stream_.get(), buffer.get(), 0, 64, "b", 1, nullptr);
  tn_stream_synchronize(stream_.get(), nullptr);
  const Bytes& bytes = read(other, buffer, 0, 64);
  other.synchronize();
  EXPECT_EQ(bytes, Bytes(64, 'a'));
}

TEST_F(FailureTest, TN_failure_003_reset_returns_and_forgets_it) {
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_reset, stream_.get());
  EXPECT_OK(tn_stream_synchronize, stream_.get());
  EXPECT_OK(tn_stream_reset, stream_.get());
  const Buffer buffer = make_buffer(64);
  stream_.fill(buffer, 0, 64, "c", 1);
  EXPECT_EQ(download(buffer), Bytes(64, 'c'));
}

TEST_F(FailureTest, TN_failure_004_events_behind_it_carry_it) {
  const Event event(device());
  ASSERT_OK(tn_event_record, event.get(), stream_.get(), nullptr);
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_event_synchronize, event.get(), nullptr);
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_event_query, event.get());
  tn_stream_reset(stream_.get(), nullptr);
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_event_synchronize, event.get(), nullptr);
}

TEST_F(FailureTest, TN_failure_005_a_stream_that_waits_fails_likewise) {
  const Event event(device());
  ASSERT_OK(tn_event_record, event.get(), stream_.get(), nullptr);
  const Stream second(device());
  ASSERT_OK(tn_stream_wait_event, second.get(), event.get(), nullptr);
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_synchronize, second.get());
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_reset, second.get());
  EXPECT_OK(tn_stream_synchronize, second.get());
}

TEST_F(FailureTest, TN_failure_006_other_streams_go_on) {
  const Stream second(device());
  const Buffer buffer = make_buffer(64);
  second.fill(buffer, 0, 64, "d", 1);
  EXPECT_OK(tn_stream_synchronize, second.get());
}

TEST_F(FailureTest, TN_failure_007_the_first_failure_is_kept) {
  ErrorBuffer first, later;
  const tn_status status = tn_stream_synchronize(stream_.get(), &first);
  const Buffer buffer = make_buffer(8);
  tn_stream_fill(stream_.get(), buffer.get(), 0, 8, "x", 1, nullptr);
  EXPECT_EQ(tn_stream_synchronize(stream_.get(), &later), status);
  EXPECT_STREQ(first.message, later.message);
}

TEST_F(FailureTest, TN_failure_008_events_before_it_do_not_carry_it) {
  const Stream second(device());
  const Event event(device());
  hold_back(second);
  ASSERT_OK(tn_event_record, event.get(), second.get(), nullptr);
  ASSERT_TRUE(queue_failure(second));
  let_go();
  EXPECT_OK(tn_event_synchronize, event.get(), nullptr);
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_synchronize, second.get());
}

}  // namespace
}  // namespace tenon::conformance
