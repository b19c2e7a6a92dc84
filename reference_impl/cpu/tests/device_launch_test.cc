// SPDX-License-Identifier: Apache-2.0
//
// What a launch accepts and refuses, and that it does not allocate.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "reference_impl/cpu/tests/device_harness.h"

namespace tenon::cpu::testing {
namespace {

class LaunchTest : public Modes {
 protected:
  void SetUp() override {
    x_ = device.buffer_of<int32_t>({1, 2, 3, 4, 5, 6, 7, 8});
    y_ = device.buffer_of<int32_t>({0, 0, 0, 0, 0, 0, 0, 0});
    stream_ = device.stream();
  }
  void TearDown() override {
    for (tn_kernel* kernel : kernels_) table().kernel_destroy(kernel);
    table().stream_destroy(stream_);
    table().buffer_destroy(x_, nullptr);
    table().buffer_destroy(y_, nullptr);
  }
  tn_kernel* kernel(const char* name, std::vector<tn_argument> inputs,
                    std::vector<tn_argument> outputs) {
    KernelDesc desc("test", name, 1, std::move(inputs), std::move(outputs));
    tn_kernel* made = nullptr;
    tn_error error = TN_ERROR_INIT;
    EXPECT_EQ(TN_OK, table().kernel_create(device, desc.get(), &made, &error)) << error.message;
    kernels_.push_back(made);
    return made;
  }
  tn_kernel* add(int32_t alias = 0) {
    tn_argument output = describe(TN_INT32, 1);
    output.alias = alias;
    return kernel("AddOne", {describe(TN_INT32, 1)}, {output});
  }
  std::vector<int32_t> result(tn_buffer* buffer) {
    EXPECT_EQ(TN_OK, table().stream_synchronize(stream_, nullptr));
    return device.read<int32_t>(buffer, 8);
  }

  Device device{GetParam()};
  tn_buffer* x_ = nullptr;
  tn_buffer* y_ = nullptr;
  tn_stream* stream_ = nullptr;
  std::vector<tn_kernel*> kernels_;
};

TEST_P(LaunchTest, StridesMayBeZeroOrNegative) {
  tn_kernel* k = add();
  Tensor reversed(x_, TN_INT32, {4}, {-2}, 24);
  Tensor y(y_, TN_INT32, {4});
  Launch first({&reversed}, {&y});
  TN_CHECK(kernel_launch, k, stream_, first.get());
  Tensor same(x_, TN_INT32, {4}, {0}, 8);
  Tensor gaps(y_, TN_INT32, {2}, {2}, 20);
  same.dims = {2};
  Launch second({&same}, {&gaps});
  TN_CHECK(kernel_launch, k, stream_, second.get());
  EXPECT_EQ((std::vector<int32_t>{8, 6, 4, 2, 0, 4, 0, 4}), result(y_));
}

TEST_P(LaunchTest, EveryAddressedByteMustExist) {
  tn_kernel* k = add();
  Tensor y(y_, TN_INT32, {4});
  Tensor beyond(x_, TN_INT32, {4}, {1}, 20);
  Launch high({&beyond}, {&y});
  TN_EXPECT_ERROR(TN_OUT_OF_RANGE, "input 0 of test.AddOne at offset 20", kernel_launch, k, stream_,
                  high.get());
  Tensor below(x_, TN_INT32, {4}, {-1}, 8);
  Launch low({&below}, {&y});
  TN_EXPECT_ERROR(TN_OUT_OF_RANGE, "input 0", kernel_launch, k, stream_, low.get());
  Tensor huge(x_, TN_INT32, {4}, {INT64_MAX / 2}, 0);
  Launch overflow({&huge}, {&y});
  TN_EXPECT_ERROR(TN_OUT_OF_RANGE, "input 0", kernel_launch, k, stream_, overflow.get());
  Tensor odd(x_, TN_INT32, {4}, {1}, 2);
  Launch unaligned({&odd}, {&y});
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "element size", kernel_launch, k, stream_, unaligned.get());
  EXPECT_EQ(std::vector<int32_t>(8, 0), result(y_));
}

TEST_P(LaunchTest, OutputsAreDisjointFromInputs) {
  tn_kernel* k = add();
  Tensor x(x_, TN_INT32, {4});
  Tensor shifted(x_, TN_INT32, {4}, {1}, 12);
  Launch partial({&x}, {&shifted});
  TN_EXPECT_ERROR(TN_OVERLAP, "output 0 of test.AddOne overlaps input 0", kernel_launch, k, stream_,
                  partial.get());
  Launch exact({&x}, {&x});
  TN_EXPECT_ERROR(TN_OVERLAP, "overlaps input 0", kernel_launch, k, stream_, exact.get());
  Tensor twice(y_, TN_INT32, {4}, {0});
  Launch itself({&x}, {&twice});
  TN_EXPECT_ERROR(TN_OVERLAP, "twice", kernel_launch, k, stream_, itself.get());
  // Interleaved elements are disjoint, although their ranges are not.
  Tensor even(x_, TN_INT32, {4}, {2}, 0);
  Tensor uneven(x_, TN_INT32, {4}, {2}, 4);
  Launch interleaved({&even}, {&uneven});
  TN_CHECK(kernel_launch, k, stream_, interleaved.get());
  EXPECT_EQ((std::vector<int32_t>{1, 2, 3, 4, 5, 6, 7, 8}), result(x_));
}

TEST_P(LaunchTest, AnAliasIsExact) {
  tn_kernel* k = add(1);
  Tensor x(x_, TN_INT32, {8});
  Launch exact({&x}, {&x});
  TN_CHECK(kernel_launch, k, stream_, exact.get());
  EXPECT_EQ((std::vector<int32_t>{2, 3, 4, 5, 6, 7, 8, 9}), result(x_));
  Tensor input(x_, TN_INT32, {4});
  Tensor shifted(x_, TN_INT32, {4}, {1}, 4);
  Launch partial({&input}, {&shifted});
  TN_EXPECT_ERROR(TN_OVERLAP, "differs", kernel_launch, k, stream_, partial.get());
  Tensor elsewhere(y_, TN_INT32, {4});
  Launch apart({&input}, {&elsewhere});
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "differs", kernel_launch, k, stream_, apart.get());
}

