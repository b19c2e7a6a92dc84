// SPDX-License-Identifier: Apache-2.0
//
// Launches: bounds, overlap, host values, workspaces, threads.
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

class LaunchTest : public DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    identity_ = Kernel(device(), dynamic_desc(1));
    a_ = upload(pattern_bytes(256));
    b_ = make_buffer(256);
  }

  // Identity of int32, rank `rank`, dims and strides at launch: all devices have it.
  static KernelDesc dynamic_desc(int32_t rank) {
    KernelDesc desc = dense_desc("Identity", TN_INT32, {}, 0);
    desc.outputs.clear();
    return desc.input(Argument::dynamic(TN_INT32, rank)).output(Argument::dynamic(TN_INT32, rank));
  }

  // The status of launching Identity from one tensor to another, with details checked.
  tn_status launch(const Kernel& kernel, const Tensor& in, const Tensor& out) {
    ErrorBuffer error;
    const Refusal maybe;
    const tn_status status = try_launch(kernel, stream_, {in.get()}, {out.get()}, &error);
    if (status != TN_OK) {
      EXPECT_TRUE(check_details(status, error));
    }
    return status;
  }
  Tensor at(const Buffer& buffer, int64_t count, uint64_t offset = 0) const {
    return Tensor::device(buffer.get(), TN_INT32, {count}).with_offset(offset);
  }

  Kernel identity_;
  Buffer a_, b_;
};

TEST_F(LaunchTest, TN_launch_001_every_byte_lies_in_the_buffer) {
  EXPECT_EQ(launch(identity_, at(a_, 64), at(b_, 64)), TN_OK);
  EXPECT_EQ(launch(identity_, at(a_, 65), at(make_buffer(512), 65)), TN_OUT_OF_RANGE);
  EXPECT_EQ(launch(identity_, at(a_, 64, 4), at(make_buffer(512), 64)), TN_OUT_OF_RANGE);
  EXPECT_EQ(launch(identity_, at(a_, 1, 256), at(b_, 1)), TN_OUT_OF_RANGE);
  EXPECT_EQ(launch(identity_, at(a_, 64), at(b_, 64, 4)), TN_OUT_OF_RANGE);
  EXPECT_EQ(launch(identity_, at(a_, 1, UINT64_MAX - 3), at(b_, 1)), TN_OUT_OF_RANGE);
  const int64_t forward[] = {2}, backward[] = {-1}, huge[] = {INT64_MAX / 2};
  EXPECT_EQ(launch(identity_, at(a_, 33).with_strides(forward), at(b_, 33)), TN_OUT_OF_RANGE);
  EXPECT_EQ(launch(identity_, at(a_, 3, 4).with_strides(backward), at(b_, 3)), TN_OUT_OF_RANGE);
  EXPECT_EQ(launch(identity_, at(a_, 3).with_strides(huge), at(b_, 3)), TN_OUT_OF_RANGE);
  EXPECT_OK(tn_stream_synchronize, stream_.get());
}

TEST_F(LaunchTest, TN_launch_002_types_ranks_and_dims_are_those_described) {
  const Kernel fixed(device(), dense_desc("Identity", TN_INT32, {8}, 1));
  EXPECT_EQ(launch(fixed, at(a_, 8), at(b_, 8)), TN_OK);
  EXPECT_EQ(TN_STATUS_CLASS(launch(fixed, at(a_, 9), at(b_, 9))), TN_INVALID_ARGUMENT);
  EXPECT_EQ(TN_STATUS_CLASS(launch(identity_, at(a_, 8), at(b_, 9))), TN_INVALID_ARGUMENT);
  EXPECT_EQ(
      TN_STATUS_CLASS(launch(identity_, Tensor::device(a_.get(), TN_FLOAT32, {8}), at(b_, 8))),
      TN_INVALID_ARGUMENT);
  EXPECT_EQ(TN_STATUS_CLASS(launch(identity_, Tensor::device(a_.get(), TN_INT32, {2, 4}),
                                   Tensor::device(b_.get(), TN_INT32, {2, 4}))),
            TN_INVALID_ARGUMENT);
  EXPECT_EQ(TN_STATUS_CLASS(launch(identity_, at(a_, -1), at(b_, -1))), TN_INVALID_ARGUMENT);
  EXPECT_EQ(TN_STATUS_CLASS(launch(identity_, at(Buffer(), 8), at(b_, 8))), TN_INVALID_ARGUMENT);
  const int64_t gaps[] = {2};
  EXPECT_EQ(TN_STATUS_CLASS(launch(fixed, at(a_, 8).with_strides(gaps), at(b_, 8))),
            TN_INVALID_ARGUMENT)
      << "strides that the description fixed";
}

