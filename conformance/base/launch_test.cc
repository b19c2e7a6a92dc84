// SPDX-License-Identifier: Apache-2.0
//
// Launches: bounds, overlap, host values, workspaces, threads.
#include <algorithm>

#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

class LaunchTest : public DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    dynamic_ = static_cast<bool>(supports(device(), dynamic_desc(1)));
    if (dynamic_) identity_ = Kernel(device(), dynamic_desc(1));
    a_ = upload(pattern_bytes(256));
    b_ = make_buffer(256);
  }

  // Identity of int32, rank `rank`, dims and strides at launch.
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
  // Likewise for Identity of whatever these tensors are. A device of static shapes describes one
  // for them; where it wants others, that is what this answers: TN_NEEDS_STATIC.
  tn_status launch(const Tensor& in, const Tensor& out) {
    if (dynamic_ && in.get()->rank == 1) return launch(identity_, in, out);
    KernelDesc desc = dynamic_desc(in.get()->rank);
    try {
      const tn_status status = obey(device(), desc, {in.get()}, {out.get()});
      return status == TN_OK ? launch(Kernel(device(), desc), in, out) : status;
    } catch (const Error& error) {
      return error.status();
    }
  }
  // Whether that is the status, or the device wants other tensors.
  testing::AssertionResult answers(tn_status expected, const Tensor& in, const Tensor& out) {
    const tn_status status = launch(in, out);
    if (status == expected || (!dynamic_ && status == TN_NEEDS_STATIC)) {
      return testing::AssertionSuccess();
    }
    return testing::AssertionFailure()
           << status_name(status) << " instead of " << status_name(expected);
  }
  testing::AssertionResult is_invalid(const Tensor& in, const Tensor& out) {
    const tn_status status = launch(in, out);
    if (TN_STATUS_CLASS(status) == TN_INVALID_ARGUMENT ||
        (!dynamic_ && status == TN_NEEDS_STATIC)) {
      return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << status_name(status);
  }
  // Identity of int32 for 64 elements at offset 0.
  Kernel identity_of_64() {
    return dynamic_ ? Kernel(device(), dynamic_desc(1))
                    : Kernel(device(), dense_desc("Identity", TN_INT32, {64}, 1));
  }
  Tensor at(const Buffer& buffer, int64_t count, uint64_t offset = 0) const {
    return Tensor::device(buffer.get(), TN_INT32, {count}).with_offset(offset);
  }

  bool dynamic_ = false;
  Kernel identity_;  // None where dims must be known.
  Buffer a_, b_;
};

TEST_F(LaunchTest, TN_launch_001_every_byte_lies_in_the_buffer) {
  EXPECT_TRUE(answers(TN_OK, at(a_, 64), at(b_, 64)));
  EXPECT_TRUE(answers(TN_OUT_OF_RANGE, at(a_, 65), at(make_buffer(512), 65)));
  EXPECT_TRUE(answers(TN_OUT_OF_RANGE, at(a_, 64, 4), at(make_buffer(512), 64)));
  EXPECT_TRUE(answers(TN_OUT_OF_RANGE, at(a_, 1, 256), at(b_, 1)));
  EXPECT_TRUE(answers(TN_OUT_OF_RANGE, at(a_, 64), at(b_, 64, 4)));
  EXPECT_TRUE(answers(TN_OUT_OF_RANGE, at(a_, 1, UINT64_MAX - 3), at(b_, 1)));
  const int64_t forward[] = {2}, backward[] = {-1}, huge[] = {INT64_MAX / 2};
  EXPECT_TRUE(answers(TN_OUT_OF_RANGE, at(a_, 33).with_strides(forward), at(b_, 33)));
  EXPECT_TRUE(answers(TN_OUT_OF_RANGE, at(a_, 3, 4).with_strides(backward), at(b_, 3)));
  EXPECT_TRUE(answers(TN_OUT_OF_RANGE, at(a_, 3).with_strides(huge), at(b_, 3)));
  EXPECT_OK(tn_stream_synchronize, stream_.get());
}

