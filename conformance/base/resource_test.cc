// SPDX-License-Identifier: Apache-2.0
//
// What is done again and again leaves nothing behind. Host memory is counted by the C library where
// it tells what is allocated; a plugin with an allocator of its own shows in what the process
// holds.
#include <functional>

#include "suite/fixture.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <unistd.h>

#include <fstream>

namespace tenon::conformance {
namespace {

// Bytes that the process has allocated, and bytes that it holds.
struct HostMemory {
  int64_t allocated = 0;
  int64_t resident = 0;

  static HostMemory now() {
    HostMemory memory;
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    const struct mallinfo2 info = ::mallinfo2();
    memory.allocated = static_cast<int64_t>(info.uordblks + info.hblkhd);
#endif
    int64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages >> pages;
    memory.resident = pages * ::sysconf(_SC_PAGESIZE);
    return memory;
  }
};

class ResourceTest : public DeviceTest {
 protected:
  // Of some rounds of `count` times each the least growth counts: caches fill up once, leaks never
  // stop. Less than half of what the smallest leak would be is granted for the rest.
  void expect_no_growth(const char* what, int count, const std::function<void()>& once) {
    constexpr int kRounds = 4;
    constexpr int64_t kLeak = 16;  // Bytes each.
    for (int i = 0; i < count / 4; ++i) once();
    settle();
    int64_t allocated = INT64_MAX, resident = INT64_MAX, device_bytes = INT64_MAX;
    for (int round = 0; round < kRounds; ++round) {
      const HostMemory before = HostMemory::now();
      const int64_t device_before = live();
      for (int i = 0; i < count; ++i) once();
      settle();
      const HostMemory after = HostMemory::now();
      allocated = std::min(allocated, after.allocated - before.allocated);
      resident = std::min(resident, after.resident - before.resident);
      device_bytes = std::min(device_bytes, live() - device_before);
      if (allocated <= 0 && resident <= 0 && device_bytes <= 0) break;
    }
    EXPECT_LE(device_bytes, 0) << "bytes of device memory stay of " << count << " " << what;
    // The validation layer remembers handles that are dead, to know them.
    if (complaining_host() != nullptr) return;
    EXPECT_LT(allocated, count * kLeak / 2)
        << "bytes of host memory stay of " << count << " " << what;
#if !defined( \
    TENON_SANITIZED)  // Sanitizers keep what was freed for a while, and see leaks themselves.
    // Pages come and go: a leak of 512 bytes each is seen there.
    EXPECT_LT(resident, int64_t{count} * 512 + (1 << 20)) << "bytes of " << count << " " << what;
#endif
  }

 private:
  void settle() {
    stream_.synchronize();
    device().synchronize();
  }
  int64_t live() const {
    tn_memory_info memory{};
    memory.struct_size = sizeof(memory);
    if (tn_device_get_memory(device().get(), &memory, nullptr) != TN_OK) return 0;
    return static_cast<int64_t>(memory.live_bytes + memory.deferred_bytes);
  }
};

TEST_F(ResourceTest, TN_lifetime_007_launches_leave_nothing) {
  const Kernel kernel(device(), dense_desc("Identity", TN_INT32, {64}, 1));
  const Buffer a = make_buffer(256), b = make_buffer(256);
  stream_.fill(a, 0, 256, "\1", 1);
  const Tensor in = Tensor::device(a.get(), TN_INT32, {64});
  const Tensor out = Tensor::device(b.get(), TN_INT32, {64});
  const tn_tensor* inputs[] = {in.get()};
  const tn_tensor* outputs[] = {out.get()};
  tn_launch launch = launch_of(inputs, outputs);
  Buffer workspace;
  if (const uint64_t size = kernel.workspace_size(launch); size != 0) {
    workspace = make_buffer(size);
    launch.workspace = workspace.get();
  }
  int queued = 0;
  expect_no_growth("launches", 2000, [&] {
    kernel.launch(stream_, launch);
    if (++queued % 50 == 0) stream_.synchronize();
  });
}

TEST_F(ResourceTest, TN_lifetime_007_handles_leave_nothing) {
  expect_no_growth("buffers", 400, [&] { const Buffer buffer(device(), 256); });
  expect_no_growth("events", 1000, [&] {
    const Event event(device());
    stream_.record(event);
  });
  expect_no_growth("streams", 60, [&] {
    const Stream stream(device());
    stream.synchronize();
  });
  const KernelDesc desc = dense_desc("Identity", identity_type(), {4}, 1);
  expect_no_growth("kernels", 200, [&] { const Kernel kernel(device(), desc); });
  const float values[16] = {};
  const Tensor value = Tensor::host(values, TN_FLOAT32, {16});
  const tn_constant_desc constant{sizeof(constant), value.get(), TN_LAYOUT_STRIDED, nullptr};
  expect_no_growth("constants", 200, [&] {
    tn_constant* handle = nullptr;
    tn_constant_create(device().get(), &constant, &handle, nullptr);
    tn_constant_release(handle);
  });
}

TEST_F(ResourceTest, TN_lifetime_007_copies_and_callbacks_leave_nothing) {
  const Buffer a = make_buffer(4096), b = make_buffer(4096);
  Bytes& host = keep(Bytes(4096));
  expect_no_growth("copies", 1000, [&] {
    stream_.write(a, 0, host.data(), host.size());
    stream_.copy(b, 0, a, 0, 4096);
    stream_.fill(a, 0, 4096, "x", 1);
    stream_.read(host.data(), b, 0, host.size());
    stream_.synchronize();
  });
  expect_no_growth("callbacks", 500, [&] {
    stream_.callback([](void*, tn_status, const tn_error*) {}, nullptr);
    stream_.synchronize();
  });
  expect_no_growth("refused calls", 500, [&] {
    ErrorBuffer error;
    const Refusal meant;
    tn_stream_copy(stream_.get(), a.get(), 0, a.get(), 1, 64, &error);
  });
}

}  // namespace
}  // namespace tenon::conformance
