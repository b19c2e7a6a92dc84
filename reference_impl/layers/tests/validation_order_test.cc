// SPDX-License-Identifier: Apache-2.0
//
// Order: two threads on one stream, two streams on one buffer, callbacks that call.
#include <atomic>
#include <functional>
#include <thread>
#include <utility>

#include "reference_impl/layers/tests/fixture.h"

namespace tenon::layers {
namespace {

using OrderOfWork = Layers;

// Hosts that leave streams unordered, on a device that does its work during the call: the layer
// looks at the calls alone, and no two threads really write to one place.
class UnorderedWork : public Layers {
 protected:
  UnorderedWork() {
    stream_.reset();
    device_ = instance_.open_device(0);
    stream_ = Stream(device_);
  }
};

// stream_reset waits for the queued work, a callback that waits for us: it is on the stream until
// we let it go. Meanwhile another thread calls `use`, over and over until the layer has told:
// before the reset has begun, this is a correct program.
void use_while_it_is_reset(RecordingHost& host, tn_stream* stream,
                           const std::function<void()>& use) {
  struct Gate {
    std::atomic<bool> reached{false};
    std::atomic<bool> open{false};
  } gate;
  const size_t before = host.about("TN-stream-012").size();
  const auto told = [&] { return host.about("TN-stream-012").size() > before; };
  tn_stream_callback(
      stream,
      [](void* user, tn_status, const tn_error*) {
        auto& waiting = *static_cast<Gate*>(user);
        waiting.reached = true;
        while (!waiting.open) std::this_thread::yield();
      },
      &gate, nullptr);
  std::thread resets([&] { tn_stream_reset(stream, nullptr); });
  while (!gate.reached) std::this_thread::yield();
  std::atomic<bool> used{false};
  std::thread uses([&] {
    while (!told() && !gate.open) use();
    used = true;
  });
  while (!told() && !used) std::this_thread::yield();
  gate.open = true;
  resets.join();
  uses.join();
  EXPECT_TRUE(told());
}

TEST_F(OrderOfWork, TN_stream_012_two_threads_on_one_stream) {
  const Buffer buffer = make_buffer(16);
  tn_stream* const stream = stream_.get();
  use_while_it_is_reset(host_, stream,
                        [&] { tn_stream_fill(stream, buffer.get(), 0, 16, "x", 1, nullptr); });
}

// Calls that queue nothing, but name the stream.
TEST_F(OrderOfWork, TN_stream_012_calls_that_name_the_stream) {
  tn_stream* const stream = stream_.get();
  use_while_it_is_reset(host_, stream, [&] { make_buffer(16).destroy_on(stream); });
  use_while_it_is_reset(host_, stream,
                        [&] { const Buffer own(device_, 16, TN_BUFFER_DEVICE, stream); });
  const Event event(device_);
  use_while_it_is_reset(host_, stream,
                        [&] { tn_event_record(event.get(), stream, nullptr, nullptr); });
}

TEST_F(OrderOfWork, TN_stream_012_destroying_a_stream_in_use) {
  tn_stream* stream = Stream(device_).release();
  use_while_it_is_reset(host_, stream, [&] {
    // Once; the reset has surely begun by then.
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (stream != nullptr) tn_stream_destroy(std::exchange(stream, nullptr));
  });
}

TEST_F(OrderOfWork, TN_stream_012_is_silent_for_streams_of_their_own) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const Stream own(device_);
      const Buffer buffer(device_, 64);
      for (int n = 0; n < 200; ++n) own.fill(buffer, 0, 64, "x", 1);
      own.synchronize();
    });
  }
  for (std::thread& thread : threads) thread.join();
  expect_silence();
}

TEST_F(UnorderedWork, TN_stream_013_a_write_on_another_stream_without_an_event) {
  const Buffer buffer = make_buffer(64);
  const Stream second(device_);
  stream_.fill(buffer, 0, 32, "x", 1);
  second.fill(buffer, 32, 32, "y", 1);
  expect_silence();
  second.fill(buffer, 31, 1, "y", 1);
  expect_reported("TN-stream-013");
}