TEST_F(LaunchTest, TN_launch_002_types_ranks_and_dims_are_those_described) {
  const Kernel fixed(device(), dense_desc("Identity", TN_INT32, {8}, 1));
  const Kernel& any = dynamic_ ? identity_ : fixed;
  EXPECT_EQ(launch(fixed, at(a_, 8), at(b_, 8)), TN_OK);
  EXPECT_EQ(TN_STATUS_CLASS(launch(fixed, at(a_, 9), at(b_, 9))), TN_INVALID_ARGUMENT);
  EXPECT_TRUE(is_invalid(at(a_, 8), at(b_, 9)));
  EXPECT_EQ(TN_STATUS_CLASS(launch(any, Tensor::device(a_.get(), TN_UINT32, {8}), at(b_, 8))),
            TN_INVALID_ARGUMENT);
  EXPECT_EQ(TN_STATUS_CLASS(launch(any, Tensor::device(a_.get(), TN_INT32, {2, 4}),
                                   Tensor::device(b_.get(), TN_INT32, {2, 4}))),
            TN_INVALID_ARGUMENT);
  EXPECT_EQ(TN_STATUS_CLASS(launch(any, at(a_, -1), at(b_, -1))), TN_INVALID_ARGUMENT);
  EXPECT_TRUE(is_invalid(at(Buffer(), 8), at(b_, 8)));
  const int64_t gaps[] = {2};
  EXPECT_EQ(TN_STATUS_CLASS(launch(fixed, at(a_, 8).with_strides(gaps), at(b_, 8))),
            TN_INVALID_ARGUMENT)
      << "strides that the description fixed";
}

TEST_F(LaunchTest, TN_launch_003_partial_overlap_is_refused) {
  EXPECT_TRUE(answers(TN_OVERLAP, at(a_, 8, 0), at(a_, 8, 16)));
  EXPECT_TRUE(answers(TN_OVERLAP, at(a_, 8, 16), at(a_, 8, 0)));
  EXPECT_TRUE(answers(TN_OVERLAP, at(a_, 8, 0), at(a_, 8, 0))) << "an alias not described";
  EXPECT_TRUE(answers(TN_OK, at(a_, 8, 0), at(a_, 8, 32))) << "disjoint in one buffer";
  EXPECT_TRUE(is_invalid(at(a_, 8), at(b_, 8).with_strides(Shape{0})))
      << "an output that overlaps itself";
  stream_.synchronize();
}

TEST_F(LaunchTest, TN_launch_004_an_exact_alias_is_accepted) {
  KernelDesc desc = dense_desc("Identity", TN_INT32, {8}, 1);
  desc.outputs[0].aliasing(0);
  const KernelSupport support = supports(device(), desc);
  if (support.requirements() == TN_REQUIRES_NO_ALIAS) TN_OPTIONAL(support.reason);
  const Kernel kernel(device(), desc);
  const Bytes before = download(a_);
  const uint64_t offset = desc.outputs[0].alignment > 16 ? 0 : 16;
  EXPECT_EQ(launch(kernel, at(a_, 8, offset), at(a_, 8, offset)), TN_OK);
  EXPECT_EQ(download(a_), before);
  EXPECT_EQ(TN_STATUS_CLASS(launch(kernel, at(a_, 8, 16), at(a_, 8, 20))), TN_INVALID_ARGUMENT);
}

