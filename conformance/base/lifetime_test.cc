// SPDX-License-Identifier: Apache-2.0
//
// Destroying what queued work still uses is legal.
#include <chrono>
#include <thread>

#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

using LifetimeTest = DeviceTest;

// Whether a stream has done all its work; it is given a while.
bool ends(const Stream& stream) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  while (tn_stream_query(stream.get(), nullptr) == TN_NOT_READY) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

TEST_F(LifetimeTest, TN_lifetime_001_buffers_in_flight) {
  const Bytes bytes = pattern_bytes(1 << 18, 7);
  for (const bool on_stream : {false, true}) {
    // Written long before, so that what is copied late is what its memory holds by then.
    Buffer temporary = upload(bytes);
    const Buffer result = make_buffer(bytes.size());
    hold_back(stream_);
    stream_.copy(result, 0, temporary, 0, bytes.size());
    if (on_stream) {
      temporary.destroy_on(stream_.get());
    } else {
      temporary.reset();
    }
    // Its memory must not be given to the next one yet, or only in order.
    const Buffer next = make_buffer(bytes.size());
    const Stream other(device());
    other.fill(next, 0, bytes.size(), "\xff", 1);
    other.synchronize();
    let_go();
    EXPECT_EQ(download(result), bytes);
  }
}

// Memory that the host may touch is given back no earlier.
TEST_F(LifetimeTest, TN_lifetime_001_buffers_of_every_kind) {
  const Bytes bytes = pattern_bytes(1 << 18, 8);
  for (const tn_buffer_kind kind : {TN_BUFFER_HOST_PINNED, TN_BUFFER_SHARED}) {
    for (const bool on_stream : {false, true}) {
      const tn_buffer_desc desc{sizeof(desc), bytes.size(), kind, 0, nullptr};
      tn_buffer* handle = nullptr;
      const Refusal maybe;
      if (tn_buffer_create(device().get(), &desc, &handle, nullptr) != TN_OK) continue;
      Buffer temporary(handle);
      write(stream_, temporary, 0, bytes);
      stream_.synchronize();
      const Buffer result = make_buffer(bytes.size());
      hold_back(stream_);
      stream_.copy(result, 0, temporary, 0, bytes.size());
      if (on_stream) {
        temporary.destroy_on(stream_.get());
      } else {
        temporary.reset();
      }
      tn_buffer* next = nullptr;
      ASSERT_OK(tn_buffer_create, device().get(), &desc, &next);
      const Buffer other(next);
      const Stream second(device());
      second.fill(other, 0, bytes.size(), "\xff", 1);
      second.synchronize();
      let_go();
      EXPECT_EQ(download(result), bytes) << "kind " << kind;
    }
  }
}

TEST_F(LifetimeTest, TN_lifetime_002_streams_in_flight) {
  const Bytes bytes = pattern_bytes(1 << 16, 8);
  const Buffer buffer = make_buffer(bytes.size());
  Stream own(device());
  hold_back(own);
  write(own, buffer, 0, bytes);
  own.reset();
  let_go();
  device().synchronize();
  EXPECT_EQ(download(buffer), bytes);
}

TEST_F(LifetimeTest, TN_lifetime_003_events_in_flight) {
  const Stream second(device());
  const Bytes bytes = pattern_bytes(1 << 16, 9);
  const Buffer buffer = make_buffer(bytes.size());
  Event event(device());
  const Gate& gate = hold_back(stream_);
  write(stream_, buffer, 0, bytes);
  stream_.record(event);
  second.wait(event);
  event.reset();
  const Bytes& seen = read(second, buffer, 0, bytes.size());
  EXPECT_FALSE(gate.is_closed() && ends(second) && gate.is_closed());
  let_go();
  second.synchronize();
  EXPECT_EQ(seen, bytes);
}

TEST_F(LifetimeTest, TN_lifetime_004_kernels_in_flight) {
  const Bytes bytes = pattern_bytes(1 << 16, 10);
  const int64_t count = static_cast<int64_t>(bytes.size() / 4);
  Kernel kernel(device(), dense_desc("Identity", TN_INT32, {count}, 1));
  Buffer a = upload(bytes);
  const Buffer b = make_buffer(bytes.size());
  hold_back(stream_);
  {
    const Tensor in = Tensor::device(a.get(), TN_INT32, {count});
    const Tensor out = Tensor::device(b.get(), TN_INT32, {count});
    launch(kernel, stream_, {in.get()}, {out.get()});
  }
  kernel.reset();
  a.reset();
  let_go();
  EXPECT_EQ(download(b), bytes);
}

TEST_F(LifetimeTest, TN_lifetime_005_deferred_memory_comes_back) {
  Device own = Target::get().open_device();
  {
    const Stream stream(own);
    for (int i = 0; i < 20; ++i) {
      Buffer buffer(own, 1 << 16);
      stream.fill(buffer, 0, 1 << 16, "z", 1);
    }
    stream.synchronize();
  }
  own.synchronize();
  // The memory goes back once the work has finished; a plugin may do so a moment later.
  tn_memory_info memory = own.memory();
  for (int i = 0; i < 1000 && memory.deferred_bytes != 0; ++i) {
    own.synchronize();
    memory = own.memory();
  }
  EXPECT_EQ(memory.live_bytes, 0u);
  EXPECT_EQ(memory.deferred_bytes, 0u);
}

}  // namespace
}  // namespace tenon::conformance