TEST_F(LaunchTest, TN_launch_003_partial_overlap_is_refused) {
  EXPECT_EQ(launch(identity_, at(a_, 8, 0), at(a_, 8, 16)), TN_OVERLAP);
  EXPECT_EQ(launch(identity_, at(a_, 8, 16), at(a_, 8, 0)), TN_OVERLAP);
  EXPECT_EQ(launch(identity_, at(a_, 8, 0), at(a_, 8, 0)), TN_OVERLAP) << "an alias not described";
  EXPECT_EQ(launch(identity_, at(a_, 8, 0), at(a_, 8, 32)), TN_OK) << "disjoint in one buffer";
  EXPECT_EQ(TN_STATUS_CLASS(launch(identity_, at(a_, 8), at(b_, 8).with_strides(Shape{0}))),
            TN_INVALID_ARGUMENT)
      << "an output that overlaps itself";
  stream_.synchronize();
}

TEST_F(LaunchTest, TN_launch_004_an_exact_alias_is_accepted) {
  KernelDesc desc = dense_desc("Identity", TN_INT32, {8}, 1);
  desc.outputs[0].aliasing(0);
  const Kernel kernel(device(), desc);
  const Bytes before = download(a_);
  EXPECT_EQ(launch(kernel, at(a_, 8, 16), at(a_, 8, 16)), TN_OK);
  EXPECT_EQ(download(a_), before);
  EXPECT_EQ(TN_STATUS_CLASS(launch(kernel, at(a_, 8, 16), at(a_, 8, 20))), TN_INVALID_ARGUMENT);
}

TEST_F(LaunchTest, TN_launch_013_an_input_that_equals_a_replaced_one_is_described) {
  const int32_t version = version_of("", "Mul", 0);
  if (version == 0) TN_OPTIONAL("no Mul");
  const auto mul = [&](bool same) {
    KernelDesc desc = dense_desc("Mul", TN_INT32, {8}, 2);
    desc.version = version;
    desc.outputs[0].aliasing(0);
    if (same) desc.inputs[1].aliasing(0);
    return desc;
  };
  const KernelSupport support = supports(device(), mul(true));
  if (!support) TN_OPTIONAL(support.reason);
  const auto launch = [&](const Kernel& kernel, const Tensor& first, const Tensor& second) {
    const Refusal maybe;
    return try_launch(kernel, stream_, {first.get(), second.get()}, {first.get()});
  };
  const HostTensor values(TN_INT32, {8}, {1, -2, 3, -4, 5, -6, 7, -8});
  write(stream_, a_, 0, values.bytes());
  const Kernel described(device(), mul(true));
  EXPECT_EQ(launch(described, at(a_, 8), at(a_, 8)), TN_OK);
  const HostTensor squares(TN_INT32, {8}, {1, 4, 9, 16, 25, 36, 49, 64});
  EXPECT_EQ(download(a_, 0, 32), squares.bytes());
  EXPECT_EQ(TN_STATUS_CLASS(launch(described, at(a_, 8), at(a_, 8, 4))), TN_INVALID_ARGUMENT);
  EXPECT_EQ(TN_STATUS_CLASS(launch(described, at(a_, 8), at(b_, 8))), TN_INVALID_ARGUMENT);
  EXPECT_EQ(launch(Kernel(device(), mul(false)), at(a_, 8), at(a_, 8)), TN_OVERLAP);

  KernelDesc wrong = mul(true);
  wrong.inputs[1].aliasing(1);
  const KernelDescView view(wrong);
  EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_kernel_supports, device().get(), view.get(),
                 static_cast<tn_kernel_support*>(nullptr));
}

TEST_F(LaunchTest, TN_launch_014_kernels_that_say_so_need_no_workspace) {
  constexpr int64_t kSide = 64;
  KernelDesc product = dense_desc("MatMul", TN_FLOAT32, {kSide, kSide}, 2);
  product.version = version_of("", "MatMul", 13);
  const auto check = [&](const Kernel& kernel, const Tensor& tensor, size_t input_count) {
    tn_kernel_info info{};
    info.struct_size = sizeof(info);
    ASSERT_OK(tn_kernel_get_info, kernel.get(), &info);
    EXPECT_EQ(info.flags & ~uint32_t{TN_KERNEL_NO_WORKSPACE}, 0u) << "unknown bits";
    const tn_tensor* tensors[] = {tensor.get(), tensor.get()};
    tn_launch launch{};
    launch.struct_size = sizeof(launch);
    launch.inputs = tensors;
    launch.input_count = input_count;
    launch.outputs = tensors;
    launch.output_count = 1;
    const uint64_t size = kernel.workspace_size(launch);
    EXPECT_TRUE(size == 0 || (info.flags & TN_KERNEL_NO_WORKSPACE) == 0) << size << " bytes";
  };
  check(identity_, at(Buffer(), 64), 1);
  if (supports(device(), product)) {
    check(Kernel(device(), product), Tensor::device(nullptr, TN_FLOAT32, {kSide, kSide}), 2);
  }
}