TEST_F(LaunchTest, TN_launch_013_an_input_that_equals_a_replaced_one_is_described) {
  if (Target::get().find("", "Mul") == nullptr) TN_OPTIONAL("no Mul");
  const auto mul = [&](bool same) {
    KernelDesc desc = dense_desc("Mul", TN_INT32, {8}, 2);
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
  const tn_dtype dtype = float_type("", "MatMul");
  KernelDesc product = dense_desc("MatMul", dtype, {kSide, kSide}, 2);
  const auto check = [&](const Kernel& kernel, const Tensor& tensor, size_t input_count) {
    tn_kernel_info info{};
    info.struct_size = sizeof(info);
    ASSERT_OK(tn_kernel_get_info, kernel.get(), &info);
    constexpr uint32_t kKnown =
        TN_KERNEL_NO_WORKSPACE | TN_KERNEL_MAY_ALLOCATE | TN_KERNEL_SERIALISES;
    EXPECT_EQ(info.flags & ~kKnown, 0u) << "unknown bits";
    const tn_tensor* tensors[] = {tensor.get(), tensor.get()};
    tn_launch launch = launch_of({tensors, input_count}, {tensors, 1});
    const uint64_t size = kernel.workspace_size(launch);
    EXPECT_TRUE(size == 0 || (info.flags & TN_KERNEL_NO_WORKSPACE) == 0) << size << " bytes";
  };
  check(identity_of_64(), at(Buffer(), 64), 1);
  if (dtype != TN_DTYPE_UNDEFINED && supports(device(), product)) {
    check(Kernel(device(), product), Tensor::device(nullptr, dtype, {kSide, kSide}), 2);
  }
}

TEST_F(LaunchTest, TN_launch_005_misaligned_offsets_are_refused) {
  EXPECT_TRUE(is_invalid(at(a_, 8, 2), at(b_, 8)));
  EXPECT_TRUE(answers(TN_OK, at(a_, 8, 4), at(b_, 8, 12)))
      << "a multiple of the element size is enough";
  stream_.synchronize();
}

TEST_F(LaunchTest, TN_launch_006_tensors_without_elements_need_no_memory) {
  EXPECT_TRUE(answers(TN_OK, at(Buffer(), 0), at(Buffer(), 0)));
  EXPECT_TRUE(answers(TN_OK, Tensor::device(nullptr, TN_INT32, {1000000, 0}),
                      Tensor::device(nullptr, TN_INT32, {1000000, 0})));
  EXPECT_OK(tn_stream_synchronize, stream_.get());
}

TEST_F(LaunchTest, TN_launch_007_host_values_are_no_part_of_a_kernel) {
  KernelDesc desc;
  desc.domain = "tenon";
  desc.name = "Fill";
  desc.version = version_of("tenon", "Fill");
  desc.input(Argument::host(TN_INT32)).output(Argument::device(TN_INT32, {4}));
  const Kernel kernel(device(), aligned(device(), desc));
  const Buffer buffers[] = {make_buffer(16), make_buffer(16), make_buffer(16)};
  // One kernel, three values; each is read before the launch returns.
  int32_t value = 0;
  for (int i = 0; i < 3; ++i) {
    value = i + 7;
    const Tensor in = Tensor::scalar(value);
    const Tensor out = Tensor::device(buffers[i].get(), TN_INT32, {4});
    DeviceTest::launch(kernel, stream_, {in.get()}, {out.get()});
    value = -1;
  }
  for (int i = 0; i < 3; ++i) {
    const HostTensor expected(TN_INT32, {4}, Values(4, i + 7));
    EXPECT_EQ(download(buffers[i]), expected.bytes());
  }
}

TEST_F(LaunchTest, TN_launch_008_threads_may_launch_one_kernel) {
  constexpr size_t kThreads = 4;
  const Bytes bytes = download(a_);
  const Kernel kernel = identity_of_64();
  std::vector<Bytes> results(kThreads);
  run_threads(kThreads, [&](size_t t) {
    const Stream stream(device());
    const Buffer out(device(), 256);
    for (int i = 0; i < 200; ++i) {
      DeviceTest::launch(kernel, stream, {at(a_, 64).get()}, {at(out, 64).get()});
    }
    const Bytes& seen = read(stream, out, 0, 256);
    stream.synchronize();
    results[t] = seen;
  });
  for (const Bytes& result : results) EXPECT_EQ(result, bytes);
}

TEST_F(LaunchTest, TN_launch_009_workspace_depends_on_kernel_and_dims) {
  const Tensor in = at(a_, 64), out = at(b_, 64);
  const Kernel kernel = identity_of_64();
  const Tensor no_in = at(Buffer(), 64), no_out = at(Buffer(), 64);
  const auto size = [&](const Tensor& from, const Tensor& to) {
    const tn_tensor* inputs[] = {from.get()};
    const tn_tensor* outputs[] = {to.get()};
    tn_launch launch = launch_of(inputs, outputs);
    return kernel.workspace_size(launch);
  };
  const uint64_t first = size(in, out);
  EXPECT_EQ(size(no_in, no_out), first) << "buffers need not be given";
  EXPECT_EQ(launch(kernel, in, out), TN_OK);
  EXPECT_EQ(size(in, out), first) << "the same question, the same answer";
  stream_.synchronize();
}

// Operators that a device may have and that tend to want scratch memory.
std::vector<KernelDesc> heavy_kernels(const Device& device) {
  std::vector<KernelDesc> all = {dense_desc("Identity", identity_type(), {64, 64}, 1)};
  for (const auto& [name, inputs] : {std::pair{"Add", 2}, {"MatMul", 2}, {"Softmax", 1}}) {
    const tn_dtype dtype = float_type("", name);
    if (dtype == TN_DTYPE_UNDEFINED) continue;
    KernelDesc desc = dense_desc(name, dtype, {64, 64}, static_cast<size_t>(inputs));
    if (supports(device, desc)) all.push_back(std::move(desc));
  }
  return all;
}

TEST_F(LaunchTest, TN_launch_016_launches_do_not_allocate) {
  // A device of its own, filled up to its peak: then even what is given back at once shows there.
  const Device own = Target::get().open_device();
  tn_memory_info unused{};
  unused.struct_size = sizeof(unused);
  if (tn_device_get_memory(own.get(), &unused, nullptr) == TN_UNIMPLEMENTED) {
    TN_OPTIONAL("the device does not tell what memory is in use");
  }
  const Stream stream(own);
  for (const KernelDesc& desc : heavy_kernels(own)) {
    const tn_dtype dtype = desc.outputs[0].dtype;
    const Kernel kernel(own, desc);
    if ((kernel.info().flags & TN_KERNEL_MAY_ALLOCATE) != 0) continue;
    const Buffer a(own, 64 * 64 * 4), b(own, 64 * 64 * 4), c(own, 64 * 64 * 4), work(own, 1 << 20);
    stream.fill(a, 0, 64 * 64 * 4, "\0", 1);
    stream.fill(b, 0, 64 * 64 * 4, "\0", 1);
    const Tensor x = Tensor::device(a.get(), dtype, {64, 64});
    const Tensor y = Tensor::device(b.get(), dtype, {64, 64});
    const Tensor z = Tensor::device(c.get(), dtype, {64, 64});
    const tn_tensor* inputs[] = {x.get(), y.get()};
    const tn_tensor* outputs[] = {z.get()};
    tn_launch launch = launch_of({inputs, desc.inputs.size()}, outputs);
    ASSERT_LE(kernel.workspace_size(launch), UINT64_C(1) << 20) << desc.name;
    launch.workspace = work.get();
    own.synchronize();
    const tn_memory_info now = own.memory();
    const Buffer filler(own, now.peak_bytes - now.live_bytes - now.deferred_bytes);
    const tn_memory_info before = own.memory();
    for (int i = 0; i < 3; ++i) kernel.launch(stream, launch);
    const tn_memory_info queued = own.memory();
    stream.synchronize();
    const tn_memory_info after = own.memory();
    for (const tn_memory_info& memory : {queued, after}) {
      EXPECT_EQ(memory.live_bytes, before.live_bytes) << desc.name;
      EXPECT_EQ(memory.live_buffers, before.live_buffers) << desc.name;
      EXPECT_EQ(memory.deferred_bytes, 0u) << desc.name;
      EXPECT_EQ(memory.peak_bytes, before.peak_bytes) << desc.name << " allocated and gave back";
    }
  }
}

TEST_F(LaunchTest, TN_launch_017_workspaces_start_at_any_multiple_of_the_alignment) {
  const uint64_t alignment = info().alignment;
  size_t with_workspace = 0;
  for (const KernelDesc& desc : heavy_kernels(device())) {
    const Kernel kernel(device(), desc);
    const tn_dtype dtype = desc.outputs[0].dtype;
    HostTensor values = HostTensor::random(dtype, {64, 64}, -1, 1, 3);
    const Buffer a = upload(values.bytes()), b = upload(values.bytes());
    const Buffer result = make_buffer(64 * 64 * 4);
    const Tensor x = Tensor::device(a.get(), dtype, {64, 64});
    const Tensor y = Tensor::device(b.get(), dtype, {64, 64});
    const Tensor z = Tensor::device(result.get(), dtype, {64, 64});
    const tn_tensor* inputs[] = {x.get(), y.get()};
    const tn_tensor* outputs[] = {z.get()};
    tn_launch launch = launch_of({inputs, desc.inputs.size()}, outputs);
    const uint64_t size = kernel.workspace_size(launch);
    if (size == 0) continue;
    ++with_workspace;
    Bytes first;
    for (const uint64_t multiple : {0, 1, 3, 7}) {
      const uint64_t offset = multiple * alignment;
      const Bytes image(offset + size + 64, 0x6b);
      // Kept: a device that takes an earlier one has to be told wrong, not to crash.
      const Buffer& workspace = keep(upload(image));
      launch.workspace = workspace.get();
      launch.workspace_offset = offset;
      ErrorBuffer error;
      ASSERT_EQ(tn_kernel_launch(kernel.get(), stream_.get(), &launch, &error), TN_OK)
          << desc.name << " with a workspace at " << offset << ": " << error.message;
      const Bytes bytes = download(result);
      if (multiple == 0) first = bytes;
      EXPECT_EQ(bytes, first) << desc.name << " with a workspace at " << offset;
      const Bytes around = download(workspace);
      EXPECT_TRUE(std::all_of(around.begin(), around.begin() + static_cast<long>(offset),
                              [](unsigned char byte) { return byte == 0x6b; }))
          << desc.name << " wrote in front of its workspace at " << offset;
      EXPECT_EQ(Bytes(around.end() - 64, around.end()), Bytes(64, 0x6b))
          << desc.name << " wrote behind its workspace at " << offset;
    }
  }
  if (with_workspace == 0) TN_OPTIONAL("no kernel that is tried here needs a workspace");
}

TEST_F(LaunchTest, TN_launch_010_wrong_counts_are_refused) {
  tn_launch launch{};
  launch.struct_size = sizeof(launch);
  const Kernel kernel = identity_of_64();
  EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_kernel_launch, kernel.get(), stream_.get(), &launch);
  EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_kernel_launch, kernel.get(), stream_.get(),
                 static_cast<const tn_launch*>(nullptr));
  EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_kernel_launch, kernel.get(),
                 static_cast<tn_stream*>(nullptr), &launch);
}

TEST_F(LaunchTest, TN_launch_011_tensors_of_another_device_are_refused) {
  Device other = Target::get().open_device();
  const Buffer foreign(other, 256);
  EXPECT_TRUE(answers(TN_INVALID_ARGUMENT, at(foreign, 8), at(b_, 8)));
  EXPECT_TRUE(answers(TN_INVALID_ARGUMENT, at(a_, 8), at(foreign, 8)));
}

}  // namespace
}  // namespace tenon::conformance
