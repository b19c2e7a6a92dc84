// SPDX-License-Identifier: Apache-2.0
//
// How a stream uses a device's queue: what it starts together, and when it waits for it.
#include <array>
#include <atomic>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "reference_impl/cpu/tests/device_harness.h"
#include "reference_impl/device/memory.h"
#include "reference_impl/device/reclaimer.h"
#include "reference_impl/device/stream_core.h"

namespace tenon::cpu::testing {
namespace {

// A queue that does nothing until finish(), and remembers how much each finish() was for.
class FakeQueue final : public Execution {
 public:
  explicit FakeQueue(const tn_host& host) : Execution(host) {}

  void copy(std::byte*, const std::byte*, uint64_t) const override { ++queued; }
  void finish() const override {
    const std::lock_guard lock(mutex);
    batches.push_back(queued.exchange(0));
    if (fails.exchange(false)) throw KernelError(TN_DEVICE_LOST, "it fell off the bus");
  }

  mutable std::atomic<int> queued{0};
  mutable std::atomic<bool> fails{false};
  mutable std::mutex mutex;
  mutable std::vector<int> batches;
};

class QueueTest : public ::testing::Test {
 protected:
  QueueTest() {
    auto own = std::make_unique<FakeQueue>(host_);
    queue_ = own.get();
    // Nothing starts before someone waits, so tests know what is there to start.
    stream_ = std::make_shared<StreamCore>(shared_, std::move(own), plain_layouts(), reclaimer_,
                                           true, 3'600'000'000);
  }

  void submit_copy() {
    Task task;
    task.kind = TaskKind::kCopy;
    stream_->submit(std::move(task));
  }
  void submit_callback(tn_callback callback, void* user) {
    Task task;
    task.kind = TaskKind::kCallback;
    task.callback = callback;
    task.user = user;
    stream_->submit(std::move(task));
  }
  std::vector<int> batches() {
    const std::lock_guard lock(queue_->mutex);
    return queue_->batches;
  }

  tn_host host_{};
  Execution shared_{host_};
  Memory memory_{cpu::Options{}};
  Reclaimer reclaimer_{memory_};
  FakeQueue* queue_ = nullptr;
  std::shared_ptr<StreamCore> stream_;
};

TEST_F(QueueTest, StartsTogetherWhatIsWaitedForTogether) {
  for (int i = 0; i < 5; ++i) submit_copy();
  stream_->wait(5);
  EXPECT_EQ(batches(), std::vector<int>{5});
  EXPECT_EQ(stream_->finished(), 5u);
}

TEST_F(QueueTest, DoesNotMakeAWaiterWaitForWorkBehind) {
  for (int i = 0; i < 5; ++i) submit_copy();
  stream_->wait(2);
  EXPECT_EQ(batches(), std::vector<int>{2});
  EXPECT_EQ(stream_->finished(), 2u);
}

TEST_F(QueueTest, LimitsWhatIsUnderWay) {
  constexpr uint64_t kTasks = uint64_t{StreamCore::kBatch} + 3;
  for (uint64_t i = 0; i < kTasks; ++i) submit_copy();
  stream_->wait(kTasks);
  EXPECT_EQ(batches(), (std::vector<int>{StreamCore::kBatch, 3}));
}

TEST_F(QueueTest, FinishesWhatStandsInFrontOfACallback) {
  struct Seen {
    FakeQueue* queue;
    int under_way = -1;
  } seen{queue_};
  submit_copy();
  submit_copy();
  submit_callback(
      [](void* user, tn_status, const tn_error*) {
        auto& out = *static_cast<Seen*>(user);
        out.under_way = out.queue->queued;
      },
      &seen);
  submit_copy();
  stream_->wait(4);
  EXPECT_EQ(seen.under_way, 0);
  EXPECT_EQ(batches()[0], 2);
}

TEST_F(QueueTest, KeepsWhatTheQueueReportsAtTheEnd) {
  queue_->fails = true;
  submit_copy();
  submit_copy();
  stream_->wait(2);
  tn_error error = TN_ERROR_INIT;
  EXPECT_EQ(stream_->failure().get(&error), TN_DEVICE_LOST);
  EXPECT_STREQ(error.message, "it fell off the bus");
  // What comes behind the failure is not started.
  submit_copy();
  stream_->wait(3);
  EXPECT_EQ(batches().back(), 0);
}

TEST_F(QueueTest, IsRunByWhoeverWaits) {
  std::thread::id ran;
  submit_callback(
      [](void* user, tn_status, const tn_error*) {
        *static_cast<std::thread::id*>(user) = std::this_thread::get_id();
      },
      &ran);
  stream_->wait(1);
  EXPECT_EQ(ran, std::this_thread::get_id());
}

TEST_F(QueueTest, ManyWaitAtTheSameTime) {
  constexpr uint64_t kTasks = 2000;
  std::array<std::thread, 3> waiters;
  for (std::thread& waiter : waiters) {
    waiter = std::thread([&] {
      while (stream_->finished() < kTasks) stream_->wait(stream_->queued());
    });
  }
  for (uint64_t i = 0; i < kTasks; ++i) submit_copy();
  for (std::thread& waiter : waiters) waiter.join();
  const std::vector<int> all = batches();
  EXPECT_EQ(std::accumulate(all.begin(), all.end(), 0), static_cast<int>(kTasks));
}

TEST_F(QueueTest, RunsWhatIsLeftWhenClosed) {
  for (int i = 0; i < 3; ++i) submit_copy();
  stream_->close();
  stream_->join();
  EXPECT_TRUE(stream_->drained());
  EXPECT_EQ(batches(), std::vector<int>{3});
}

}  // namespace
}  // namespace tenon::cpu::testing