TEST_F(LaunchTest, TN_launch_005_misaligned_offsets_are_refused) {
  EXPECT_EQ(TN_STATUS_CLASS(launch(identity_, at(a_, 8, 2), at(b_, 8))), TN_INVALID_ARGUMENT);
  EXPECT_EQ(launch(identity_, at(a_, 8, 4), at(b_, 8, 12)), TN_OK)
      << "a multiple of the element size is enough";
  stream_.synchronize();
}

TEST_F(LaunchTest, TN_launch_006_tensors_without_elements_need_no_memory) {
  EXPECT_EQ(launch(identity_, at(Buffer(), 0), at(Buffer(), 0)), TN_OK);
  const Kernel matrix(device(), dynamic_desc(2));
  EXPECT_EQ(launch(matrix, Tensor::device(nullptr, TN_INT32, {1000000, 0}),
                   Tensor::device(nullptr, TN_INT32, {1000000, 0})),
            TN_OK);
  EXPECT_OK(tn_stream_synchronize, stream_.get());
}

TEST_F(LaunchTest, TN_launch_007_host_values_are_no_part_of_a_kernel) {
  KernelDesc desc;
  desc.domain = "tenon";
  desc.name = "Fill";
  desc.version = version_of("tenon", "Fill", 1);
  desc.input(Argument::host(TN_FLOAT32)).output(Argument::device(TN_FLOAT32, {4}));
  const Kernel kernel(device(), desc);
  const Buffer buffers[] = {make_buffer(16), make_buffer(16), make_buffer(16)};
  // One kernel, three values; each is read before the launch returns.
  float value = 0;
  for (int i = 0; i < 3; ++i) {
    value = static_cast<float>(i) + 0.5f;
    const Tensor in = Tensor::scalar(value);
    const Tensor out = Tensor::device(buffers[i].get(), TN_FLOAT32, {4});
    DeviceTest::launch(kernel, stream_, {in.get()}, {out.get()});
    value = -1;
  }
  for (int i = 0; i < 3; ++i) {
    const HostTensor expected(TN_FLOAT32, {4}, std::vector<double>(4, i + 0.5));
    EXPECT_EQ(download(buffers[i]), expected.bytes());
  }
}

TEST_F(LaunchTest, TN_launch_008_threads_may_launch_one_kernel) {
  constexpr size_t kThreads = 4;
  const Bytes bytes = download(a_);
  std::vector<Bytes> results(kThreads);
  run_threads(kThreads, [&](size_t t) {
    const Stream stream(device());
    const Buffer out(device(), 256);
    for (int i = 0; i < 200; ++i) {
      DeviceTest::launch(identity_, stream, {at(a_, 64).get()}, {at(out, 64).get()});
    }
    const Bytes& seen = read(stream, out, 0, 256);
    stream.synchronize();
    results[t] = seen;
  });
  for (const Bytes& result : results) EXPECT_EQ(result, bytes);
}

TEST_F(LaunchTest, TN_launch_009_workspace_depends_on_kernel_and_dims) {
  const Tensor in = at(a_, 64), out = at(b_, 64);
  const Tensor no_in = at(Buffer(), 64), no_out = at(Buffer(), 64);
  const auto size = [&](const Tensor& from, const Tensor& to) {
    const tn_tensor* inputs[] = {from.get()};
    const tn_tensor* outputs[] = {to.get()};
    tn_launch launch{};
    launch.struct_size = sizeof(launch);
    launch.inputs = inputs;
    launch.input_count = 1;
    launch.outputs = outputs;
    launch.output_count = 1;
    return identity_.workspace_size(launch);
  };
  const uint64_t first = size(in, out);
  EXPECT_EQ(size(no_in, no_out), first) << "buffers need not be given";
  EXPECT_EQ(launch(identity_, in, out), first == 0 ? TN_OK : launch(identity_, in, out));
  EXPECT_EQ(size(in, out), first) << "the same question, the same answer";
  stream_.synchronize();
}

TEST_F(LaunchTest, TN_launch_010_wrong_counts_are_refused) {
  tn_launch launch{};
  launch.struct_size = sizeof(launch);
  EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_kernel_launch, identity_.get(), stream_.get(), &launch);
  EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_kernel_launch, identity_.get(), stream_.get(),
                 static_cast<const tn_launch*>(nullptr));
  EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_kernel_launch, identity_.get(),
                 static_cast<tn_stream*>(nullptr), &launch);
}

TEST_F(LaunchTest, TN_launch_011_tensors_of_another_device_are_refused) {
  Device other = Target::get().open_device();
  const Buffer foreign(other, 256);
  EXPECT_EQ(launch(identity_, at(foreign, 8), at(b_, 8)), TN_INVALID_ARGUMENT);
  EXPECT_EQ(launch(identity_, at(a_, 8), at(foreign, 8)), TN_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace tenon::conformance
