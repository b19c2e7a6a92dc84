// SPDX-License-Identifier: Apache-2.0
//
// Streams: copies, fills, their order and their bounds.
#include <chrono>
#include <thread>

#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

using StreamTest = DeviceTest;

TEST_F(StreamTest, TN_stream_001_work_runs_in_order) {
  const Bytes first = pattern_bytes(4096, 1), second = pattern_bytes(4096, 2);
  const Buffer a = make_buffer(4096), b = make_buffer(4096);
  hold_back(stream_, std::chrono::milliseconds(50));
  write(stream_, a, 0, first);
  stream_.copy(b, 0, a, 0, 4096);
  write(stream_, a, 0, second);
  const Bytes& seen_b = read(stream_, b, 0, 4096);
  const Bytes& seen_a = read(stream_, a, 0, 4096);
  stream_.fill(b, 0, 4096, "\x5a", 1);
  const Bytes& seen_later = read(stream_, b, 0, 4096);
  stream_.synchronize();
  EXPECT_EQ(seen_b, first);
  EXPECT_EQ(seen_a, second);
  EXPECT_EQ(seen_later, Bytes(4096, 0x5a));
}

TEST_F(StreamTest, TN_stream_002_copies_honour_offsets) {
  const Bytes bytes = pattern_bytes(1000, 3);
  const Buffer a = upload(bytes), b = upload(Bytes(1000, 0));
  stream_.copy(b, 13, a, 501, 77);
  Bytes expected(1000, 0);
  std::copy_n(bytes.begin() + 501, 77, expected.begin() + 13);
  EXPECT_EQ(download(b), expected);
  EXPECT_EQ(download(a), bytes);
  const Bytes few(bytes.begin(), bytes.begin() + 5);
  write(stream_, b, 3, few);
  EXPECT_EQ(download(b, 3, 5), few);
}

TEST_F(StreamTest, TN_stream_003_copies_within_a_buffer) {
  Bytes bytes = pattern_bytes(1000, 4);
  const Buffer buffer = upload(bytes);
  stream_.copy(buffer, 500, buffer, 0, 500);
  std::copy_n(bytes.begin(), 500, bytes.begin() + 500);
  EXPECT_EQ(download(buffer), bytes);
}

TEST_F(StreamTest, TN_stream_004_overlapping_copies_are_refused) {
  const Buffer buffer = make_buffer(1000);
  for (const auto& [dst, src] : {std::pair{0, 0}, {0, 99}, {99, 0}}) {
    EXPECT_FAILS(TN_OVERLAP, tn_stream_copy, stream_.get(), buffer.get(),
                 static_cast<uint64_t>(dst), buffer.get(), static_cast<uint64_t>(src),
                 uint64_t{100});
  }
}

TEST_F(StreamTest, TN_stream_005_ranges_lie_in_the_buffer) {
  const Buffer a = make_buffer(100), b = make_buffer(200);
  Bytes& host = keep(Bytes(200));
  for (const auto& [offset, size] : {std::pair{UINT64_C(0), UINT64_C(101)},
                                     {UINT64_C(101), UINT64_C(0)},
                                     {UINT64_C(100), UINT64_C(1)},
                                     {UINT64_MAX, UINT64_C(2)},
                                     {UINT64_C(1), UINT64_MAX}}) {
    EXPECT_FAILS(TN_OUT_OF_RANGE, tn_stream_copy, stream_.get(), a.get(), offset, b.get(),
                 uint64_t{0}, size);
    EXPECT_FAILS(TN_OUT_OF_RANGE, tn_stream_copy, stream_.get(), b.get(), uint64_t{0}, a.get(),
                 offset, size);
    EXPECT_FAILS(TN_OUT_OF_RANGE, tn_stream_write, stream_.get(), a.get(), offset,
                 static_cast<const void*>(host.data()), size);
    EXPECT_FAILS(TN_OUT_OF_RANGE, tn_stream_read, stream_.get(), static_cast<void*>(host.data()),
                 a.get(), offset, size);
    EXPECT_FAILS(TN_OUT_OF_RANGE, tn_stream_fill, stream_.get(), a.get(), offset, size,
                 static_cast<const void*>("x"), size_t{1});
  }
  // What is refused leaves the stream as it was.
  EXPECT_OK(tn_stream_synchronize, stream_.get());
}

TEST_F(StreamTest, TN_stream_006_fills_repeat_their_pattern) {
  const Bytes pattern = pattern_bytes(16, 9);
  for (const size_t size : {1, 2, 4, 8, 16}) {
    const Buffer buffer = upload(Bytes(160, 0));
    Bytes copy(pattern.begin(), pattern.begin() + static_cast<long>(size));
    stream_.fill(buffer, 32, 96, copy.data(), size);
    std::fill(copy.begin(), copy.end(), static_cast<unsigned char>(0));  // Was read already.
    Bytes expected(160, 0);
    for (size_t i = 0; i < 96; ++i) expected[32 + i] = pattern[i % size];
    EXPECT_EQ(download(buffer), expected) << size;
  }
}

