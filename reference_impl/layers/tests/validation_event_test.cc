// SPDX-License-Identifier: Apache-2.0
//
// Events that the host signals, time limits, and memory that may only be read.
#include "reference_impl/layers/tests/fixture.h"
#include "tenon/cpp/operator_ids.hpp"

namespace tenon::layers {
namespace {

class HostEvents : public Layers {};
class ReadOnly : public Layers {};

TEST_F(HostEvents, TN_event_013_signalled_once_and_never_recorded) {
  const Event plain(device_);
  expect_broken("TN-event-013", TN_INVALID_STATE, tn_event_signal, plain.get(), tn_status{TN_OK});
  const Event event(device_, TN_EVENT_HOST);
  expect_broken("TN-event-013", TN_INVALID_STATE, tn_event_record, event.get(), stream_.get(),
                nullptr);
  EXPECT_FALSE(event.wait_for(1000));
  event.signal();
  EXPECT_TRUE(event.wait_for(1000));
  expect_broken("TN-event-013", TN_INVALID_STATE, tn_event_signal, event.get(), tn_status{TN_OK});
  EXPECT_EQ(tn_event_query(event.get(), nullptr), TN_OK);
}

// The layer keeps handles for a while after their destroy, but not this one.
TEST_F(HostEvents, TN_event_013_destroyed_without_a_signal_nobody_waits_any_longer) {
  Event event(device_, TN_EVENT_HOST);
  stream_.wait(event);
  event.reset();
  EXPECT_EQ(tn_stream_synchronize(stream_.get(), nullptr), TN_INVALID_STATE);
  EXPECT_EQ(tn_stream_reset(stream_.get(), nullptr), TN_INVALID_STATE);
  expect_silence();
}

TEST_F(HostEvents, TN_event_009_negative_limits) {
  const Event event(device_);
  const tn_wait_desc desc{sizeof(desc), -5};
  expect_broken("TN-event-009", TN_INVALID_ARGUMENT, tn_event_synchronize, event.get(), &desc);
}

TEST_F(HostEvents, TN_event_010_streams_have_no_limit) {
  const Event event(device_);
  const tn_wait_desc desc{sizeof(desc), 5};
  expect_broken("TN-event-010", TN_UNSUPPORTED, tn_stream_wait_event, stream_.get(), event.get(),
                &desc);
}

tn_import_desc desc_of(void* memory, uint64_t size) {
  tn_import_desc desc{};
  desc.struct_size = sizeof(desc);
  desc.pointer = memory;
  desc.size = size;
  return desc;
}

TEST_F(ReadOnly, TN_import_002_a_pointer_with_more) {
  static char memory[64];
  tn_buffer* buffer = garbage<tn_buffer>();
  tn_import_desc desc = desc_of(memory, sizeof(memory));
  desc.offset = 8;
  expect_broken("TN-import-002", TN_INVALID_ARGUMENT, tn_buffer_import, device_.get(), &desc,
                &buffer);
  desc.offset = 0;
  desc.handle = 8;
  expect_broken("TN-import-002", TN_INVALID_ARGUMENT, tn_buffer_import, device_.get(), &desc,
                &buffer);
  // A handle needs no pointer; that the device has no such memory is its own to say.
  desc.kind = TN_IMPORT_FILE_DESCRIPTOR;
  desc.pointer = nullptr;
  EXPECT_EQ(tn_buffer_import(device_.get(), &desc, &buffer, nullptr), TN_UNSUPPORTED);
}

TEST_F(ReadOnly, TN_import_003_work_that_would_write) {
  static float memory[16];
  const Buffer buffer =
      Buffer::import(device_, memory, sizeof(memory), nullptr, nullptr, TN_IMPORT_READ_ONLY);
  tn_buffer* const handle = buffer.get();
  const Buffer other = make_buffer(64);
  tn_stream* const stream = stream_.get();
  const uint64_t at = 0, size = 64;
  const auto broken = [&](auto function, auto... arguments) {
    expect_broken("TN-import-003", TN_INVALID_ARGUMENT, function, arguments...);
  };
  broken(tn_stream_fill, stream, handle, at, size, static_cast<const void*>("x"), size_t{1});
  broken(tn_stream_copy, stream, handle, at, other.get(), at, size);
  broken(tn_stream_write, stream, handle, at, static_cast<const void*>(memory), size);
  void* pointer = nullptr;
  broken(tn_buffer_map, handle, at, size, tn_access{TN_ACCESS_WRITE}, &pointer);
  const Tensor inside = Tensor::device(handle, TN_FLOAT32, {16});
  const Tensor outside = Tensor::device(other.get(), TN_FLOAT32, {16});
  broken(tn_stream_reorder, stream, inside.get(), outside.get());
  KernelDesc relu;
  relu.name = "Relu";
  relu.version = op::kRelu.version;
  relu.input(Argument::device(TN_FLOAT32, {16})).output(Argument::device(TN_FLOAT32, {16}));
  const Kernel kernel(device_, relu);
  const tn_tensor* inputs[] = {outside.get()};
  const tn_tensor* outputs[] = {inside.get()};
  tn_launch launch = launch_of(inputs, outputs);
  broken(tn_kernel_launch, kernel.get(), stream, &launch);
  // To be read it is as good as any.
  const size_t before = host_.lines().size();
  std::swap(launch.inputs, launch.outputs);
  EXPECT_EQ(tn_kernel_launch(kernel.get(), stream, &launch, nullptr), TN_OK);
  EXPECT_EQ(tn_stream_synchronize(stream, nullptr), TN_OK);
  EXPECT_EQ(host_.lines().size(), before);
}

}  // namespace
}  // namespace tenon::layers
