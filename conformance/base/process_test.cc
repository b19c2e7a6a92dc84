// SPDX-License-Identifier: Apache-2.0
//
// The process belongs to the host. What a test finds changed behind it has failed as well, whatever
// it was about (run/in_process.cc).
#include "run/host_process.h"
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

using ProcessTest = DeviceTest;

TEST_F(ProcessTest, TN_process_001_stays_its_hosts) {
  const HostProcess before = HostProcess::now();
  {
    const Device other = Target::get().open_device();
    const Stream stream(other);
    const Buffer buffer(other, 256);
    stream.fill(buffer, 0, 256, "p", 1);
    stream.synchronize();
  }
  const KernelDesc desc = dense_desc("Identity", TN_INT32, {4}, 1);
  const Kernel kernel(device(), desc);
  const Buffer a = upload(Bytes(16, 1)), b = make_buffer(16);
  launch(kernel, stream_, {Tensor::device(a.get(), TN_INT32, {4}).get()},
         {Tensor::device(b.get(), TN_INT32, {4}).get()});
  stream_.synchronize();
  EXPECT_EQ(HostProcess::now().changes_since(before), std::vector<std::string>());
}

}  // namespace
}  // namespace tenon::conformance