TEST_F(StreamTest, TN_stream_007_wrong_patterns_are_refused) {
  const Buffer buffer = make_buffer(160);
  const char pattern[32] = {};
  for (const size_t size : {0, 3, 32}) {
    EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_fill, stream_.get(), buffer.get(), uint64_t{0},
                 uint64_t{96}, static_cast<const void*>(pattern), size);
  }
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_fill, stream_.get(), buffer.get(), uint64_t{0},
               uint64_t{10}, static_cast<const void*>(pattern), size_t{4});
}

TEST_F(StreamTest, TN_stream_008_query_tells_the_end) {
  const Gate& gate = hold_back(stream_);
  ErrorBuffer error;
  const tn_status status = tn_stream_query(stream_.get(), &error);
  EXPECT_TRUE(status == TN_NOT_READY || (status == TN_OK && !gate.is_closed()))
      << status_name(status);
  let_go();
  stream_.synchronize();
  EXPECT_OK(tn_stream_query, stream_.get());
}

TEST_F(StreamTest, TN_stream_008_query_does_not_tell_it_too_early) {
  const Bytes bytes = pattern_bytes(1 << 16, 4);
  const Buffer buffer = make_buffer(bytes.size());
  for (int round = 0; round < 5; ++round) {
    Bytes& seen = keep(Bytes(bytes.size()));
    hold_back(stream_, std::chrono::milliseconds(10));
    write(stream_, buffer, 0, bytes);
    stream_.read(seen.data(), buffer, 0, seen.size());
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    tn_status status = TN_NOT_READY;
    while (status == TN_NOT_READY && std::chrono::steady_clock::now() < limit) {
      std::this_thread::yield();
      status = tn_stream_query(stream_.get(), nullptr);
    }
    if (status == TN_NOT_READY) break;  // Too slow for this; the end is told by another test.
    EXPECT_EQ(status, TN_OK);
    const Bytes then = seen;  // As it is when the query says so.
    stream_.synchronize();
    ASSERT_EQ(then, bytes) << "the query said that all work had finished";
  }
}

TEST_F(StreamTest, TN_stream_009_streams_of_several_threads) {
  constexpr size_t kThreads = 4;
  const Bytes bytes = pattern_bytes(100000);
  std::vector<Bytes> results(kThreads);
  run_threads(kThreads, [&](size_t t) {
    for (int round = 0; round < 10; ++round) {
      const Stream stream(device());
      const Buffer a(device(), bytes.size()), b(device(), bytes.size());
      write(stream, a, 0, bytes);
      stream.copy(b, 0, a, 0, bytes.size());
      const Bytes& seen = read(stream, b, 0, bytes.size());
      stream.synchronize();
      results[t] = seen;
    }
  });
  for (const Bytes& result : results) EXPECT_EQ(result, bytes);
}

TEST_F(StreamTest, TN_stream_010_descriptions_may_be_left_out) {
  tn_stream* stream = nullptr;
  ASSERT_OK(tn_stream_create, device().get(), static_cast<const tn_stream_desc*>(nullptr), &stream);
  EXPECT_OK(tn_stream_synchronize, stream);
  tn_stream_destroy(stream);
  const tn_stream_desc high{sizeof(high), 5, 0};
  ASSERT_OK(tn_stream_create, device().get(), &high, &stream);
  tn_stream_destroy(stream);
}

TEST_F(StreamTest, TN_stream_014_every_priority_is_accepted) {
  const Bytes bytes = pattern_bytes(64);
  for (const int32_t priority : {INT32_MIN, -100, -1, 1, 100, INT32_MAX}) {
    tn_stream* handle = nullptr;
    const tn_stream_desc desc{sizeof(desc), priority, 0};
    ASSERT_OK(tn_stream_create, device().get(), &desc, &handle) << priority;
    const Stream stream(handle);
    const Buffer buffer = make_buffer(64);
    write(stream, buffer, 0, bytes);
    const Bytes& seen = read(stream, buffer, 0, 64);
    stream.synchronize();
    EXPECT_EQ(seen, bytes) << priority;
  }
}

TEST_F(StreamTest, TN_stream_011_an_empty_stream_is_complete) {
  EXPECT_OK(tn_stream_query, stream_.get());
  EXPECT_OK(tn_stream_synchronize, stream_.get());
  EXPECT_OK(tn_stream_reset, stream_.get());
}

}  // namespace
}  // namespace tenon::conformance
