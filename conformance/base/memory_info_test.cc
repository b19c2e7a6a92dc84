// SPDX-License-Identifier: Apache-2.0
//
// What a device says of its memory: live, deferred, peak, and what constants and kernels hold.
#include <algorithm>

#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

using MemoryInfoTest = DeviceTest;

// Nothing where the device does not say.
bool tells_memory(const Device& device) {
  tn_memory_info memory{};
  memory.struct_size = sizeof(memory);
  return tn_device_get_memory(device.get(), &memory, nullptr) != TN_UNIMPLEMENTED;
}

TEST_F(MemoryInfoTest, TN_device_009_deferred_and_peak_bytes) {
  constexpr uint64_t kSize = 1 << 20;
  Device own = Target::get().open_device();
  if (!tells_memory(own)) TN_OPTIONAL("optional, not offered: device_get_memory");
  EXPECT_EQ(own.memory().deferred_bytes, 0u);
  uint64_t peak = 0;
  const auto consistent = [&](const tn_memory_info& memory) {
    EXPECT_GE(memory.peak_bytes, memory.live_bytes + memory.deferred_bytes);
    EXPECT_GE(memory.peak_bytes, peak) << "it never falls";
    peak = memory.peak_bytes;
  };
  {
    const Stream stream(own);
    const Buffer source(own, kSize);
    Buffer target(own, kSize);
    consistent(own.memory());
    EXPECT_GE(peak, 2 * kSize);
    const uint64_t live = own.memory().live_bytes;
    for (int i = 0; i < 20; ++i) stream.copy(target, 0, source, 0, kSize);
    target.reset();  // Live no longer; deferred until the copies are done.
    const tn_memory_info memory = own.memory();
    consistent(memory);
    EXPECT_EQ(memory.live_buffers, 1u);
    EXPECT_LE(memory.live_bytes, live - kSize);
    EXPECT_TRUE(memory.deferred_bytes == 0 || memory.deferred_bytes >= kSize)
        << memory.deferred_bytes;
    stream.synchronize();
  }
  own.synchronize();
  for (int i = 0; i < 1000 && own.memory().deferred_bytes != 0; ++i) own.synchronize();
  EXPECT_EQ(own.memory().deferred_bytes, 0u);
  consistent(own.memory());
  // Less than there was before makes no new peak.
  const uint64_t before = peak;
  const Buffer small(own, 64);
  consistent(own.memory());
  EXPECT_EQ(peak, before);
}

TEST_F(MemoryInfoTest, TN_device_009_a_device_counts_its_own_alone) {
  Device own = Target::get().open_device();
  if (!tells_memory(own)) TN_OPTIONAL("optional, not offered: device_get_memory");
  const uint64_t peak = own.memory().peak_bytes;
  const Buffer elsewhere = make_buffer(1 << 20);
  EXPECT_EQ(own.memory().live_bytes, 0u);
  EXPECT_EQ(own.memory().peak_bytes, peak);
}

TEST_F(MemoryInfoTest, TN_constant_004_tells_what_it_was_made_with) {
  for (const Shape& dims : {Shape{}, Shape{5}, Shape{3, 0, 2}, Shape{2, 3, 4, 5}}) {
    const HostTensor value = HostTensor::random(TN_INT32, dims, -9, 9, 3);
    const Bytes bytes = value.bytes();
    const Tensor host = Tensor::host(bytes.data(), TN_INT32, Dims(dims));
    const tn_constant_desc desc{sizeof(desc), host.get(), TN_LAYOUT_STRIDED, nullptr};
    tn_constant* handle = nullptr;
    ErrorBuffer error;
    const tn_status status = tn_constant_create(device().get(), &desc, &handle, &error);
    if (TN_STATUS_CLASS(status) == TN_UNSUPPORTED) TN_OPTIONAL("constants are not offered");
    ASSERT_EQ(status, TN_OK) << error.message;
    const Constant constant(handle);
    const tn_constant_info info = constant.info();
    EXPECT_EQ(info.dtype, TN_INT32);
    EXPECT_EQ(info.layout, TN_LAYOUT_STRIDED);
    ASSERT_EQ(info.rank, static_cast<int32_t>(dims.size()));
    EXPECT_TRUE(std::equal(dims.begin(), dims.end(), info.dims));
    EXPECT_GE(info.resident_bytes, bytes.size());
  }
}

TEST_F(MemoryInfoTest, TN_kernel_020_resident_bytes_are_the_kernels_own) {
  constexpr int64_t kCount = 1 << 16;
  const HostTensor value = HostTensor::random(TN_INT32, {kCount}, -9, 9, 3);
  const Bytes bytes = value.bytes();
  const Tensor host = Tensor::host(bytes.data(), TN_INT32, {kCount});
  const tn_constant_desc desc{sizeof(desc), host.get(), TN_LAYOUT_STRIDED, nullptr};
  tn_constant* handle = nullptr;
  const tn_status status = tn_constant_create(device().get(), &desc, &handle, nullptr);
  if (TN_STATUS_CLASS(status) == TN_UNSUPPORTED) TN_OPTIONAL("constants are not offered");
  ASSERT_EQ(status, TN_OK);
  const Constant constant(handle);
  KernelDesc shared = dense_desc("Identity", TN_INT32, {kCount}, 1);
  shared.inputs[0] = Argument::of_constant(constant, TN_INT32, {kCount});
  const KernelSupport support = supports(device(), shared);
  if (!support) TN_OPTIONAL("Identity takes no constant: " + support.reason);
  const Kernel kernel(device(), shared);
  const auto resident = [](const Kernel& of) {
    tn_kernel_info info{};
    info.struct_size = sizeof(info);
    call(tn_kernel_get_info, of.get(), &info);
    return info.resident_bytes;
  };
  const uint64_t first = resident(kernel);
  EXPECT_LT(first, bytes.size()) << "the constant is not the kernel's";
  EXPECT_EQ(resident(kernel), first);
  const Buffer result = make_buffer(bytes.size());
  const Tensor out = Tensor::device(result.get(), TN_INT32, {kCount});
  launch(kernel, stream_, {nullptr}, {out.get()});
  EXPECT_EQ(download(result), bytes);
}

}  // namespace
}  // namespace tenon::conformance
