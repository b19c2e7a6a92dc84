// SPDX-License-Identifier: Apache-2.0
//
// Extension peer, between the device and another one that is opened beside it.
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

class PeerTest : public DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    const Instance& instance = Target::get().instance();
    if (instance.extension<tn_peer_functions>(TN_EXTENSION_PEER, TN_EXTENSION_PEER_VERSION) ==
        nullptr) {
      TN_OPTIONAL("no extension peer");
    }
    other_ = Target::get().open_device();
    other_stream_ = Stream(other_);
  }

  Device other_;
  Stream other_stream_;
};

TEST_F(PeerTest, TN_peer_001_copies_in_either_direction) {
  const Bytes bytes = pattern_bytes(1000);
  const Buffer here = upload(bytes);
  const Buffer there(other_, 1000);
  const Buffer back = make_buffer(1000);
  ASSERT_OK(tn_peer_copy, stream_.get(), there.get(), uint64_t{0}, here.get(), uint64_t{0},
            uint64_t{1000});
  ASSERT_OK(tn_peer_copy, stream_.get(), back.get(), uint64_t{10}, there.get(), uint64_t{20},
            uint64_t{500});
  EXPECT_EQ(download(back, 10, 500), Bytes(bytes.begin() + 20, bytes.begin() + 520));
  // On a stream of the other device.
  const Event event(device());
  stream_.record(event);
  ASSERT_OK(tn_peer_wait_event, other_stream_.get(), event.get());
  ASSERT_OK(tn_peer_copy, other_stream_.get(), back.get(), uint64_t{0}, there.get(), uint64_t{0},
            uint64_t{1000});
  other_stream_.synchronize();
  EXPECT_EQ(download(back), bytes);
}

TEST_F(PeerTest, TN_peer_002_refuses_what_copies_refuse) {
  const Buffer here = make_buffer(64);
  const Buffer there(other_, 64);
  EXPECT_FAILS(TN_OUT_OF_RANGE, tn_peer_copy, stream_.get(), there.get(), uint64_t{1}, here.get(),
               uint64_t{0}, uint64_t{64});
  EXPECT_FAILS(TN_OUT_OF_RANGE, tn_peer_copy, stream_.get(), there.get(), uint64_t{0}, here.get(),
               uint64_t{1}, uint64_t{64});
  EXPECT_FAILS(TN_OVERLAP, tn_peer_copy, stream_.get(), there.get(), uint64_t{0}, there.get(),
               uint64_t{16}, uint64_t{32});
  EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_peer_copy, stream_.get(), static_cast<tn_buffer*>(nullptr),
                 uint64_t{0}, here.get(), uint64_t{0}, uint64_t{64});
  EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_peer_wait_event, stream_.get(),
                 static_cast<tn_event*>(nullptr));
  EXPECT_OK(tn_stream_synchronize, stream_.get());
}

TEST_F(PeerTest, TN_peer_003_waits_for_the_other_device) {
  const Bytes bytes = pattern_bytes(4096);
  const Buffer there(other_, bytes.size());
  const Buffer slow(other_, 1 << 22);
  const Buffer here = make_buffer(bytes.size());
  Gate gate(other_, std::chrono::milliseconds(1000));
  gate.hold(other_stream_);
  for (int i = 0; i < 5; ++i) other_stream_.fill(slow, 0, 1 << 22, "\x01", 1);
  write(other_stream_, there, 0, bytes);
  const Event event(other_);
  other_stream_.record(event);
  ASSERT_OK(tn_peer_wait_event, stream_.get(), event.get());
  ASSERT_OK(tn_peer_copy, stream_.get(), here.get(), uint64_t{0}, there.get(), uint64_t{0},
            uint64_t{bytes.size()});
  gate.open();
  EXPECT_EQ(download(here), bytes);
  other_stream_.synchronize();
}

TEST_F(PeerTest, TN_peer_003_fails_with_the_other_device) {
  const Stream waiting(other_);
  if (!queue_failure(stream_)) TN_OPTIONAL("no operator fails late");
  const Event event(device());
  stream_.record(event);
  ASSERT_OK(tn_peer_wait_event, waiting.get(), event.get());
  ErrorBuffer error;
  const tn_status status = tn_stream_synchronize(waiting.get(), &error);
  EXPECT_NE(status, TN_OK);
  EXPECT_EQ(tn_stream_synchronize(stream_.get(), nullptr), status);
  EXPECT_TRUE(check_details(status, error));
  tn_stream_reset(stream_.get(), nullptr);
}

}  // namespace
}  // namespace tenon::conformance