TEST_P(LaunchTest, TensorsMatchTheDescription) {
  const int64_t dims[] = {4};
  tn_argument input = describe(TN_INT32, 1);
  input.dims = dims;
  tn_kernel* k = kernel("AddOne", {input}, {describe(TN_INT32, 1)});
  Tensor y(y_, TN_INT32, {4});
  const auto expect = [&](Tensor x, const char* message) {
    Launch launch({&x}, {&y});
    TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, message, kernel_launch, k, stream_, launch.get());
  };
  expect(Tensor(x_, TN_FLOAT32, {4}), "input 0 of test.AddOne has element type 1, described was 6");
  expect(Tensor(x_, TN_INT32, {2, 2}), "has rank 2, described was 1");
  expect(Tensor(x_, TN_INT32, {3}), "has dim 0 of 3, described was 4");
  expect(Tensor(nullptr, TN_INT32, {4}), "has no buffer");
  expect(Tensor(x_, TN_INT32, {-4}), "dim 0 of -4");
  Tensor x(x_, TN_INT32, {4});
  Launch none({}, {&y});
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "1 inputs and 1 outputs, not 0 and 1", kernel_launch, k,
                  stream_, none.get());
  Tensor three(y_, TN_INT32, {3});
  Launch unequal({&x}, {&three});
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "the dims differ", kernel_launch, k, stream_, unequal.get());
}

TEST_P(LaunchTest, HandlesOfOtherDevicesAreRefused) {
  tn_kernel* k = add();
  Device other(GetParam());
  tn_buffer* theirs = other.buffer(32);
  tn_stream* their_stream = other.stream();
  Tensor x(theirs, TN_INT32, {4});
  Tensor y(y_, TN_INT32, {4});
  Launch launch({&x}, {&y});
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "another device", kernel_launch, k, stream_, launch.get());
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "another device", kernel_launch, k, their_stream,
                  launch.get());
  table().buffer_destroy(theirs, nullptr);
  table().stream_destroy(their_stream);
}

