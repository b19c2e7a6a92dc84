// SPDX-License-Identifier: Apache-2.0
//
// Order, failure and lifetime of queued work, in every memory mode.
#include <mutex>
#include <thread>

#include "reference_impl/cpu/tests/device_harness.h"

namespace tenon::cpu::testing {
namespace {

// Long enough that work starts only when a thread waits for it.
constexpr tn_option kVeryLate{"delay_us", "600000000"};

class StreamTest : public Modes {
 protected:
  void SetUp() override {
    KernelDesc add("test", "AddOne", 1, {describe(TN_INT32, 1)}, {describe(TN_INT32, 1)});
    KernelDesc fail("test", "Fail", 1, {describe(TN_INT32, 1)}, {describe(TN_INT32, 1)});
    TN_CHECK(kernel_create, device, add.get(), &add_);
    TN_CHECK(kernel_create, device, fail.get(), &fail_);
    a_ = device.buffer_of<int32_t>({10});
    b_ = device.buffer_of<int32_t>({20});
    stream_ = device.stream();
  }
  void TearDown() override {
    table().stream_destroy(stream_);
    table().buffer_destroy(a_, nullptr);
    table().buffer_destroy(b_, nullptr);
    table().kernel_destroy(add_);
    table().kernel_destroy(fail_);
  }
  tn_status launch(tn_kernel* kernel, tn_stream* stream, tn_buffer* from, tn_buffer* to) {
    Tensor x(from, TN_INT32, {1});
    Tensor y(to, TN_INT32, {1});
    Launch arguments({&x}, {&y});
    return table().kernel_launch(kernel, stream, arguments.get(), nullptr);
  }
  int32_t value(tn_buffer* buffer) { return device.read<int32_t>(buffer, 1)[0]; }

  Device device{GetParam(), {kVeryLate}};
  tn_kernel* add_ = nullptr;
  tn_kernel* fail_ = nullptr;
  tn_buffer* a_ = nullptr;
  tn_buffer* b_ = nullptr;
  tn_stream* stream_ = nullptr;
};

// What a callback was given.
struct Heard {
  std::atomic<int> count{0};
  tn_status status = -1;
  std::string message;
  static void TN_CALL call(void* user, tn_status status, const tn_error* error) {
    auto* heard = static_cast<Heard*>(user);
    heard->status = status;
    heard->message = error == nullptr ? "" : error->message;
    ++heard->count;
  }
};

TEST_P(StreamTest, WorkIsLateUntilSomebodyWaits) {
  ASSERT_EQ(TN_OK, launch(add_, stream_, a_, b_));
  EXPECT_EQ(late() ? 20 : 11, value(b_));  // A missing wait shows.
  TN_CHECK(stream_synchronize, stream_);
  EXPECT_EQ(11, value(b_));
}

TEST_P(StreamTest, QueriesLetWorkStart) {
  ASSERT_EQ(TN_OK, launch(add_, stream_, a_, b_));
  tn_status status = table().stream_query(stream_, nullptr);
  while (status == TN_NOT_READY) {
    std::this_thread::yield();
    status = table().stream_query(stream_, nullptr);
  }
  EXPECT_EQ(TN_OK, status);
  EXPECT_EQ(11, value(b_));
}

TEST_P(StreamTest, DelayedWorkRunsByItself) {
  Device soon(GetParam(), {{"delay_us", "1000"}});
  tn_stream* stream = soon.stream();
  Heard heard;
  TN_CHECK(stream_callback, stream, Heard::call, &heard);
  while (heard.count == 0) std::this_thread::yield();
  EXPECT_EQ(TN_OK, heard.status);
  table().stream_destroy(stream);
}

TEST_P(StreamTest, CopiesRunInOrder) {
  const std::vector<int32_t> in{1, 2, 3, 4};
  std::vector<int32_t> out(4);
  tn_buffer* x = device.buffer(16);
  tn_buffer* y = device.buffer(16);
  const int16_t pattern = 0x0102;
  TN_CHECK(stream_write, stream_, x, 0, in.data(), 16);
  TN_CHECK(stream_copy, stream_, y, 4, x, 0, 12);
  TN_CHECK(stream_copy, stream_, y, 0, x, 12, 4);
  TN_CHECK(stream_fill, stream_, y, 12, 4, &pattern, 2);
  TN_CHECK(stream_read, stream_, out.data(), y, 0, 16);
  TN_CHECK(stream_synchronize, stream_);
  EXPECT_EQ((std::vector<int32_t>{4, 1, 2, 0x01020102}), out);
  TN_EXPECT_ERROR(TN_OVERLAP, "overlap", stream_copy, stream_, x, 4, x, 0, 8);
  TN_EXPECT_ERROR(TN_OUT_OF_RANGE, "dst", stream_copy, stream_, x, 9, y, 0, 8);
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "pattern of 3", stream_fill, stream_, x, 0, 12, &pattern, 3);
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "pattern of 4", stream_fill, stream_, x, 0, 6, &pattern, 4);
  TN_CHECK(stream_copy, stream_, x, 8, x, 0, 8);  // Of one buffer, disjoint.
  TN_CHECK(stream_synchronize, stream_);
  EXPECT_EQ((std::vector<int32_t>{1, 2, 1, 2}), device.read<int32_t>(x, 4));
  table().buffer_destroy(x, nullptr);
  table().buffer_destroy(y, nullptr);
}

