// SPDX-License-Identifier: Apache-2.0
//
// Outputs whose dims the data decides.
#include "suite/fixture.h"
#include "suite/host_tensor.h"

namespace tenon::conformance {
namespace {

class OutputDimsTest : public DeviceTest {
 protected:
  static constexpr int64_t kCount = 100;

  // A kernel that finds what is not zero among `kCount` numbers; false where there is none.
  bool make_kernel() {
    const OperatorRow* row = Target::get().find("", "NonZero");
    if (row == nullptr || !row->has(TN_INT32)) return false;
    KernelDesc desc;
    desc.name = "NonZero";
    desc.version = row->version;
    desc.input(Argument::device(TN_INT32, {kCount}));
    desc.output(Argument::device(TN_INT64, {1, kCount}));
    desc.outputs[0].strides.clear();
    desc = aligned_desc(std::move(desc));
    const KernelSupport support = supports(device(), desc);
    if (!support) return false;
    kernel_ = Kernel(device(), desc);
    return true;
  }

  struct Found {
    Buffer in;
    Buffer out;
    int64_t dims[2] = {-7, -7};
    int64_t* pointers[1] = {dims};
  };

  // Queues a launch on numbers of which every `step`-th is not zero.
  Found& find(const Stream& stream, int64_t step) {
    Found& found = keep(Found());
    HostTensor numbers(TN_INT32, {kCount}, Values(kCount));
    for (int64_t i = 0; step != 0 && i < kCount; i += step)
      numbers.values[static_cast<size_t>(i)] = 1;
    found.in = make_buffer(kCount * 4);
    found.out = make_buffer(kCount * 8);
    found.pointers[0] = found.dims;
    write(stream, found.in, 0, numbers.bytes());
    const Tensor in = Tensor::device(found.in.get(), TN_INT32, {kCount});
    const Tensor out = Tensor::device(found.out.get(), TN_INT64, {1, kCount});
    const tn_tensor* ins[] = {in.get()};
    const tn_tensor* outs[] = {out.get()};
    tn_launch launch = launch_of({ins, 1}, {outs, 1});
    launch.output_dims = found.pointers;
    const uint64_t size = kernel_.workspace_size(launch);
    if (size != 0) launch.workspace = keep(make_buffer(size)).get();
    call(tn_kernel_launch, kernel_.get(), stream.get(), &launch);
    return found;
  }

  Kernel kernel_;
};

TEST_F(OutputDimsTest, TN_launch_018_receive_what_the_data_decides) {
  if (!make_kernel()) TN_OPTIONAL("no operator of this device has outputs of such dims");
  const Stream second(device());
  // Several in flight at once, and each hears of its own.
  Found& some = find(stream_, 7);
  Found& none = find(second, 0);
  Found& all = find(stream_, 1);
  stream_.synchronize();
  second.synchronize();
  EXPECT_EQ(some.dims[0], 1);
  EXPECT_EQ(some.dims[1], 15);
  EXPECT_EQ(none.dims[1], 0);
  EXPECT_EQ(all.dims[1], kCount);
  const Bytes bytes = download(some.out, 0, 15 * 8);
  for (int64_t i = 0; i < 15; ++i) {
    int64_t index = 0;
    std::memcpy(&index, bytes.data() + i * 8, 8);
    EXPECT_EQ(index, 7 * i);
  }
}

}  // namespace
}  // namespace tenon::conformance
