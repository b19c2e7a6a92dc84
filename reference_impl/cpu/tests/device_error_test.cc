// SPDX-License-Identifier: Apache-2.0
//
// What an error is about, as a host's source has it, and what a vendor's library answered.
#include "reference_impl/cpu/tests/device_harness.h"
#include "tenon/device/failure.h"

namespace tenon::cpu::testing {
namespace {

class ErrorTest : public ::testing::Test {
 protected:
  // Calls; the answer is a failure that names this argument.
  template <class Function, class... Arguments>
  static void expect(const char* argument, Function function, Arguments... arguments) {
    tn_error error = TN_ERROR_INIT;
    EXPECT_NE(function(arguments..., &error), TN_OK) << argument;
    EXPECT_STREQ(error.argument, argument) << error.message;
    EXPECT_EQ(error.vendor_code, 0);
  }
  Device device{"discrete"};
  tn_device* const handle_ = device;  // Device is copied where it is an argument of a template.
  tn_stream* stream_ = device.stream();
  tn_buffer* buffer_ = device.buffer(64);
  void TearDown() override {
    table().stream_destroy(stream_);
    table().buffer_destroy(buffer_, nullptr);
  }
};

TEST_F(ErrorTest, NamesTheParameterOrField) {
  tn_buffer* made = nullptr;
  tn_buffer_desc desc{sizeof(desc), 64, 99, 0, nullptr};
  expect("desc->kind", table().buffer_create, handle_, &desc, &made);
  desc.kind = 0;
  desc.alignment = 3;
  expect("desc->alignment", table().buffer_create, handle_, &desc, &made);
  desc.alignment = 0;
  desc.size = UINT64_MAX;
  expect("desc->size", table().buffer_create, handle_, &desc, &made);
  desc.struct_size = 1;
  expect("desc->struct_size", table().buffer_create, handle_, &desc, &made);
  expect("desc", table().buffer_create, handle_, nullptr, &made);
  expect("buffer", table().buffer_create, handle_, &desc, nullptr);

  void* pointer = nullptr;
  expect("size", table().buffer_map, buffer_, 0, 0, TN_ACCESS_READ, &pointer);
  expect("size", table().buffer_map, buffer_, 60, 8, TN_ACCESS_READ, &pointer);
  expect("access", table().buffer_map, buffer_, 0, 8, 0, &pointer);
  expect("pointer", table().buffer_unmap, buffer_, &pointer);

  expect("dst", table().stream_copy, stream_, nullptr, 0, buffer_, 0, 8);
  expect("src", table().stream_copy, stream_, buffer_, 0, buffer_, 60, 8);
  expect("pattern_size", table().stream_fill, stream_, buffer_, 0, 8, "abc", 3);
  expect("callback", table().stream_callback, stream_, nullptr, nullptr);
  expect("event", table().stream_wait_event, stream_, nullptr, nullptr);
  const tn_event_desc event_desc{sizeof(event_desc), 0x100, 0};
  tn_event* event = nullptr;
  expect("desc->flags", table().event_create, handle_, &event_desc, &event);
  const int64_t dims[] = {1};
  uint64_t size = 0;
  expect("dtype", table().layout_size, handle_, 0, 99, 1, dims, &size);
}

TEST_F(ErrorTest, NamesTheFieldOfADescription) {
  const auto describes = [&](const char* argument, auto change) {
    const tn_argument plain = describe(TN_FLOAT32, 1);
    KernelDesc desc(op::kAdd, {plain, plain}, {plain});
    change(desc);
    tn_kernel* kernel = nullptr;
    expect(argument, table().kernel_create, handle_, desc.get(), &kernel);
    expect(argument, table().kernel_supports, handle_, desc.get(), nullptr);
  };
  const int64_t negative[] = {-5};
  describes("desc->inputs[1]->rank", [](KernelDesc& d) { d.inputs[1].rank = 99; });
  describes("desc->inputs[1]->dtype", [](KernelDesc& d) { d.inputs[1].dtype = 99; });
  describes("desc->inputs[0]->kind", [](KernelDesc& d) { d.inputs[0].kind = 99; });
  describes("desc->outputs[0]->flags", [](KernelDesc& d) { d.outputs[0].flags = 0x80; });
  describes("desc->outputs[0]->alignment", [](KernelDesc& d) { d.outputs[0].alignment = 6; });
  describes("desc->inputs[0]->dims", [&](KernelDesc& d) { d.inputs[0].dims = negative; });
  describes("desc->outputs[0]->alias", [](KernelDesc& d) { d.outputs[0].alias = 7; });
  describes("desc->inputs[0]", [](KernelDesc& d) { d.inputs[0].struct_size = 0; });
  describes("desc->math_mode", [](KernelDesc& d) { d.desc().math_mode = 9; });
  describes("desc->reserved", [](KernelDesc& d) { d.desc().reserved = 9; });
  describes("desc->name", [](KernelDesc& d) { d.desc().name = nullptr; });
}

TEST_F(ErrorTest, NamesTheTensorOfALaunch) {
  const tn_argument plain = describe(TN_FLOAT32, 1);
  KernelDesc desc(op::kRelu, {plain}, {plain});
  tn_kernel* kernel = nullptr;
  TN_CHECK(kernel_create, device, desc.get(), &kernel);
  const auto launches = [&](const char* argument, auto change) {
    Tensor in(buffer_, TN_FLOAT32, {4}), out(buffer_, TN_FLOAT32, {4}, {}, 32);
    in.get(), out.get();
    Launch launch({&in}, {&out});
    change(in.tensor, out.tensor, *launch.operator->());
    expect(argument, table().kernel_launch, kernel, stream_, launch.get());
  };
  using T = tn_tensor&;
  using L = tn_launch&;
  launches("launch->inputs[0]->dtype", [](T in, T, L) { in.dtype = TN_INT32; });
  launches("launch->inputs[0]->rank", [](T in, T, L) { in.rank = -1; });
  launches("launch->outputs[0]->buffer", [](T, T out, L) { out.buffer = nullptr; });
  launches("launch->outputs[0]->offset", [](T, T out, L) { out.offset = 2; });
  launches("launch->outputs[0]->offset", [](T, T out, L) { out.offset = 60; });
  launches("launch->input_count", [](T, T, L launch) { launch.input_count = 2; });
  table().kernel_destroy(kernel);
}

// A workspace is written, so that memory that may only be read is none.
TEST_F(ErrorTest, AWorkspaceMayBeWritten) {
  const tn_argument matrix = describe(TN_FLOAT32, 2);
  KernelDesc desc(op::kMatMul, {matrix, matrix}, {matrix});
  tn_kernel* kernel = nullptr;
  TN_CHECK(kernel_create, device, desc.get(), &kernel);
  tn_buffer* const data = device.buffer(uint64_t{3} * 64 * 64 * 4);
  Tensor a(data, TN_FLOAT32, {64, 64}), b(data, TN_FLOAT32, {64, 64}, {}, 64 * 64 * 4);
  Tensor c(data, TN_FLOAT32, {64, 64}, {}, 2 * 64 * 64 * 4);
  Launch launch({&a, &b}, {&c});
  uint64_t size = 0;
  TN_CHECK(kernel_workspace_size, kernel, launch.get(), &size);
  ASSERT_GT(size, 0u) << "the test wants an operator that needs a workspace";
  alignas(64) static char memory[1 << 20];
  ASSERT_LE(size, sizeof(memory));
  tn_import_desc import{};
  import.struct_size = sizeof(import);
  import.flags = TN_IMPORT_READ_ONLY;
  import.pointer = memory;
  import.size = sizeof(memory);
  tn_buffer* read_only = nullptr;
  TN_CHECK(buffer_import, device, &import, &read_only);
  launch->workspace = read_only;
  expect("launch->workspace", table().kernel_launch, kernel, stream_, launch.get());
  table().buffer_destroy(read_only, nullptr);
  table().buffer_destroy(data, nullptr);
  table().kernel_destroy(kernel);
}

// Its streams work on the thread that queues, which would wait for itself.
TEST_F(ErrorTest, EventsOfTheHostNeedStreamsThatAreLate) {
  const Device unified("unified");
  const tn_event_desc desc{sizeof(desc), TN_EVENT_HOST, 0};
  tn_event* event = nullptr;
  expect("desc->flags", table().event_create, static_cast<tn_device*>(unified), &desc, &event);
  TN_CHECK(event_create, device, &desc, &event);
  table().event_destroy(event);
}

TEST_F(ErrorTest, AnOptionIsGivenOnce) {
  tn_instance_desc desc{sizeof(desc), &table(), &host(), nullptr, 0};
  tn_instance* instance = nullptr;
  TN_CHECK(instance_create, &desc, &instance);
  const tn_option options[] = {{"memory", "mapped"}, {"memory", "mapped"}};
  const tn_device_desc device_desc{sizeof(device_desc), options, 2};
  tn_device* opened = nullptr;
  expect("desc->options[1]", table().device_open, instance, 0, &device_desc, &opened);
  table().instance_destroy(instance);
}

// What a stream keeps of a backend's failure has it, too.
TEST(VendorCode, ComesWithTheFailure) {
  KeptFailure kept;
  try {
    throw KernelError(TN_INTERNAL, "the driver said no", -36);
  } catch (...) {
    kept.fail_from_exception();
  }
  tn_error error = TN_ERROR_INIT;
  EXPECT_EQ(kept.get(&error), TN_INTERNAL);
  EXPECT_EQ(error.vendor_code, -36);
  EXPECT_STREQ(error.message, "the driver said no");
}

}  // namespace
}  // namespace tenon::cpu::testing