TEST_P(StreamTest, FailureSticksUntilReset) {
  const int64_t runs = test_runs;
  ASSERT_EQ(TN_OK, launch(fail_, stream_, a_, b_));
  ASSERT_EQ(TN_OK, launch(add_, stream_, a_, b_));
  Heard heard;
  TN_CHECK(stream_callback, stream_, Heard::call, &heard);
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "index 7", stream_synchronize, stream_);
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "index 7", stream_synchronize, stream_);
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "index 7", stream_query, stream_);
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "index 7", device_synchronize, device);
  EXPECT_EQ(runs + 1, test_runs) << "work behind the failure ran";
  EXPECT_EQ(20, value(b_));
  EXPECT_EQ(1, heard.count);
  EXPECT_EQ(TN_INVALID_ARGUMENT, heard.status);
  EXPECT_EQ("index 7 is out of range", heard.message);

  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "index 7", stream_reset, stream_);
  TN_CHECK(stream_synchronize, stream_);
  TN_CHECK(stream_reset, stream_);
  ASSERT_EQ(TN_OK, launch(add_, stream_, a_, b_));
  TN_CHECK(stream_synchronize, stream_);
  EXPECT_EQ(11, value(b_));
}

TEST_P(StreamTest, EventsCarryFailuresToOtherStreams) {
  tn_stream* other = device.stream();
  tn_event* before = device.event();
  tn_event* after = device.event();
  TN_CHECK(event_record, before, stream_, nullptr);
  ASSERT_EQ(TN_OK, launch(fail_, stream_, a_, b_));
  TN_CHECK(event_record, after, stream_, nullptr);
  TN_CHECK(stream_wait_event, other, before, nullptr);
  TN_CHECK(stream_synchronize, other);
  TN_CHECK(event_synchronize, before, nullptr);
  TN_CHECK(stream_wait_event, other, after, nullptr);
  ASSERT_EQ(TN_OK, launch(add_, other, a_, b_));
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "index 7", stream_synchronize, other);
  EXPECT_EQ(20, value(b_));
  table().stream_reset(stream_, nullptr);
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "index 7", event_synchronize, after, nullptr);
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "index 7", event_query, after);
  table().stream_destroy(other);
  table().event_destroy(before);
  table().event_destroy(after);
}

TEST_P(StreamTest, WaitsOrderStreams) {
  tn_stream* other = device.stream();
  tn_event* event = device.event();
  ASSERT_EQ(TN_OK, launch(add_, stream_, a_, b_));
  TN_CHECK(event_record, event, stream_, nullptr);
  TN_CHECK(stream_wait_event, other, event, nullptr);
  table().event_destroy(event);  // The wait stays in force.
  int32_t seen = 0;
  TN_CHECK(stream_read, other, &seen, b_, 0, 4);
  TN_CHECK(stream_synchronize, other);
  EXPECT_EQ(11, seen);
  table().stream_destroy(other);
}

TEST_P(StreamTest, WaitsKeepTheRecordTheyWereQueuedWith) {
  tn_stream* other = device.stream();
  tn_event* event = device.event();
  TN_CHECK(stream_wait_event, other, event, nullptr);  // Never recorded: complete.
  TN_CHECK(event_query, event);
  TN_CHECK(event_record, event, stream_, nullptr);
  TN_CHECK(stream_wait_event, other, event, nullptr);
  ASSERT_EQ(TN_OK, launch(fail_, stream_, a_, b_));
  TN_CHECK(event_record, event, stream_,
           nullptr);  // Stands for the failure now, the wait does not.
  ASSERT_EQ(TN_OK, launch(add_, other, a_, b_));
  TN_CHECK(stream_synchronize, other);
  EXPECT_EQ(11, value(b_));
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "index 7", event_synchronize, event, nullptr);
  table().stream_destroy(other);
  table().event_destroy(event);
}