TEST_P(LaunchTest, HostValuesAreReadBeforeTheCallReturns) {
  tn_kernel* k = kernel("AddOne", {describe(TN_INT32, 1), describe(TN_INT32, 0, TN_ARGUMENT_HOST)},
                        {describe(TN_INT32, 1)});
  int32_t by = 100;
  {
    Tensor x(x_, TN_INT32, {2});
    Tensor value = Tensor::host(&by, TN_INT32, {});
    Tensor y(y_, TN_INT32, {2});
    Launch launch({&x, &value}, {&y});
    TN_CHECK(kernel_launch, k, stream_, launch.get());
    by = -1;
    x.dims[0] = y.dims[0] = 8;
  }
  EXPECT_EQ((std::vector<int32_t>{101, 102, 0, 0, 0, 0, 0, 0}), result(y_));
}

TEST_P(LaunchTest, ConstantsAreBoundAtCreate) {
  int32_t by = 40;
  tn_argument constant = describe(TN_INT32, 0, TN_ARGUMENT_CONSTANT);
  constant.host_data = &by;
  tn_kernel* k = kernel("AddOne", {describe(TN_INT32, 1), constant}, {describe(TN_INT32, 1)});
  by = 0;
  Tensor x(x_, TN_INT32, {8});
  Tensor y(y_, TN_INT32, {8});
  Launch launch({&x, nullptr}, {&y});
  TN_CHECK(kernel_launch, k, stream_, launch.get());
  EXPECT_EQ((std::vector<int32_t>{41, 42, 43, 44, 45, 46, 47, 48}), result(y_));
}

TEST_P(LaunchTest, WorkspaceIsAskedForAndChecked) {
  tn_kernel* k = kernel("Scratch", {describe(TN_INT32, 1)}, {describe(TN_INT32, 1)});
  Tensor x(x_, TN_INT32, {8});
  Tensor y(y_, TN_INT32, {8});
  Tensor unbound_x(nullptr, TN_INT32, {8});
  Tensor unbound_y(nullptr, TN_INT32, {8});
  uint64_t size = 0;
  Launch question({&unbound_x}, {&unbound_y});
  TN_CHECK(kernel_workspace_size, k, question.get(), &size);
  EXPECT_EQ(32u, size);
  Launch launch({&x}, {&y});
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "32 bytes", kernel_launch, k, stream_, launch.get());
  tn_buffer* room = device.buffer(96);
  launch->workspace = room;
  launch->workspace_offset = 65;
  TN_EXPECT_ERROR(TN_OUT_OF_RANGE, "workspace", kernel_launch, k, stream_, launch.get());
  launch->workspace_offset = 4;
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "aligned", kernel_launch, k, stream_, launch.get());
  launch->workspace = x_;
  launch->workspace_offset = 0;
  TN_EXPECT_ERROR(TN_OVERLAP, "workspace", kernel_launch, k, stream_, launch.get());
  launch->workspace = room;
  launch->workspace_offset = 64;
  TN_CHECK(kernel_launch, k, stream_, launch.get());
  EXPECT_EQ((std::vector<int32_t>{1, 2, 3, 4, 5, 6, 7, 8}), result(y_));
  table().buffer_destroy(room, nullptr);
}