TEST_F(UnorderedWork, TN_stream_013_between_devices) {
  const Device other = instance_.open_device(0);
  const Stream their(other);
  const Buffer there(other, 64);
  const Buffer here = make_buffer(64);
  const auto copy = [&] {
    return tn_peer_copy(stream_.get(), here.get(), 0, there.get(), 0, 64, nullptr);
  };
  their.fill(there, 0, 64, "x", 1);
  const Event event(other);
  their.record(event);
  EXPECT_EQ(tn_peer_wait_event(stream_.get(), event.get(), nullptr), TN_OK);
  EXPECT_EQ(copy(), TN_OK);
  expect_silence();
  stream_.synchronize();
  their.fill(there, 0, 64, "y", 1);
  EXPECT_EQ(copy(), TN_OK);
  expect_reported("TN-stream-013");
  stream_.synchronize();
  their.synchronize();
}

TEST_F(UnorderedWork, TN_stream_013_reads_may_race) {
  const Buffer buffer = make_buffer(64);
  const Stream second(device_);
  char host[2][64];
  stream_.fill(buffer, 0, 64, "x", 1);
  stream_.synchronize();
  stream_.read(host[0], buffer, 0, 64);
  second.read(host[1], buffer, 0, 64);
  second.synchronize();
  stream_.synchronize();
  expect_silence();
}

TEST_F(UnorderedWork, TN_stream_013_events_order_also_by_way_of_a_third) {
  const Buffer buffer = make_buffer(64);
  const Stream second(device_);
  const Stream third(device_);
  const Event event(device_);
  stream_.fill(buffer, 0, 64, "x", 1);
  stream_.record(event);
  second.wait(event);
  second.record(event);
  third.wait(event);
  third.fill(buffer, 0, 64, "z", 1);
  expect_silence();
  // The first stream has not waited for the third.
  stream_.fill(buffer, 0, 64, "x", 1);
  expect_reported("TN-stream-013");
}

TEST_F(UnorderedWork, TN_lifetime_006_destroyed_on_one_stream_while_another_works) {
  Buffer buffer = make_buffer(64);
  const Stream second(device_);
  second.fill(buffer, 0, 64, "x", 1);
  buffer.destroy_on(stream_.get());
  expect_reported("TN-lifetime-006");

  Buffer ordered = make_buffer(64);
  const Event event(device_);
  second.fill(ordered, 0, 64, "x", 1);
  second.record(event);
  stream_.wait(event);
  ordered.destroy_on(stream_.get());
  Buffer anywhere = make_buffer(64);
  second.fill(anywhere, 0, 64, "x", 1);
  anywhere.reset();
  expect_reported("TN-lifetime-006");
}

TEST_F(OrderOfWork, TN_callback_005_calls_from_within) {
  struct Seen {
    tn_device* device;
    tn_status status = TN_OK;
    std::string rule;
  } seen{device_.get(), TN_OK, ""};
  stream_.callback(
      [](void* user, tn_status, const tn_error*) {
        auto& own = *static_cast<Seen*>(user);
        ErrorBuffer error;
        own.status = tn_device_synchronize(own.device, &error);
        own.rule = error.rule;
      },
      &seen);
  stream_.synchronize();
  EXPECT_EQ(seen.status, TN_INVALID_STATE);
  EXPECT_EQ(seen.rule, "TN-callback-005");
  expect_reported("TN-callback-005");
}

TEST_F(OrderOfWork, TN_event_006_without_timing) {
  const Event start(device_);
  const Event end(device_, TN_EVENT_TIMING);
  stream_.record(start);
  stream_.record(end);
  stream_.synchronize();
  int64_t nanoseconds = 0;
  expect_broken("TN-event-006", TN_INVALID_STATE, tn_event_elapsed, start.get(), end.get(),
                &nanoseconds);
}

}  // namespace
}  // namespace tenon::layers
