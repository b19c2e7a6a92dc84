// SPDX-License-Identifier: Apache-2.0
//
// Buffers: creating, describing, limits; memory of the host imported.
#include <atomic>
#include <deque>

#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

using BufferTest = DeviceTest;

tn_buffer_desc desc_of(uint64_t size) {
  tn_buffer_desc desc{};
  desc.struct_size = sizeof(desc);
  desc.size = size;
  return desc;
}

TEST_F(BufferTest, TN_buffer_001_size_zero_is_legal) {
  const Buffer buffer = make_buffer(0);
  EXPECT_EQ(buffer.info().size, 0u);
  EXPECT_OK(tn_stream_copy, stream_.get(), buffer.get(), uint64_t{0}, buffer.get(), uint64_t{0},
            uint64_t{0});
  EXPECT_OK(tn_stream_write, stream_.get(), buffer.get(), uint64_t{0},
            static_cast<const void*>(nullptr), uint64_t{0});
  stream_.synchronize();
}

TEST_F(BufferTest, TN_buffer_002_tells_its_size_and_kind) {
  for (const tn_buffer_kind kind : {TN_BUFFER_DEVICE, TN_BUFFER_HOST_PINNED, TN_BUFFER_SHARED}) {
    const Buffer buffer(device(), 1000, kind);
    const tn_buffer_info info = buffer.info();
    EXPECT_EQ(info.size, 1000u);
    EXPECT_EQ(info.kind, kind);
    EXPECT_EQ(info.flags & TN_BUFFER_IMPORTED, 0u);
    EXPECT_EQ((info.flags & TN_BUFFER_COHERENT) != 0, info.host_pointer != nullptr)
        << "host_pointer and TN_BUFFER_COHERENT go together";
  }
}

TEST_F(BufferTest, TN_buffer_003_pinned_memory_is_coherent) {
  const Buffer pinned(device(), 256, TN_BUFFER_HOST_PINNED);
  ASSERT_NE(pinned.info().flags & TN_BUFFER_COHERENT, 0u);
  auto* bytes = static_cast<unsigned char*>(pinned.info().host_pointer);
  const Bytes pattern = pattern_bytes(256);
  std::copy(pattern.begin(), pattern.end(), bytes);
  const Buffer other = make_buffer(256);
  stream_.copy(other, 0, pinned, 0, 256);
  EXPECT_EQ(download(other), pattern);
  stream_.fill(pinned, 0, 256, "x", 1);
  stream_.synchronize();
  EXPECT_EQ(bytes[255], 'x');
}

TEST_F(BufferTest, TN_buffer_004_a_coherent_device_has_coherent_buffers) {
  const tn_buffer_info buffer = make_buffer(64).info();
  EXPECT_EQ((buffer.flags & TN_BUFFER_COHERENT) != 0, (info().flags & TN_DEVICE_COHERENT) != 0);
}

TEST_F(BufferTest, TN_buffer_005_keeps_the_alignment_asked_for) {
  for (uint32_t alignment = 1; alignment <= 4096; alignment *= 4) {
    const Buffer buffer(device(), 100, TN_BUFFER_DEVICE, nullptr, alignment);
    EXPECT_EQ(buffer.info().address % alignment, 0u) << alignment;
  }
  EXPECT_EQ(make_buffer(100).info().address % info().alignment, 0u) << "0 is the device's own";
  tn_buffer_desc desc = desc_of(100);
  desc.alignment = 48;
  tn_buffer* buffer = reinterpret_cast<tn_buffer*>(this);
  EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_buffer_create, device().get(), &desc, &buffer);
  EXPECT_EQ(buffer, nullptr);
}

TEST_F(BufferTest, TN_buffer_006_beyond_max_allocation_is_out_of_range) {
  if (info().max_allocation == UINT64_MAX) TN_OPTIONAL("max_allocation has no bound");
  for (const uint64_t size : {info().max_allocation + 1, UINT64_MAX}) {
    const tn_buffer_desc desc = desc_of(size);
    tn_buffer* buffer = reinterpret_cast<tn_buffer*>(this);
    EXPECT_FAILS(TN_OUT_OF_RANGE, tn_buffer_create, device().get(), &desc, &buffer);
    EXPECT_EQ(buffer, nullptr);
  }
}

