// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <thread>

#include "fixture.h"

namespace tenon::runtime {
namespace {

using StreamTest = DeviceTest;
TENON_IN_ALL_MEMORY_MODES(StreamTest);

TEST_P(StreamTest, AnEventOrdersTwoStreams) {
  const std::unique_ptr<Stream> other = device_.create_stream();
  const std::unique_ptr<Event> event = device_.create_event();
  EXPECT_TRUE(event->query());  // Never recorded.
  constexpr int64_t kCount = 1 << 20;
  Tensor a(device_, TN_FLOAT32, {kCount}), b(device_, TN_FLOAT32, {kCount}, other.get());
  for (int round = 0; round < 5; ++round) {
    const auto value = static_cast<float>(round);
    device_.fill(a.data(), a.bytes(), &value, sizeof(value), stream());
    event->record(stream());
    event->block(*other);
    device_.copy(b.data(), a.data(), a.bytes(), *other);
    event->record(*other);
    event->block(stream());
  }
  event->synchronize();
  EXPECT_TRUE(event->query());
  EXPECT_EQ(b.read(), std::vector<float>(kCount, 4));
  other->synchronize();
  EXPECT_TRUE(other->query());
}

TEST_P(StreamTest, TimedEventsMeasure) {
  const std::unique_ptr<Event> begin = device_.create_event(true), end = device_.create_event(true);
  Tensor a(device_, TN_FLOAT32, {1 << 22});
  const float value = 1;
  begin->record(stream());
  device_.fill(a.data(), a.bytes(), &value, sizeof(value), stream());
  end->record(stream());
  end->synchronize();
  EXPECT_GT(begin->elapsed_ms(*end), 0);
  EXPECT_LT(end->elapsed_ms(*begin), 0);
}

// The device's synchronize reports the failure of any stream, once.
TEST_P(StreamTest, DeviceSynchronizeTellsTheFirstFailure) {
  const std::unique_ptr<Stream> other = device_.create_stream();
  Tensor data(device_, {3}, {1, 2, 3}), out(device_, TN_FLOAT32, {1});
  Tensor index(device_, TN_INT64, {1});
  const int64_t bad = -9;
  device_.copy_to_device(index.data(), &bad, sizeof(bad), stream());
  device_.synchronize();
  const Argument inputs[] = {data.argument(), index.argument()};
  const Argument output = out.argument();
  EXPECT_THROW(
      {
        device_.run(Operation("Gather"), inputs, {&output, 1}, *other);
        device_.synchronize();
      },
      Error);
  device_.synchronize();
  EXPECT_TRUE(other->query());
}

// Who waits for a device stops no thread that works with it. The work of `busy_` waits for a gate.
class WaitingTest : public testing::Test {
 protected:
  WaitingTest()
      : context_(Context::create({"cpu?memory=discrete"})),
        device_(context_->device(0)),
        busy_(device_.create_stream()) {}

  void queue_work() {
    const auto wait_for_gate = [](void* user, tn_status, const tn_error*) {
      auto& test = *static_cast<WaitingTest*>(user);
      // The limit ends a test that is red.
      test.expired_ = test.gate_.wait_for(std::chrono::seconds(2)) == std::future_status::timeout;
    };
    tenon::call(tn_stream_callback, busy_->handle(), tn_callback(wait_for_gate),
                static_cast<void*>(this));
  }
  // Whether `quick` returns while `slow` is still waiting.
  void expect_independent(const std::function<void()>& slow, const std::function<void()>& quick) {
    std::thread waiting(slow);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    quick();
    open_.set_value();
    waiting.join();
    EXPECT_FALSE(expired_) << "it waited too";
  }

  std::promise<void> open_;
  std::future<void> gate_ = open_.get_future();
  std::atomic<bool> expired_{false};
  std::unique_ptr<Context> context_;
  ManagedDevice& device_;
  std::unique_ptr<Stream> busy_;
};

TEST_F(WaitingTest, OthersMakeAndDropStreamsDuringADeviceSynchronize) {
  queue_work();
  expect_independent([&] { device_.synchronize(); },
                     [&] {
                       device_.create_stream().reset();
                       device_.deallocate_pinned(device_.allocate_pinned(0));
                       device_.map(nullptr, 0, TN_ACCESS_READ, device_.default_stream());
                     });
}

TEST_F(WaitingTest, AStreamMayGoWhileTheDeviceWaitsForIt) {
  queue_work();
  expect_independent([&] { device_.synchronize(); }, [&] { busy_.reset(); });
}

TEST_F(WaitingTest, AStreamGoesAtOnceThoughItUsesMemory) {
  void* shared = device_.allocate(1 << 20, device_.default_stream());
  queue_work();
  device_.record_use(shared, *busy_);
  const auto begin = std::chrono::steady_clock::now();
  busy_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  device_.deallocate(shared);
  // It is still in use: not to be given out before the work of the stream has finished.
  void* next = device_.allocate(1 << 20, device_.default_stream());
  EXPECT_NE(next, shared);
  device_.deallocate(next);
  open_.set_value();
}

TEST_F(WaitingTest, OthersAllocateWhileOneWaitsForMemory) {
  queue_work();
  device_.deallocate(device_.allocate(1000, device_.default_stream()));
  expect_independent(
      [&] { EXPECT_THROW(device_.allocate(device_.info().max_allocation, *busy_), Error); },
      [&] { device_.deallocate(device_.allocate(1000, device_.default_stream())); });
}

}  // namespace
}  // namespace tenon::runtime
