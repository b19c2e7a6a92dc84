// SPDX-License-Identifier: Apache-2.0
//
// Buffers, mappings and limits, in every memory mode.
#include <csignal>
#include <cstring>
#include <numeric>

#include "reference_impl/cpu/tests/device_harness.h"

namespace tenon::cpu::testing {
namespace {

class MemoryTest : public Modes {
 protected:
  Device device{GetParam()};
};

TEST_P(MemoryTest, DeviceSaysWhatItIs) {
  tn_device_info info{};
  info.struct_size = sizeof(info);
  TN_CHECK(device_get_info, device, &info);
  const uint32_t kind = late() ? TN_DEVICE_ASYNCHRONOUS : TN_DEVICE_COHERENT;
  EXPECT_EQ(kind | TN_DEVICE_DYNAMIC_DIMS, info.flags);
  EXPECT_STREQ("cpu-0", info.physical_id);
  EXPECT_STRNE("", info.name);
  EXPECT_GT(info.max_allocation, 0u);
}

TEST_P(MemoryTest, BufferInfoFollowsTheMode) {
  tn_buffer* buffer = device.buffer(100);
  tn_buffer_info info{};
  info.struct_size = sizeof(info);
  TN_CHECK(buffer_get_info, buffer, &info);
  EXPECT_EQ(100u, info.size);
  EXPECT_EQ(late(), info.host_pointer == nullptr);
  EXPECT_EQ(late() ? 0u : uint32_t{TN_BUFFER_COHERENT}, info.flags);
  EXPECT_EQ(std::string(GetParam()) == "mapped", info.address == 0);
  EXPECT_EQ(0u, info.address % 64);
  table().buffer_destroy(buffer, nullptr);
}

TEST_P(MemoryTest, PinnedAndImportedMemoryIsAlwaysCoherent) {
  tn_buffer* pinned = device.buffer(64, TN_BUFFER_HOST_PINNED);
  tn_buffer_info info{};
  info.struct_size = sizeof(info);
  TN_CHECK(buffer_get_info, pinned, &info);
  ASSERT_NE(nullptr, info.host_pointer);
  EXPECT_EQ(uint32_t{TN_BUFFER_COHERENT}, info.flags);
  std::memset(info.host_pointer, 7, 64);
  EXPECT_EQ(std::vector<uint8_t>(64, 7), device.read<uint8_t>(pinned, 64));
  table().buffer_destroy(pinned, nullptr);

  std::vector<int32_t> mine{1, 2, 3};
  int released = 0;
  tn_import_desc desc{sizeof(desc),
                      TN_IMPORT_HOST,
                      0,
                      mine.data(),
                      0,
                      0,
                      12,
                      [](void* user) { ++*static_cast<int*>(user); },
                      &released};
  tn_buffer* imported = nullptr;
  TN_CHECK(buffer_import, device, &desc, &imported);
  TN_CHECK(buffer_get_info, imported, &info);
  EXPECT_EQ(mine.data(), info.host_pointer);
  EXPECT_EQ(uint32_t{TN_BUFFER_COHERENT | TN_BUFFER_IMPORTED}, info.flags);
  EXPECT_EQ(mine, device.read<int32_t>(imported, 3));
  EXPECT_EQ(0, released);
  table().buffer_destroy(imported, nullptr);
  EXPECT_EQ(1, released);
}

TEST_P(MemoryTest, MappedRangesKeepTheRestOfTheBuffer) {
  std::vector<uint8_t> values(5000);
  std::iota(values.begin(), values.end(), uint8_t{0});
  tn_buffer* buffer = device.buffer_of(values);
  void* pointer = nullptr;
  TN_CHECK(buffer_map, buffer, 4090, 20, TN_ACCESS_READ | TN_ACCESS_WRITE, &pointer);
  EXPECT_EQ(0, std::memcmp(pointer, values.data() + 4090, 20));
  std::memset(pointer, 0, 20);
  TN_CHECK(buffer_unmap, buffer, pointer);
  std::fill_n(values.begin() + 4090, 20, uint8_t{0});
  EXPECT_EQ(values, device.read<uint8_t>(buffer, 5000));
  table().buffer_destroy(buffer, nullptr);
}

TEST_P(MemoryTest, WriteWithoutDiscardKeepsWhatIsNotWritten) {
  tn_buffer* buffer = device.buffer_of<int32_t>({1, 2, 3});
  void* pointer = nullptr;
  TN_CHECK(buffer_map, buffer, 0, 12, TN_ACCESS_WRITE, &pointer);
  static_cast<int32_t*>(pointer)[1] = 20;
  TN_CHECK(buffer_unmap, buffer, pointer);
  EXPECT_EQ((std::vector<int32_t>{1, 20, 3}), device.read<int32_t>(buffer, 3));
  table().buffer_destroy(buffer, nullptr);
}

TEST_P(MemoryTest, MapRulesAreEnforced) {
  tn_buffer* buffer = device.buffer(100);
  void* first = nullptr;
  void* second = nullptr;
  TN_CHECK(buffer_map, buffer, 0, 50, TN_ACCESS_READ, &first);
  TN_CHECK(buffer_map, buffer, 50, 50, TN_ACCESS_READ, &second);
  void* none = &none;
  TN_EXPECT_ERROR(TN_INVALID_STATE, "mapped already", buffer_map, buffer, 49, 1, TN_ACCESS_READ,
                  &none);
  EXPECT_EQ(nullptr, none);
  TN_EXPECT_ERROR(TN_OUT_OF_RANGE, "beyond", buffer_map, buffer, 60, 41, TN_ACCESS_READ, &none);
  TN_EXPECT_ERROR(TN_OUT_OF_RANGE, "beyond", buffer_map, buffer, UINT64_MAX, 2, TN_ACCESS_READ,
                  &none);
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "DISCARD", buffer_map, buffer, 0, 1, TN_ACCESS_DISCARD,
                  &none);
  TN_CHECK(buffer_unmap, buffer, first);
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "no mapping", buffer_unmap, buffer, first);
  TN_CHECK(buffer_unmap, buffer, second);
  table().buffer_destroy(buffer, nullptr);
}

