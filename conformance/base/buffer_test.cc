// SPDX-License-Identifier: Apache-2.0
//
// Buffers: creating, describing, limits.
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

class BufferTest : public DeviceTest {
 protected:
  // None where the device lacks such memory, which it says with TN_UNSUPPORTED.
  Buffer make_of_kind(tn_buffer_kind kind, uint64_t size) {
    const tn_buffer_desc desc{sizeof(desc), size, kind, 0, nullptr};
    tn_buffer* buffer = reinterpret_cast<tn_buffer*>(this);
    ErrorBuffer error;
    const Refusal maybe;
    const tn_status status = tn_buffer_create(device().get(), &desc, &buffer, &error);
    if (status == TN_OK) return Buffer(buffer);
    EXPECT_EQ(buffer, nullptr);
    EXPECT_NE(kind, TN_BUFFER_DEVICE) << "every device has it";
    EXPECT_STREQ(status_name(status), "TN_UNSUPPORTED") << error.message;
    return Buffer();
  }
};

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
    const Buffer buffer = make_of_kind(kind, 1000);
    if (!buffer) continue;  // TN_buffer_012
    const tn_buffer_info info = buffer.info();
    EXPECT_EQ(info.size, 1000u);
    EXPECT_EQ(info.kind, kind);
    EXPECT_EQ(info.flags & TN_BUFFER_IMPORTED, 0u);
    EXPECT_EQ((info.flags & TN_BUFFER_COHERENT) != 0, info.host_pointer != nullptr)
        << "host_pointer and TN_BUFFER_COHERENT go together";
  }
}

TEST_F(BufferTest, TN_buffer_003_pinned_memory_is_coherent) {
  const Buffer pinned = make_of_kind(TN_BUFFER_HOST_PINNED, 256);
  if (!pinned) TN_OPTIONAL("there is no pinned memory");
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

TEST_F(BufferTest, TN_buffer_012_pinned_and_shared_memory_may_be_refused) {
  const Bytes bytes = pattern_bytes(64);
  for (const tn_buffer_kind kind : {TN_BUFFER_HOST_PINNED, TN_BUFFER_SHARED}) {
    // It is there, or TN_UNSUPPORTED says that it is not; and so for a kernel's tensors.
    const Buffer from = make_of_kind(kind, 64), to = make_of_kind(kind, 64);
    if (!from) continue;
    write(stream_, from, 0, bytes);
    const Kernel kernel(device(), dense_desc("Identity", TN_INT32, {16}, 1));
    const Tensor in = Tensor::device(from.get(), TN_INT32, {16});
    const Tensor out = Tensor::device(to.get(), TN_INT32, {16});
    ErrorBuffer error;
    const Refusal maybe;
    const tn_status status = try_launch(kernel, stream_, {in.get()}, {out.get()}, &error);
    if (status == TN_UNSUPPORTED) {
      EXPECT_TRUE(check_details(status, error));
      continue;
    }
    EXPECT_EQ(status, TN_OK) << error.message;
    EXPECT_EQ(download(to), bytes);
  }
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

}  // namespace
}  // namespace tenon::conformance