TEST_P(StreamTest, EventsTellTime) {
  tn_event* start = device.event(TN_EVENT_TIMING);
  tn_event* end = device.event(TN_EVENT_TIMING);
  tn_event* plain = device.event();
  int64_t elapsed = -1;
  TN_EXPECT_ERROR(TN_INVALID_STATE, "recorded", event_elapsed, start, end, &elapsed);
  TN_CHECK(event_record, start, stream_, nullptr);
  TN_CHECK(
      stream_callback, stream_,
      [](void*, tn_status, const tn_error*) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      },
      nullptr);
  TN_CHECK(event_record, end, stream_, nullptr);
  TN_CHECK(event_record, plain, stream_, nullptr);
  TN_CHECK(stream_synchronize, stream_);
  TN_CHECK(event_elapsed, start, end, &elapsed);
  EXPECT_GE(elapsed, 2'000'000);
  TN_EXPECT_ERROR(TN_INVALID_STATE, "TN_EVENT_TIMING", event_elapsed, start, plain, &elapsed);
  for (tn_event* event : {start, end, plain}) table().event_destroy(event);
}

TEST_P(StreamTest, EverythingMayBeDestroyedWithWorkInFlight) {
  tn_stream* stream = device.stream();
  tn_kernel* kernel = nullptr;
  KernelDesc add("test", "AddOne", 1, {describe(TN_INT32, 1)}, {describe(TN_INT32, 1)});
  TN_CHECK(kernel_create, device, add.get(), &kernel);
  tn_buffer* x = device.buffer_of<int32_t>({1});
  tn_buffer* y = device.buffer(4);
  int32_t result = 0;
  ASSERT_EQ(TN_OK, launch(kernel, stream, x, y));
  TN_CHECK(stream_read, stream, &result, y, 0, 4);
  table().kernel_destroy(kernel);
  table().buffer_destroy(x, nullptr);
  table().buffer_destroy(y, stream);
  const tn_memory_info memory = device.memory();
  EXPECT_EQ(8u, memory.live_bytes);  // a_ and b_.
  EXPECT_EQ(late() ? 8u : 0u, memory.deferred_bytes);
  Heard heard;
  TN_CHECK(stream_callback, stream, Heard::call, &heard);
  table().stream_destroy(stream);
  while (heard.count == 0) std::this_thread::yield();
  EXPECT_EQ(2, result);
  while (device.memory().deferred_bytes != 0) std::this_thread::yield();
}

TEST_P(StreamTest, ImportedMemoryIsReleasedBehindItsWork) {
  int32_t mine = 5;
  std::atomic<int> released{0};
  tn_import_desc desc{sizeof(desc),
                      TN_IMPORT_HOST,
                      0,
                      &mine,
                      0,
                      0,
                      4,
                      [](void* user) { ++*static_cast<std::atomic<int>*>(user); },
                      &released};
  tn_buffer* buffer = nullptr;
  TN_CHECK(buffer_import, device, &desc, &buffer);
  ASSERT_EQ(TN_OK, launch(add_, stream_, buffer, b_));
  table().buffer_destroy(buffer, stream_);
  EXPECT_EQ(late() ? 0 : 1, released);
  TN_CHECK(stream_synchronize, stream_);
  while (released == 0) std::this_thread::yield();
  EXPECT_EQ(1, released);
  EXPECT_EQ(6, value(b_));
}

TEST_P(StreamTest, MoreWorkThanSlotsWaitsForRoom) {
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(TN_OK, launch(add_, stream_, i % 2 == 0 ? a_ : b_, i % 2 == 0 ? b_ : a_));
  }
  TN_CHECK(stream_synchronize, stream_);
  EXPECT_EQ(510, value(a_));
}

TEST_P(StreamTest, AllocationWaitsForMemoryOnItsWayBack) {
  Device small(GetParam(), {{"memory_limit", "100"}, kVeryLate});
  tn_stream* stream = small.stream();
  tn_buffer* buffer = small.buffer(80);
  const uint8_t zero = 0;
  TN_CHECK(stream_fill, stream, buffer, 0, 80, &zero, 1);
  table().buffer_destroy(buffer, stream);
  buffer = small.buffer(80);
  ASSERT_NE(nullptr, buffer);
  table().buffer_destroy(buffer, nullptr);
  table().stream_destroy(stream);
}

TEST_P(StreamTest, StreamsOfManyThreadsShareAKernel) {
  constexpr int kThreads = 4;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  std::vector<int32_t> results(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      tn_stream* stream = device.stream();
      tn_buffer* x = device.buffer_of<int32_t>({t * 1000});
      tn_buffer* y = device.buffer(4);
      for (int i = 0; i < 100; ++i) launch(add_, stream, i % 2 == 0 ? x : y, i % 2 == 0 ? y : x);
      table().stream_read(stream, &results[static_cast<size_t>(t)], x, 0, 4, nullptr);
      table().stream_synchronize(stream, nullptr);
      table().buffer_destroy(x, stream);
      table().buffer_destroy(y, stream);
      table().stream_destroy(stream);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ((std::vector<int32_t>{100, 1100, 2100, 3100}), results);
}

TN_ALL_MODES(StreamTest);

}  // namespace
}  // namespace tenon::cpu::testing