TEST_P(MemoryTest, WorkOnAMappedRangeIsRefused) {
  tn_buffer* buffer = device.buffer(64);
  tn_stream* stream = device.stream();
  void* pointer = nullptr;
  TN_CHECK(buffer_map, buffer, 0, 16, TN_ACCESS_READ, &pointer);
  const uint8_t zero = 0;
  TN_EXPECT_ERROR(TN_INVALID_STATE, "mapped", stream_fill, stream, buffer, 8, 16, &zero, 1);
  TN_CHECK(stream_fill, stream, buffer, 16, 48, &zero, 1);
  TN_CHECK(stream_synchronize, stream);
  TN_CHECK(buffer_unmap, buffer, pointer);
  table().buffer_destroy(buffer, nullptr);
  table().stream_destroy(stream);
}

TEST_P(MemoryTest, EmptyBuffersWork) {
  tn_buffer* buffer = device.buffer(0);
  void* pointer = nullptr;
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "size is 0", buffer_map, buffer, 0, 0, TN_ACCESS_READ,
                  &pointer);
  EXPECT_EQ(pointer, nullptr);
  table().buffer_destroy(buffer, nullptr);
}

TEST_P(MemoryTest, AlignmentIsHonoured) {
  tn_buffer_desc desc{sizeof(desc), 10, TN_BUFFER_DEVICE, 1 << 16, nullptr};
  tn_buffer* buffer = nullptr;
  TN_CHECK(buffer_create, device, &desc, &buffer);
  tn_buffer_info info{};
  info.struct_size = sizeof(info);
  TN_CHECK(buffer_get_info, buffer, &info);
  EXPECT_EQ(0u, info.address % (1 << 16));
  table().buffer_destroy(buffer, nullptr);
  desc.alignment = 48;
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "power of two", buffer_create, device, &desc, &buffer);
  EXPECT_EQ(nullptr, buffer);
}

TEST_P(MemoryTest, MemoryIsCountedAndLimited) {
  Device small(GetParam(), {{"memory_limit", "1000"}});
  tn_buffer* first = small.buffer(600);
  EXPECT_EQ(600u, small.memory().live_bytes);
  EXPECT_EQ(1u, small.memory().live_buffers);
  tn_buffer_desc desc{sizeof(desc), 401, TN_BUFFER_DEVICE, 0, nullptr};
  tn_buffer* second = nullptr;
  TN_EXPECT_ERROR(TN_OUT_OF_DEVICE_MEMORY, "600 of 1000", buffer_create, small, &desc, &second);
  EXPECT_EQ(nullptr, second);
  desc.size = 1001;
  TN_EXPECT_ERROR(TN_OUT_OF_RANGE, "largest", buffer_create, small, &desc, &second);
  table().buffer_destroy(first, nullptr);
  desc.size = 1000;
  TN_CHECK(buffer_create, small, &desc, &second);
  table().buffer_destroy(second, nullptr);
  EXPECT_EQ(0u, small.memory().live_bytes);
  EXPECT_EQ(0u, small.memory().live_buffers);
  EXPECT_EQ(1000u, small.memory().peak_bytes);
}

