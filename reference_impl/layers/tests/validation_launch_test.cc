// SPDX-License-Identifier: Apache-2.0
//
// Launches: arguments that are not as described, not in their buffers, not apart.
#include "reference_impl/layers/tests/fixture.h"
#include "tenon/cpp/operator_ids.hpp"

namespace tenon::layers {
namespace {

// Add on vectors of four floats, with dynamic dims where a test wants them.
class Launch : public Layers {
 protected:
  static KernelDesc add(const Argument& argument, int32_t alias = 0) {
    KernelDesc desc;
    desc.name = "Add";
    desc.version = op::kAdd.version;
    desc.input(argument);
    desc.input(argument);
    Argument output = argument;
    output.alias = alias;
    desc.output(output);
    return desc;
  }
  Tensor at(uint64_t offset, std::initializer_list<int64_t> dims = {4}) const {
    return Tensor::device(buffer_.get(), TN_FLOAT32, dims).with_offset(offset);
  }
  tn_launch launch_of(const Tensor& a, const Tensor& b, const Tensor& c) {
    inputs_[0] = a.get();
    inputs_[1] = b.get();
    outputs_[0] = c.get();
    return tenon::launch_of({inputs_, 2}, outputs_);
  }
  void expect_refused(const std::string& rule, tn_status status, const Kernel& kernel,
                      const tn_launch& launch) {
    expect_broken(rule, status, tn_kernel_launch, kernel.get(), stream_.get(), &launch);
  }

  Buffer buffer_ = make_buffer(256);
  Kernel static_{device_, add(Argument::device(TN_FLOAT32, {4}))};
  Kernel dynamic_{device_, add(Argument::dynamic(TN_FLOAT32, 1))};
  const tn_tensor* inputs_[2];
  const tn_tensor* outputs_[1];
};

TEST_F(Launch, TN_launch_001_bytes_beyond_the_buffer) {
  const Tensor far = at(244);
  expect_refused("TN-launch-001", TN_OUT_OF_RANGE, static_, launch_of(at(0), far, at(16)));
  const int64_t backwards[] = {-1};
  const Tensor before = at(8).with_strides(backwards);
  expect_refused("TN-launch-001", TN_OUT_OF_RANGE, dynamic_, launch_of(before, at(16), at(32)));
  const Tensor huge = at(0, {INT64_MAX});
  expect_refused("TN-launch-001", TN_OUT_OF_RANGE, dynamic_, launch_of(huge, huge, huge));
}

TEST_F(Launch, TN_launch_002_not_as_described) {
  const Tensor good = at(0);
  const Tensor out = at(64);
  const Tensor longer = at(0, {5});
  expect_refused("TN-launch-002", TN_INVALID_ARGUMENT, static_, launch_of(longer, good, out));
  const Tensor matrix = at(0, {2, 2});
  expect_refused("TN-launch-002", TN_INVALID_ARGUMENT, dynamic_, launch_of(matrix, good, out));
  const Tensor integers = Tensor::device(buffer_.get(), TN_INT32, {4});
  expect_refused("TN-launch-002", TN_INVALID_ARGUMENT, dynamic_, launch_of(good, integers, out));
  const int64_t strides[] = {2};
  const Tensor strided = at(0).with_strides(strides);
  expect_refused("TN-launch-002", TN_INVALID_ARGUMENT, static_, launch_of(strided, good, out));
}

TEST_F(Launch, TN_launch_003_outputs_over_inputs) {
  expect_refused("TN-launch-003", TN_OVERLAP, static_, launch_of(at(0), at(16), at(8)));
}

TEST_F(Launch, TN_launch_003_views_that_interleave_are_apart) {
  const int64_t two[] = {2};
  const Tensor even = at(0).with_strides(two);
  const Tensor odd = at(4).with_strides(two);
  const tn_launch launch = launch_of(even, even, odd);
  EXPECT_EQ(tn_kernel_launch(dynamic_.get(), stream_.get(), &launch, nullptr), TN_OK);
  expect_silence();
}

TEST_F(Launch, TN_launch_004_an_alias_that_is_shifted) {
  const Kernel aliasing(device_, add(Argument::device(TN_FLOAT32, {4}), 1));
  expect_refused("TN-launch-004", TN_OVERLAP, aliasing, launch_of(at(0), at(64), at(4)));
  const Tensor same = at(0);
  const Tensor other = at(64);
  const tn_launch good = launch_of(same, other, same);
  ErrorBuffer error;
  EXPECT_EQ(tn_kernel_launch(aliasing.get(), stream_.get(), &good, &error), TN_OK) << error.message;
}

TEST_F(Launch, TN_launch_013_an_input_that_is_replaced_too) {
  KernelDesc desc = add(Argument::device(TN_FLOAT32, {4}), 1);
  const Kernel undescribed(device_, desc);
  desc.inputs[1].aliasing(0);
  const Kernel described(device_, desc);
  expect_refused("TN-launch-003", TN_OVERLAP, undescribed, launch_of(at(0), at(0), at(0)));
  expect_refused("TN-launch-013", TN_OVERLAP, described, launch_of(at(0), at(4), at(0)));
  const Tensor same = at(0);
  const tn_launch good = launch_of(same, same, same);
  ErrorBuffer error;
  EXPECT_EQ(tn_kernel_launch(described.get(), stream_.get(), &good, &error), TN_OK)
      << error.message;
}

TEST_F(Launch, TN_launch_005_offsets) {
  expect_refused("TN-launch-005", TN_INVALID_ARGUMENT, static_, launch_of(at(2), at(16), at(32)));
}

// A question for dims brings neither buffers nor outputs, but its inputs are as described.
TEST_F(Launch, TN_launch_010_questions_for_dims) {
  const Tensor four = Tensor::device(nullptr, TN_FLOAT32, {4});
  tn_launch launch = launch_of(four, four, four);
  launch.outputs = nullptr;
  launch.output_count = 0;
  int64_t dims[] = {-7};
  int64_t* const wanted[] = {dims};
  ErrorBuffer error;
  EXPECT_EQ(tn_kernel_output_dims(static_.get(), &launch, wanted, &error), TN_OK) << error.message;
  EXPECT_EQ(dims[0], 4);
  expect_silence();

  const Tensor five = Tensor::device(nullptr, TN_FLOAT32, {5});
  inputs_[1] = five.get();
  expect_broken("TN-launch-002", TN_INVALID_ARGUMENT, tn_kernel_output_dims, static_.get(), &launch,
                wanted);
  launch.input_count = 1;
  expect_broken("TN-launch-010", TN_INVALID_ARGUMENT, tn_kernel_output_dims, static_.get(), &launch,
                wanted);
}

TEST_F(Launch, TN_launch_010_counts) {
  tn_launch launch = launch_of(at(0), at(16), at(32));
  launch.input_count = 1;
  expect_refused("TN-launch-010", TN_INVALID_ARGUMENT, static_, launch);
  uint64_t size = 0;
  expect_broken("TN-launch-010", TN_INVALID_ARGUMENT, tn_kernel_workspace_size, static_.get(),
                &launch, &size);
}

// A product large enough to need a workspace.
class Workspace : public Launch {
 protected:
  static constexpr int64_t kSide = 64;
  static constexpr uint64_t kBytes = 4 * kSide * kSide;