TEST_F(BufferTest, TN_buffer_007_running_out_of_memory_is_an_error) {
  // Only where the limits are small enough for a test.
  if (info().total_memory == 0 || info().total_memory > (UINT64_C(8) << 30)) {
    TN_OPTIONAL("the device has too much memory to fill in a test");
  }
  std::vector<Buffer> buffers;
  const uint64_t most = info().total_memory / info().max_allocation + 1;
  bool refused = false;
  for (uint64_t i = 0; i < most && !refused; ++i) {
    const tn_buffer_desc desc = desc_of(info().max_allocation);
    tn_buffer* buffer = reinterpret_cast<tn_buffer*>(this);
    ErrorBuffer error;
    const tn_status status = tn_buffer_create(device().get(), &desc, &buffer, &error);
    if (status == TN_OK) {
      buffers.emplace_back(buffer);
    } else {
      refused = true;
      EXPECT_EQ(status, TN_OUT_OF_DEVICE_MEMORY);
      EXPECT_EQ(buffer, nullptr) << "a handle came with an error";
    }
  }
  EXPECT_TRUE(refused) << "more than total_memory was allocated";
  buffers.clear();
  device().synchronize();
  EXPECT_TRUE(make_buffer(4096));  // And it recovers.
}

TEST_F(BufferTest, TN_buffer_008_addresses_do_not_overlap) {
  const Buffer a = make_buffer(5000), b = make_buffer(5000);
  const uint64_t first = a.info().address, second = b.info().address;
  if (first == 0) TN_OPTIONAL("buffers have no addresses");
  EXPECT_TRUE(first + 5000 <= second || second + 5000 <= first);
}

TEST_F(BufferTest, TN_buffer_009_unknown_kind_is_refused) {
  tn_buffer_desc desc = desc_of(16);
  desc.kind = 99;
  tn_buffer* buffer = reinterpret_cast<tn_buffer*>(this);
  ErrorBuffer error;
  const Refusal meant;
  EXPECT_NE(tn_buffer_create(device().get(), &desc, &buffer, &error), TN_OK);
  EXPECT_EQ(buffer, nullptr);
}

TEST_F(BufferTest, TN_error_001_no_handle_comes_with_an_error) {
  // Sizes of all magnitudes: whatever fails, fails without a handle.
  for (const uint64_t size :
       {UINT64_C(12345), UINT64_C(1) << 20, UINT64_C(1) << 40, UINT64_C(1) << 62, UINT64_MAX}) {
    const tn_buffer_desc desc = desc_of(size);
    tn_buffer* buffer = reinterpret_cast<tn_buffer*>(this);
    ErrorBuffer error;
    const Refusal maybe;
    const tn_status status = tn_buffer_create(device().get(), &desc, &buffer, &error);
    if (status == TN_OK) {
      ASSERT_NE(buffer, nullptr);
      tn_buffer_destroy(buffer, nullptr);
    } else {
      EXPECT_EQ(buffer, nullptr) << size;
      EXPECT_TRUE(check_details(status, error));
    }
  }
}

// ---- Import ----

struct Released {
  std::atomic<int> count{0};
  static void release(void* user) { ++static_cast<Released*>(user)->count; }
  // Until the program ends: a device that is wrong may call it at any time.
  static Released& make() {
    static auto* const all = new std::deque<Released>;
    return all->emplace_back();
  }
};

TEST_F(BufferTest, TN_import_001_memory_is_used_in_place_and_released_once) {
  Bytes& memory = keep(pattern_bytes(4096));
  Released& released = Released::make();
  const tn_import_desc desc{sizeof(desc),  TN_IMPORT_HOST,    0,        memory.data(), 0, 0,
                            memory.size(), Released::release, &released};
  tn_buffer* handle = reinterpret_cast<tn_buffer*>(this);
  ErrorBuffer error;
  const tn_status status = tn_buffer_import(device().get(), &desc, &handle, &error);
  if (TN_STATUS_CLASS(status) == TN_UNSUPPORTED) {
    EXPECT_EQ(handle, nullptr);
    TN_OPTIONAL("memory of the host cannot be imported");
  }
  ASSERT_EQ(status, TN_OK) << error.message;
  Buffer buffer(handle);
  EXPECT_EQ(buffer.info().host_pointer, memory.data());
  EXPECT_EQ(buffer.info().flags & (TN_BUFFER_COHERENT | TN_BUFFER_IMPORTED),
            static_cast<uint32_t>(TN_BUFFER_COHERENT | TN_BUFFER_IMPORTED));
  EXPECT_EQ(download(buffer), memory);
  stream_.fill(buffer, 100, 8, "y", 1);
  stream_.synchronize();
  EXPECT_EQ(memory[100], 'y');
  EXPECT_EQ(released.count, 0);
  buffer.reset();
  device().synchronize();
  // "When the device no longer uses it": a plugin may need a moment after the last work.
  for (int i = 0; i < 1000 && released.count == 0; ++i) {
    stream_.synchronize();
  }
  EXPECT_EQ(released.count, 1);
}

}  // namespace
}  // namespace tenon::conformance
