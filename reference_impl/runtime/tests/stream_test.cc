// SPDX-License-Identifier: Apache-2.0
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

// The failure of any stream is told by the device's synchronize, and then over.
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

}  // namespace
}  // namespace tenon::runtime