// What the core knows of launches that are as described it must not take for others, nor may a good
// launch stand for those behind it.
TEST_P(LaunchTest, EachLaunchOfAKernelOfKnownDimsIsChecked) {
  constexpr int64_t kDims[] = {4};
  tn_argument known = describe(TN_INT32, 1);
  known.dims = kDims;
  tn_kernel* k = kernel("Scratch", {known}, {known});
  Tensor x(x_, TN_INT32, {4});
  Tensor y(y_, TN_INT32, {4}, {1}, 4);
  tn_buffer* room = device.buffer(64);
  Launch good({&x}, {&y});
  good->workspace = room;
  for (int i = 0; i < 2; ++i) {
    TN_CHECK(kernel_launch, k, stream_, good.get());
    Launch bare({&x}, {&y});
    TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "16 bytes", kernel_launch, k, stream_, bare.get());
  }
  EXPECT_EQ((std::vector<int32_t>{0, 1, 2, 3, 4, 0, 0, 0}), result(y_));
  const auto refused = [&](tn_status status, const char* text, Tensor to) {
    Launch launch({&x}, {&to});
    launch->workspace = room;
    TN_EXPECT_ERROR(status, text, kernel_launch, k, stream_, launch.get());
  };
  refused(TN_INVALID_ARGUMENT, "described was 4", Tensor(y_, TN_INT32, {5}));
  refused(TN_INVALID_ARGUMENT, "has no buffer", Tensor(nullptr, TN_INT32, {4}));
  refused(TN_INVALID_ARGUMENT, "element size", Tensor(y_, TN_INT32, {4}, {}, 2));
  refused(TN_OUT_OF_RANGE, "offset 20", Tensor(y_, TN_INT32, {4}, {}, 20));
  refused(TN_OVERLAP, "overlaps input 0", Tensor(x_, TN_INT32, {4}, {}, 8));
  refused(TN_OVERLAP, "twice", Tensor(y_, TN_INT32, {4}, {0}));
  Tensor gaps(y_, TN_INT32, {4}, {2});
  Launch strided({&x}, {&gaps});
  strided->workspace = room;
  TN_CHECK(kernel_launch, k, stream_, strided.get());
  EXPECT_EQ((std::vector<int32_t>{1, 1, 2, 3, 3, 0, 4, 0}), result(y_));

  // The kernel's own check, where not all is known.
  tn_kernel* half = kernel("AddOne", {known}, {describe(TN_INT32, 1)});
  Launch fits({&x}, {&y});
  TN_CHECK(kernel_launch, half, stream_, fits.get());
  Tensor shorter(y_, TN_INT32, {3});
  Launch differs({&x}, {&shorter});
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "the dims differ", kernel_launch, half, stream_,
                  differs.get());
  table().buffer_destroy(room, nullptr);
}

TEST_P(LaunchTest, MoreArgumentsThanFitOnTheStackWork) {
  constexpr size_t kInputs = 50;
  tn_kernel* k = kernel("Sum", std::vector<tn_argument>(kInputs, describe(TN_INT32, 1)),
                        {describe(TN_INT32, 1)});
  Tensor x(x_, TN_INT32, {8});
  Tensor y(y_, TN_INT32, {8});
  const std::vector<const tn_tensor*> inputs(kInputs, x.get());
  Launch launch({}, {&y});
  launch->inputs = inputs.data();
  launch->input_count = kInputs;
  TN_CHECK(kernel_launch, k, stream_, launch.get());
  EXPECT_EQ((std::vector<int32_t>{50, 100, 150, 200, 250, 300, 350, 400}), result(y_));
}

TEST_P(LaunchTest, LaunchDoesNotAllocate) {
  tn_kernel* k = kernel("AddOne", {describe(TN_INT32, 1), describe(TN_INT32, 0, TN_ARGUMENT_HOST)},
                        {describe(TN_INT32, 1)});
  int32_t by = 2;
  Tensor x(x_, TN_INT32, {8});
  Tensor value = Tensor::host(&by, TN_INT32, {});
  Tensor y(y_, TN_INT32, {8});
  Launch launch({&x, &value}, {&y});
  const int64_t runs = test_runs;
  const uint64_t before = allocations();
  tn_status status = TN_OK;
  // More launches than slots: the ring goes round while we count.
  for (int i = 0; i < 1000; ++i) status |= table().kernel_launch(k, stream_, launch.get(), nullptr);
  status |= table().stream_synchronize(stream_, nullptr);
  EXPECT_EQ(before, allocations());
  EXPECT_EQ(TN_OK, status);
  EXPECT_EQ(runs + 1000, test_runs);
  ::operator delete(::operator new(1));
  EXPECT_GT(allocations(), before) << "the counter does not count";
}

TEST_P(LaunchTest, CallsInAForkedChildAnswerSo) {
  tn_kernel* k = add();
  Tensor x(x_, TN_INT32, {8});
  Tensor y(y_, TN_INT32, {8});
  Launch launch({&x}, {&y});
  const pid_t child = fork();
  if (child == 0) {
    const bool forked = table().kernel_launch(k, stream_, launch.get(), nullptr) == TN_FORKED &&
                        table().stream_synchronize(stream_, nullptr) == TN_FORKED &&
                        table().device_synchronize(device, nullptr) == TN_FORKED;
    table().buffer_destroy(x_, nullptr);
    table().stream_destroy(stream_);
    _exit(forked ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(child, waitpid(child, &status, 0));
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TN_ALL_MODES(LaunchTest);

}  // namespace
}  // namespace tenon::cpu::testing