  static KernelDesc describe() {
    KernelDesc desc;
    desc.name = "MatMul";
    desc.version = op::kMatMul.version;
    for (int i = 0; i < 2; ++i) desc.input(Argument::device(TN_FLOAT32, {kSide, kSide}));
    desc.output(Argument::device(TN_FLOAT32, {kSide, kSide}));
    return desc;
  }
  Tensor matrix(uint64_t n) const {
    return Tensor::device(memory_.get(), TN_FLOAT32, {kSide, kSide}).with_offset(n * kBytes);
  }
  uint64_t size() const { return kernel_.workspace_size(launch_); }

  const Kernel kernel_{device_, describe()};
  const Buffer memory_ = make_buffer(3 * kBytes);
  const Tensor a_ = matrix(0), b_ = matrix(1), c_ = matrix(2);
  tn_launch launch_ = launch_of(a_, b_, c_);
};

TEST_F(Workspace, TN_launch_012_workspaces) {
  ASSERT_GT(size(), 0u) << "the test wants an operator that needs a workspace";
  expect_refused("TN-launch-012", TN_INVALID_ARGUMENT, kernel_, launch_);
  const Buffer workspace = make_buffer(size());
  launch_.workspace = workspace.get();
  launch_.workspace_offset = device_.info().alignment;
  expect_refused("TN-launch-012", TN_OUT_OF_RANGE, kernel_, launch_);
  launch_.workspace_offset = 0;
  EXPECT_EQ(tn_kernel_launch(kernel_.get(), stream_.get(), &launch_, nullptr), TN_OK);
}

TEST_F(Workspace, TN_launch_015_offsets_of_workspaces) {
  const uint32_t alignment = device_.info().alignment;
  const Buffer workspace = make_buffer(size() + 2 * alignment);
  launch_.workspace = workspace.get();
  for (const uint64_t offset : {1u, 4u, alignment / 2}) {
    launch_.workspace_offset = offset;
    expect_refused("TN-launch-015", TN_INVALID_ARGUMENT, kernel_, launch_);
  }
  launch_.workspace_offset = alignment;
  EXPECT_EQ(tn_kernel_launch(kernel_.get(), stream_.get(), &launch_, nullptr), TN_OK);
}

TEST_F(Launch, TN_kernel_010_constants_with_two_values) {
  const float values[4] = {};
  KernelDesc desc = add(Argument::device(TN_FLOAT32, {4}));
  desc.inputs[1] = Argument::of_constant(values, TN_FLOAT32, {4});
  const KernelDescView view(desc);
  const Tensor tensor = Tensor::host(values, TN_FLOAT32, {4});
  const tn_constant_desc constant_desc{sizeof(constant_desc), tensor.get(), TN_LAYOUT_STRIDED,
                                       nullptr};
  tn_constant* constant = nullptr;
  ASSERT_EQ(tn_constant_create(device_.get(), &constant_desc, &constant, nullptr), TN_OK);
  tn_argument both = *view.get()->inputs[1];
  both.constant = constant;
  const tn_argument* inputs[] = {view.get()->inputs[0], &both};
  tn_kernel_desc broken = *view.get();
  broken.inputs = inputs;
  tn_kernel* kernel = garbage<tn_kernel>();
  expect_broken("TN-kernel-010", TN_INVALID_ARGUMENT, tn_kernel_create, device_.get(), &broken,
                &kernel);
  EXPECT_EQ(kernel, nullptr);
  tn_constant_release(constant);
}

// One argument of a description is changed at a time.
TEST_F(Launch, TN_kernel_011_alignments_are_powers_of_two) {
  KernelDesc desc = add(Argument::device(TN_FLOAT32, {4}));
  tn_kernel* kernel = garbage<tn_kernel>();
  for (const uint32_t alignment : {3u, 48u, UINT32_MAX}) {
    desc.inputs[1].alignment = alignment;
    const KernelDescView view(desc);
    expect_broken("TN-kernel-011", TN_INVALID_ARGUMENT, tn_kernel_create, device_.get(), view.get(),
                  &kernel);
    EXPECT_EQ(kernel, nullptr);
  }
}

TEST_F(Launch, TN_kernel_012_dense_arguments_have_no_strides) {
  KernelDesc desc = add(Argument::device(TN_FLOAT32, {4}));
  desc.outputs[0].flags = TN_ARGUMENT_DENSE;
  tn_kernel* kernel = garbage<tn_kernel>();
  const KernelDescView with_strides(desc);
  expect_broken("TN-kernel-012", TN_INVALID_ARGUMENT, tn_kernel_create, device_.get(),
                with_strides.get(), &kernel);
  desc.outputs[0].with_layout(TN_LAYOUT_ANY);
  const KernelDescView with_layout(desc);
  expect_broken("TN-kernel-012", TN_INVALID_ARGUMENT, tn_kernel_create, device_.get(),
                with_layout.get(), &kernel);
}

TEST_F(Launch, TN_handle_001_buffers_of_tensors) {
  Buffer gone = make_buffer(64);
  const Tensor old = Tensor::device(gone.get(), TN_FLOAT32, {4});
  gone.reset();
  expect_refused("TN-handle-001", TN_INVALID_ARGUMENT, static_, launch_of(at(0), old, at(16)));
}

TEST_F(Launch, IsSilentForWhatIsRight) {
  const Tensor a = at(0);
  const Tensor b = at(16);
  const Tensor c = at(32);
  const tn_launch launch = launch_of(a, b, c);
  for (const Kernel* kernel : {&static_, &dynamic_}) {
    EXPECT_EQ(tn_kernel_launch(kernel->get(), stream_.get(), &launch, nullptr), TN_OK);
  }
  const Tensor nothing = Tensor::device(nullptr, TN_FLOAT32, {0});
  const tn_launch empty = launch_of(nothing, nothing, nothing);
  EXPECT_EQ(tn_kernel_launch(dynamic_.get(), stream_.get(), &empty, nullptr), TN_OK);
  expect_silence();
}

}  // namespace
}  // namespace tenon::layers
