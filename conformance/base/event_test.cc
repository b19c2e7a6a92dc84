// SPDX-License-Identifier: Apache-2.0
//
// Events: marks, snapshots, time.
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

using EventTest = DeviceTest;

TEST_F(EventTest, TN_event_001_one_never_recorded_is_complete) {
  const Event event(device());
  EXPECT_OK(tn_event_query, event.get());
  EXPECT_OK(tn_event_synchronize, event.get(), nullptr);
  EXPECT_OK(tn_stream_wait_event, stream_.get(), event.get(), nullptr);
  EXPECT_OK(tn_stream_synchronize, stream_.get());
}

TEST_F(EventTest, TN_event_002_orders_two_streams) {
  const Stream second(device());
  const Bytes bytes = pattern_bytes(4096, 5);
  const Buffer buffer = upload(Bytes(4096, 0)), result = make_buffer(4096);
  for (int round = 0; round < 10; ++round) {
    stream_.fill(buffer, 0, 4096, "\0", 1);
    hold_back(stream_);
    write(stream_, buffer, 0, bytes);
    const Event event(device());
    stream_.record(event);
    second.wait(event);
    second.copy(result, 0, buffer, 0, 4096);
    const Bytes& seen = read(second, result, 0, 4096);
    let_go();
    second.synchronize();
    ASSERT_EQ(seen, bytes);
  }
  stream_.synchronize();
}

// A stream that has work of its own to do, and one wait behind another.
TEST_F(EventTest, TN_event_002_busy_streams_wait) {
  const Stream second(device()), third(device());
  const Bytes first_bytes = pattern_bytes(4096, 5), second_bytes = pattern_bytes(4096, 6);
  const Buffer a = make_buffer(4096), b = make_buffer(4096), result = make_buffer(8192);
  for (int round = 0; round < 10; ++round) {
    stream_.fill(a, 0, 4096, "\0", 1);
    third.fill(b, 0, 4096, "\0", 1);
    stream_.synchronize();
    third.synchronize();
    queue_slow_work(second, 2);
    hold_back(stream_);
    hold_back(third);
    write(stream_, a, 0, first_bytes);
    write(third, b, 0, second_bytes);
    const Event of_first(device()), of_third(device());
    stream_.record(of_first);
    third.record(of_third);
    second.wait(of_first);
    second.wait(of_third);
    second.copy(result, 0, a, 0, 4096);
    second.copy(result, 4096, b, 0, 4096);
    const Bytes& seen = read(second, result, 0, 8192);
    let_go();
    second.synchronize();
    ASSERT_EQ(Bytes(seen.begin(), seen.begin() + 4096), first_bytes);
    ASSERT_EQ(Bytes(seen.begin() + 4096, seen.end()), second_bytes);
  }
}

TEST_F(EventTest, TN_event_003_a_wait_keeps_the_record_of_its_time) {
  // If a wait followed the later record, the two streams would wait for each other.
  const Stream second(device());
  const Event event(device());
  stream_.record(event);
  second.wait(event);
  const Event behind(device());
  second.record(behind);
  stream_.wait(behind);
  hold_back(stream_);
  stream_.record(event);
  let_go();
  EXPECT_OK(tn_stream_synchronize, second.get());
  EXPECT_OK(tn_stream_synchronize, stream_.get());
}

TEST_F(EventTest, TN_event_004_recording_again_replaces) {
  const Event event(device());
  stream_.record(event);
  event.synchronize();
  const Bytes bytes = pattern_bytes(1 << 16);
  const Buffer buffer = make_buffer(bytes.size());
  hold_back(stream_, std::chrono::milliseconds(50));
  write(stream_, buffer, 0, bytes);
  const Bytes& seen = read(stream_, buffer, 0, bytes.size());
  stream_.record(event);
  event.synchronize();
  EXPECT_EQ(seen, bytes);
}

// A plugin may leave event_elapsed out, and then makes no events for it either.
bool has_clock(const Device& device) {
  try {
    const Event one(device, TN_EVENT_TIMING);
    int64_t unused = 0;
    return tn_event_elapsed(one.get(), one.get(), &unused, nullptr) != TN_UNIMPLEMENTED;
  } catch (const Error& error) {
    if (TN_STATUS_CLASS(error.status()) == TN_UNSUPPORTED) return false;
    throw;
  }
}

TEST_F(EventTest, TN_event_005_measures_time) {
  if (!has_clock(device())) TN_OPTIONAL("optional, not offered: event_elapsed");
  const Event start(device(), TN_EVENT_TIMING), end(device(), TN_EVENT_TIMING);
  stream_.record(start);
  queue_slow_work(stream_, 20);
  stream_.record(end);
  stream_.synchronize();
  int64_t nanoseconds = -1;
  ASSERT_OK(tn_event_elapsed, start.get(), end.get(), &nanoseconds);
  EXPECT_GE(nanoseconds, 0);
  EXPECT_LT(nanoseconds, INT64_C(60'000'000'000));
}

TEST_F(EventTest, TN_event_006_time_wants_timing_events_that_were_recorded) {
  if (!has_clock(device())) TN_OPTIONAL("optional, not offered: event_elapsed");
  const Event start(device(), TN_EVENT_TIMING), end(device(), TN_EVENT_TIMING), plain(device());
  int64_t nanoseconds = 0;
  EXPECT_FAILS(TN_INVALID_STATE, tn_event_elapsed, start.get(), end.get(), &nanoseconds);
  stream_.record(start);
  stream_.record(plain);
  stream_.synchronize();
  EXPECT_FAILS(TN_INVALID_STATE, tn_event_elapsed, start.get(), end.get(), &nanoseconds);
  EXPECT_FAILS(TN_INVALID_STATE, tn_event_elapsed, start.get(), plain.get(), &nanoseconds);
}

TEST_F(EventTest, TN_event_008_time_runs_backwards_too) {
  if (!has_clock(device())) TN_OPTIONAL("optional, not offered: event_elapsed");
  const Event first(device(), TN_EVENT_TIMING), second(device(), TN_EVENT_TIMING);
  stream_.record(first);
  stream_.synchronize();
  queue_slow_work(stream_, 20);
  stream_.record(second);
  stream_.synchronize();
  int64_t forward = -1, backward = 1, none = 1;
  ASSERT_OK(tn_event_elapsed, first.get(), second.get(), &forward);
  ASSERT_OK(tn_event_elapsed, second.get(), first.get(), &backward);
  ASSERT_OK(tn_event_elapsed, first.get(), first.get(), &none);
  EXPECT_GT(forward, 0) << "20 MiB were copied between the two";
  EXPECT_EQ(backward, -forward);
  EXPECT_EQ(none, 0);
}

TEST_F(EventTest, TN_event_007_threads_may_wait_for_one_event) {
  const Event event(device());
  hold_back(stream_, std::chrono::milliseconds(50));
  stream_.record(event);
  std::vector<tn_status> results(4, TN_INTERNAL);
  run_threads(results.size(),
              [&](size_t i) { results[i] = tn_event_synchronize(event.get(), nullptr, nullptr); });
  for (const tn_status result : results) EXPECT_EQ(result, TN_OK);
}

}  // namespace
}  // namespace tenon::conformance