TN_ALL_MODES(MemoryTest);

TEST(MappedMemoryTest, WhatNobodyWroteIsPoison) {
  Device device("mapped");
  tn_buffer* buffer = device.buffer(4);
  EXPECT_EQ(std::vector<uint8_t>(4, 0xCB), device.read<uint8_t>(buffer, 4));
  void* pointer = nullptr;
  TN_CHECK(buffer_map, buffer, 1, 2, TN_ACCESS_WRITE | TN_ACCESS_DISCARD, &pointer);
  static_cast<uint8_t*>(pointer)[0] = 1;
  TN_CHECK(buffer_unmap, buffer, pointer);
  EXPECT_EQ((std::vector<uint8_t>{0xCB, 1, 0xCD, 0xCB}), device.read<uint8_t>(buffer, 4));
  table().buffer_destroy(buffer, nullptr);
}

TEST(DiscreteMemoryTest, WritesThroughAReadMappingAreLost) {
  Device device("discrete");
  tn_buffer* buffer = device.buffer_of<uint8_t>({1});
  void* pointer = nullptr;
  TN_CHECK(buffer_map, buffer, 0, 1, TN_ACCESS_READ, &pointer);
  *static_cast<uint8_t*>(pointer) = 2;
  TN_CHECK(buffer_unmap, buffer, pointer);
  EXPECT_EQ(1, device.read<uint8_t>(buffer, 1)[0]);
  table().buffer_destroy(buffer, nullptr);
}

TEST(OptionTest, UnknownOnesAreNamed) {
  tn_instance* instance = nullptr;
  const tn_instance_desc start{sizeof(start), &table(), &host(), nullptr, 0};
  TN_CHECK(instance_create, &start, &instance);
  tn_device* device = nullptr;
  tn_option option{"memroy", "unified"};
  tn_device_desc desc{sizeof(desc), &option, 1};
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "'memroy'; the options are memory", device_open, instance, 0,
                  &desc, &device);
  option = {"memory", "remote"};
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "unified|discrete|mapped", device_open, instance, 0, &desc,
                  &device);
  option = {"memory_limit", "12k"};
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "'12k'", device_open, instance, 0, &desc, &device);
  TN_EXPECT_ERROR(TN_OUT_OF_RANGE, "no device 1", device_open, instance, 1, nullptr, &device);
  EXPECT_EQ(nullptr, device);
  table().instance_destroy(instance);
}

#if !defined(TENON_SANITIZED)

TEST(MemoryDeathTest, TheHostCannotTouchDiscreteMemory) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  Device device("discrete");
  tn_buffer* buffer = device.buffer(64);
  tn_buffer_info info{};
  info.struct_size = sizeof(info);
  TN_CHECK(buffer_get_info, buffer, &info);
  ASSERT_NE(0u, info.address);
  auto* bytes = reinterpret_cast<volatile uint8_t*>(info.address);
  EXPECT_EXIT(bytes[0] = 1, ::testing::KilledBySignal(SIGSEGV), "");
  EXPECT_EXIT(static_cast<void>(bytes[63]), ::testing::KilledBySignal(SIGSEGV), "");
  table().buffer_destroy(buffer, nullptr);
}

TEST(MemoryDeathTest, MappingsEndAtTheirEndAndAtUnmap) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  for (const char* mode : {"discrete", "mapped"}) {
    Device device(mode);
    tn_buffer* buffer = device.buffer(8192);
    void* pointer = nullptr;
    TN_CHECK(buffer_map, buffer, 64, 64, TN_ACCESS_READ, &pointer);
    auto* bytes = static_cast<volatile uint8_t*>(pointer);
    EXPECT_EXIT(static_cast<void>(bytes[64]), ::testing::KilledBySignal(SIGSEGV), "");
    TN_CHECK(buffer_unmap, buffer, pointer);
    EXPECT_EXIT(static_cast<void>(bytes[0]), ::testing::KilledBySignal(SIGSEGV), "");
    table().buffer_destroy(buffer, nullptr);
  }
}

#endif

}  // namespace
}  // namespace tenon::cpu::testing
