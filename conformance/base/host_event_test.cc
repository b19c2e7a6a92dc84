// SPDX-License-Identifier: Apache-2.0
//
// Events that the host signals, and waits with a time limit.
#include <chrono>
#include <thread>

#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

constexpr int64_t kMillisecond = 1'000'000;

class HostEventTest : public DeviceTest {
 protected:
  // One that the fixture signals before it waits for the device; NULL where there are none.
  tn_event* make() {
    const tn_event_desc desc{sizeof(desc), TN_EVENT_HOST, 0};
    tn_event* event = reinterpret_cast<tn_event*>(this);
    ErrorBuffer error;
    const tn_status status = tn_event_create(device().get(), &desc, &event, &error);
    if (status == TN_OK) {
      made_.push_back(event);
    } else {
      EXPECT_STREQ(status_name(status), "TN_UNSUPPORTED") << error.message;
      EXPECT_EQ(event, nullptr);
    }
    return event;
  }
  // Destroyed by the test itself.
  void destroy(tn_event* event) {
    std::erase(made_, event);
    tn_event_destroy(event);
  }
  static tn_status wait(tn_event* event, int64_t nanoseconds, tn_error* error = nullptr) {
    const tn_wait_desc desc{sizeof(desc), nanoseconds};
    return tn_event_synchronize(event, &desc, error);
  }
  void TearDown() override {
    for (tn_event* event : made_) tn_event_destroy(event);
    DeviceTest::TearDown();
  }

 private:
  std::vector<tn_event*> made_;
};

#define NEED_HOST_EVENT(name)    \
  tn_event* const name = make(); \
  if (name == nullptr) TN_OPTIONAL("streams of this device cannot wait for the host")

TEST_F(HostEventTest, TN_event_009_a_wait_ends_with_its_time_limit) {
  const Event recorded(device());
  stream_.record(recorded);
  for (const int64_t limit : {int64_t{1}, 60'000 * kMillisecond, INT64_MAX}) {
    stream_.synchronize();
    EXPECT_EQ(wait(recorded.get(), limit), TN_OK) << limit << " ns for what is complete";
  }
  const tn_wait_desc negative{sizeof(negative), -1};
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_event_synchronize, recorded.get(), &negative);
  NEED_HOST_EVENT(event);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(wait(event, 20 * kMillisecond), TN_NOT_READY);
  const auto waited = std::chrono::steady_clock::now() - start;
  EXPECT_GE(waited, std::chrono::milliseconds(20));
  EXPECT_LT(waited, std::chrono::seconds(20));
  // A limit that is none at all, with which a clock's time would overflow.
  std::jthread signaller([event] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    tn_event_signal(event, TN_OK, nullptr);
  });
  EXPECT_EQ(wait(event, INT64_MAX), TN_OK);
}

TEST_F(HostEventTest, TN_event_010_streams_know_no_time_limit) {
  const Event event(device());
  stream_.record(event);
  for (const int64_t limit : {int64_t{1}, INT64_MAX}) {
    const tn_wait_desc desc{sizeof(desc), limit};
    EXPECT_FAILS(TN_UNSUPPORTED, tn_stream_wait_event, stream_.get(), event.get(), &desc);
  }
  const tn_wait_desc none{sizeof(none), 0};
  EXPECT_OK(tn_stream_wait_event, stream_.get(), event.get(), &none);
}

TEST_F(HostEventTest, TN_event_011_streams_and_hosts_wait_for_the_signal) {
  NEED_HOST_EVENT(event);
  const Buffer buffer = upload(Bytes(64, 'a'));
  const Stream second(device());
  ASSERT_OK(tn_stream_wait_event, stream_.get(), event, nullptr);
  stream_.fill(buffer, 0, 64, "b", 1);
  const Event behind(device());
  stream_.record(behind);
  // Not signalled yet: nothing behind it has run, however long one waits.
  EXPECT_EQ(tn_event_query(event, nullptr), TN_NOT_READY);
  EXPECT_EQ(wait(behind.get(), 20 * kMillisecond), TN_NOT_READY);
  EXPECT_EQ(tn_stream_query(stream_.get(), nullptr), TN_NOT_READY);
  EXPECT_OK(tn_event_signal, event, tn_status{TN_OK});
  EXPECT_OK(tn_stream_synchronize, stream_.get());
  EXPECT_OK(tn_event_query, event);
  EXPECT_OK(tn_event_synchronize, event, nullptr);
  EXPECT_EQ(download(buffer), Bytes(64, 'b'));
  // A wait that comes later finds it complete.
  EXPECT_OK(tn_stream_wait_event, second.get(), event, nullptr);
  EXPECT_OK(tn_stream_synchronize, second.get());
}

TEST_F(HostEventTest, TN_event_012_a_failure_that_is_signalled_is_that_of_those_who_wait) {
  NEED_HOST_EVENT(event);
  const Buffer buffer = upload(Bytes(64, 'a'));
  ASSERT_OK(tn_stream_wait_event, stream_.get(), event, nullptr);
  stream_.fill(buffer, 0, 64, "b", 1);
  EXPECT_OK(tn_event_signal, event, tn_status{TN_NOT_FOUND});
  EXPECT_FAILS(TN_NOT_FOUND, tn_stream_synchronize, stream_.get());
  EXPECT_FAILS(TN_NOT_FOUND, tn_event_query, event);
  EXPECT_FAILS(TN_NOT_FOUND, tn_event_synchronize, event, nullptr);
  EXPECT_FAILS(TN_NOT_FOUND, tn_stream_reset, stream_.get());
  EXPECT_EQ(download(buffer), Bytes(64, 'a')) << "work behind the failure was not skipped";
}

TEST_F(HostEventTest, TN_event_013_signalled_once_and_never_recorded) {
  const Event plain(device());
  ErrorBuffer error;
  const Refusal meant;
  const tn_status other = tn_event_signal(plain.get(), TN_OK, &error);
  if (other == TN_UNIMPLEMENTED) TN_OPTIONAL("no event is signalled by the host");
  EXPECT_STREQ(status_name(other), "TN_INVALID_STATE") << "an event that streams record";
  NEED_HOST_EVENT(event);
  EXPECT_FAILS(TN_INVALID_STATE, tn_event_record, event, stream_.get(), nullptr);
  EXPECT_OK(tn_event_signal, event, tn_status{TN_OK});
  EXPECT_FAILS(TN_INVALID_STATE, tn_event_signal, event, tn_status{TN_INTERNAL});
  EXPECT_OK(tn_event_query, event);
  EXPECT_FAILS(TN_INVALID_STATE, tn_event_record, event, stream_.get(), nullptr);
}

TEST_F(HostEventTest, TN_event_014_destroyed_before_its_signal_it_fails_its_waits) {
  NEED_HOST_EVENT(event);
  ASSERT_OK(tn_stream_wait_event, stream_.get(), event, nullptr);
  destroy(event);
  EXPECT_FAILS(TN_INVALID_STATE, tn_stream_synchronize, stream_.get());
  EXPECT_FAILS(TN_INVALID_STATE, tn_stream_reset, stream_.get());
  EXPECT_OK(tn_stream_synchronize, stream_.get());
  // One that was signalled before fails no stream.
  NEED_HOST_EVENT(signalled);
  ASSERT_OK(tn_stream_wait_event, stream_.get(), signalled, nullptr);
  EXPECT_OK(tn_event_signal, signalled, tn_status{TN_OK});
  destroy(signalled);
  EXPECT_OK(tn_stream_synchronize, stream_.get());
}

}  // namespace
}  // namespace tenon::conformance
