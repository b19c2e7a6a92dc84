// SPDX-License-Identifier: Apache-2.0
//
// One device, several threads.
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

using ThreadTest = DeviceTest;

// All make the same kernels, some of them new ones, at the same time, and compute with them.
TEST_F(ThreadTest, TN_thread_001_threads_make_kernels_of_one_device) {
  constexpr size_t kThreads = 4;
  constexpr int64_t kCount = 64;
  const Bytes bytes = pattern_bytes(kCount * 4);
  std::vector<KernelDesc> descs;
  for (int64_t i = 1; i <= 4; ++i) {
    descs.push_back(dense_desc("Identity", TN_INT32, {kCount / i}, 1));
  }
  run_threads(kThreads, [&](size_t t) {
    for (int round = 0; round < 8; ++round) {
      const Stream stream(device());
      const Buffer a(device(), bytes.size()), b(device(), bytes.size());
      const Event event(device());
      write(stream, a, 0, bytes);
      const KernelDesc& desc = descs[(t + static_cast<size_t>(round)) % descs.size()];
      const Kernel kernel(device(), desc);
      const Dims dims(desc.inputs[0].dims);
      launch(kernel, stream, {Tensor::device(a.get(), TN_INT32, dims).get()},
             {Tensor::device(b.get(), TN_INT32, dims).get()});
      stream.record(event);
      const uint64_t size = static_cast<uint64_t>(desc.inputs[0].dims[0]) * 4;
      const Bytes& seen = read(stream, b, 0, size);
      stream.synchronize();
      EXPECT_EQ(seen, Bytes(bytes.begin(), bytes.begin() + static_cast<long>(size)));
    }
  });
}

}  // namespace
}  // namespace tenon::conformance
