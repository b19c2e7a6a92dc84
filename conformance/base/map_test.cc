// SPDX-License-Identifier: Apache-2.0
//
// Mapping: the one way to a buffer that is not coherent.
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

using MapTest = DeviceTest;
constexpr tn_access kBoth = TN_ACCESS_READ | TN_ACCESS_WRITE;

TEST_F(MapTest, TN_map_001_points_at_the_offset) {
  const Bytes bytes = pattern_bytes(10000);
  const Buffer buffer = upload(bytes);
  for (const uint64_t offset : {0, 1, 4095, 4096, 9999}) {
    Mapping map(buffer, offset, 1, TN_ACCESS_READ);
    EXPECT_EQ(*map.data<unsigned char>(), bytes[offset]) << offset;
    EXPECT_NO_THROW(map.unmap());
  }
}

TEST_F(MapTest, TN_map_002_writes_are_seen_by_later_work) {
  Bytes bytes = pattern_bytes(5000);
  const Buffer buffer = upload(bytes);
  Mapping map(buffer, 1000, 3000, kBoth);
  for (size_t i = 0; i < 3000; ++i) {
    ASSERT_EQ(map.data<unsigned char>()[i], bytes[1000 + i]);
    map.data<unsigned char>()[i] = bytes[1000 + i] = static_cast<unsigned char>(255 - i % 256);
  }
  map.unmap();
  EXPECT_EQ(download(buffer), bytes);
}

TEST_F(MapTest, TN_map_003_disjoint_ranges_may_be_mapped_together) {
  const Bytes bytes = pattern_bytes(300);
  const Buffer buffer = upload(bytes);
  Mapping first(buffer, 0, 100, TN_ACCESS_READ);
  Mapping third(buffer, 200, 100, kBoth);
  Mapping second(buffer, 100, 100, kBoth);
  EXPECT_EQ(second.data<unsigned char>()[0], bytes[100]);
  second.data<unsigned char>()[0] = 1;
  third.data<unsigned char>()[0] = 2;
  third.unmap();
  second.unmap();
  EXPECT_EQ(first.data<unsigned char>()[99], bytes[99]);
  first.unmap();
  EXPECT_EQ(download(buffer, 100, 1)[0], 1);
  EXPECT_EQ(download(buffer, 200, 1)[0], 2);
}

TEST_F(MapTest, TN_map_004_a_mapped_range_cannot_be_mapped_again) {
  const Buffer buffer = make_buffer(300);
  Mapping map(buffer, 100, 100, kBoth);
  void* pointer = this;
  for (const auto& [offset, size] : {std::pair{100, 100}, {199, 1}, {50, 51}, {0, 300}}) {
    EXPECT_FAILS(TN_INVALID_STATE, tn_buffer_map, buffer.get(), static_cast<uint64_t>(offset),
                 static_cast<uint64_t>(size), kBoth, &pointer);
  }
  map.unmap();
  EXPECT_NO_THROW(Mapping(buffer, 100, 100, kBoth));
}

TEST_F(MapTest, TN_map_005_out_of_range_is_refused) {
  const Buffer buffer = make_buffer(300);
  void* pointer = this;
  for (const auto& [offset, size] : {std::pair{UINT64_C(0), UINT64_C(301)},
                                     {UINT64_C(301), UINT64_C(1)},
                                     {UINT64_C(299), UINT64_C(2)},
                                     {UINT64_MAX, UINT64_C(2)},
                                     {UINT64_C(2), UINT64_MAX}}) {
    EXPECT_FAILS(TN_OUT_OF_RANGE, tn_buffer_map, buffer.get(), offset, size, kBoth, &pointer);
  }
}

TEST_F(MapTest, TN_map_006_unmap_wants_the_start_of_a_mapping) {
  const Buffer buffer = make_buffer(300);
  int elsewhere = 0;
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_buffer_unmap, buffer.get(), static_cast<void*>(&elsewhere));
  Mapping map(buffer, 100, 100, kBoth);
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_buffer_unmap, buffer.get(),
               static_cast<void*>(map.data<char>() + 1));
  void* pointer = map.data();
  map.unmap();
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_buffer_unmap, buffer.get(), pointer);
}

TEST_F(MapTest, TN_map_007_discard_keeps_the_other_bytes) {
  const Bytes bytes = pattern_bytes(9000);
  const Buffer buffer = upload(bytes);
  Mapping map(buffer, 4000, 1000, TN_ACCESS_WRITE | TN_ACCESS_DISCARD);
  std::memset(map.data(), 7, 1000);
  map.unmap();
  Bytes expected = bytes;
  std::fill_n(expected.begin() + 4000, 1000, static_cast<unsigned char>(7));
  EXPECT_EQ(download(buffer), expected);
}

TEST_F(MapTest, TN_map_008_destroy_unmaps) {
  Buffer buffer = make_buffer(300);
  ASSERT_NE(buffer.map(0, 100, kBoth), nullptr);
  buffer.reset();
  EXPECT_OK(tn_device_synchronize, device().get());
}

TEST_F(MapTest, TN_map_010_nothing_and_no_use_of_it_cannot_be_mapped) {
  const Buffer buffer = make_buffer(300);
  void* pointer = this;
  for (const uint64_t offset : {UINT64_C(0), UINT64_C(100), UINT64_C(300)}) {
    EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_buffer_map, buffer.get(), offset, uint64_t{0}, kBoth,
                 &pointer);
    EXPECT_EQ(pointer, nullptr);
  }
  const tn_access senseless[] = {0, TN_ACCESS_DISCARD, TN_ACCESS_READ | TN_ACCESS_DISCARD,
                                 kBoth | TN_ACCESS_DISCARD};
  for (const tn_access access : senseless) {
    EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_buffer_map, buffer.get(), uint64_t{0}, uint64_t{100},
                 access, &pointer);
    EXPECT_EQ(pointer, nullptr) << access;
  }
}

TEST_F(MapTest, TN_map_009_all_kinds_can_be_mapped) {
  for (const tn_buffer_kind kind : {TN_BUFFER_DEVICE, TN_BUFFER_HOST_PINNED, TN_BUFFER_SHARED}) {
    tn_buffer* made = nullptr;
    const tn_buffer_desc desc{sizeof(desc), 100, kind, 0, nullptr};
    const Refusal maybe;
    const tn_status status = tn_buffer_create(device().get(), &desc, &made, nullptr);
    if (status == TN_UNSUPPORTED) continue;  // TN_buffer_012
    ASSERT_EQ(status, TN_OK);
    const Buffer buffer(made);
    {
      Mapping map(buffer, 0, 100, TN_ACCESS_WRITE);
      std::memset(map.data(), 42, 100);
      map.unmap();
    }
    EXPECT_EQ(download(buffer), Bytes(100, 42));
  }
}

}  // namespace
}  // namespace tenon::conformance
