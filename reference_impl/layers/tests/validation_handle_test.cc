// SPDX-License-Identifier: Apache-2.0
//
// Handles: used after their destroy, of the wrong kind, and left behind.
#include <optional>

#include "reference_impl/layers/tests/fixture.h"
#include "tenon/cpp/operator_ids.hpp"

namespace tenon::layers {
namespace {

using Handles = Layers;

TEST_F(Handles, TN_handle_001_first_arguments_of_every_kind) {
  Buffer buffer = make_buffer(16);
  Stream stream(device_);
  Event event(device_);
  tn_buffer* const old_buffer = buffer.get();
  tn_stream* const old_stream = stream.get();
  tn_event* const old_event = event.get();
  buffer.reset();
  stream.reset();
  event.reset();
  tn_buffer_info info{};
  info.struct_size = sizeof(info);
  expect_broken("TN-handle-001", TN_INVALID_ARGUMENT, tn_buffer_get_info, old_buffer, &info);
  expect_broken("TN-handle-001", TN_INVALID_ARGUMENT, tn_stream_synchronize, old_stream);
  expect_broken("TN-handle-001", TN_INVALID_ARGUMENT, tn_event_query, old_event);
  EXPECT_THAT(host_.lines().back(), testing::HasSubstr("made by tn_event_create"));
  EXPECT_THAT(host_.lines().back(), testing::HasSubstr("destroyed by tn_event_destroy"));
}

TEST_F(Handles, TN_handle_001_other_arguments) {
  Event event(device_);
  tn_event* const old = event.get();
  event.reset();
  expect_broken("TN-handle-001", TN_INVALID_ARGUMENT, tn_stream_wait_event, stream_.get(), old,
                nullptr);
}

TEST_F(Handles, TN_handle_001_destroyed_twice) {
  tn_buffer* const buffer = make_buffer(16).release();
  tn_buffer_destroy(buffer, nullptr);
  tn_buffer_destroy(buffer, nullptr);
  expect_reported("TN-handle-001");
}

TEST_F(Handles, TN_handle_001_addresses_are_not_given_away_at_once) {
  tn_event* const old = Event(device_).release();
  tn_event_destroy(old);
  for (int i = 0; i < 100; ++i) {
    const Event next(device_);
    EXPECT_NE(next.get(), old);
  }
  EXPECT_EQ(tn_event_query(old, nullptr), TN_INVALID_ARGUMENT);
}

TEST_F(Handles, TN_handle_001_large_buffers_whose_memory_is_gone) {
  tn_buffer* const old = make_buffer(8 << 20).release();
  tn_buffer_destroy(old, nullptr);
  void* pointer = nullptr;
  expect_broken("TN-handle-001", TN_INVALID_ARGUMENT, tn_buffer_map, old, uint64_t{0}, uint64_t{16},
                tn_access{TN_ACCESS_READ}, &pointer);
}

TEST_F(Handles, TN_handle_001_devices_and_their_children_after_close) {
  Device other = instance_.open_device(0);
  tn_device* const old = other.get();
  tn_stream* const stream = Stream(other).release();
  tn_stream_destroy(stream);
  other.reset();
  expect_broken("TN-handle-001", TN_INVALID_ARGUMENT, tn_device_synchronize, old);
  expect_broken("TN-handle-001", TN_INVALID_ARGUMENT, tn_stream_query, stream);
}

// The last to know the layer has gone with its instance: the error says it all.
TEST_F(Handles, TN_handle_001_instances_after_their_loader) {
  tn_instance* old = nullptr;
  {
    const Loader loader({}, host_.get(), "validation");
    old = loader.open("cpu").get();
    EXPECT_EQ(loader.open("cpu").get(), old);
  }
  expect_silence();
  ErrorBuffer error;
  size_t count = 0;
  EXPECT_EQ(tn_instance_device_count(old, &count, &error), TN_INVALID_ARGUMENT);
  EXPECT_STREQ(error.rule, "TN-handle-001");
  EXPECT_THAT(error.message, testing::HasSubstr("destroyed by tn_loader_destroy"));
}

TEST_F(Handles, TN_handle_001_constants_by_their_references) {
  const float value = 1;
  const Tensor tensor = Tensor::host(&value, TN_FLOAT32, {});
  const tn_constant_desc desc{sizeof(desc), tensor.get(), TN_LAYOUT_STRIDED, nullptr};
  tn_constant* constant = nullptr;
  ASSERT_EQ(tn_constant_create(device_.get(), &desc, &constant, nullptr), TN_OK);
  tn_constant_retain(constant);
  tn_constant_release(constant);
  tn_constant_info info{};
  info.struct_size = sizeof(info);
  EXPECT_EQ(tn_constant_get_info(constant, &info, nullptr), TN_OK);
  tn_constant_release(constant);
  expect_broken("TN-handle-001", TN_INVALID_ARGUMENT, tn_constant_get_info, constant, &info);
}

// Functions of extensions are checked as those of the core are.
TEST_F(Handles, TN_handle_001_in_extensions) {
  const auto* peer =
      instance_.extension<tn_peer_functions>(TN_EXTENSION_PEER, TN_EXTENSION_PEER_VERSION);
  ASSERT_NE(peer, nullptr);
  Stream stream(device_);
  Event event(device_);
  tn_stream* const old_stream = stream.get();
  tn_event* const old_event = event.get();
  stream.reset();
  event.reset();
  for (const auto wait : {peer->peer_wait_event, &tn_peer_wait_event}) {
    expect_broken("TN-handle-001", TN_INVALID_ARGUMENT, wait, old_stream, old_event);
    expect_broken("TN-handle-001", TN_INVALID_ARGUMENT, wait, stream_.get(), old_event);
    expect_broken("TN-null-002", TN_INVALID_ARGUMENT, wait, stream_.get(),
                  static_cast<tn_event*>(nullptr));
  }
}

TEST_F(Handles, TN_handle_002_of_another_instance_in_extensions) {
  const Loader loader({}, host_.get(), "validation");
  const Device device = loader.open("cpu").open_device(0);
  const Event event(device);
  expect_broken("TN-handle-002", TN_INVALID_ARGUMENT, tn_peer_wait_event, stream_.get(),
                event.get());
}

TEST_F(Handles, TN_handle_002_of_the_wrong_kind) {
  const Event event(device_);
  expect_broken("TN-handle-002", TN_INVALID_ARGUMENT, tn_stream_wait_event, stream_.get(),
                reinterpret_cast<tn_event*>(stream_.get()), nullptr);
}

TEST_F(Handles, TN_handle_002_of_another_plugin) {
  // A second loader makes an instance of its own: as far as handles go, another plugin.
  const Loader loader({}, host_.get(), "validation");
  const Device device = loader.open("cpu").open_device(0);
  const Event event(device);
  expect_broken("TN-handle-002", TN_INVALID_ARGUMENT, tn_stream_wait_event, stream_.get(),
                event.get(), nullptr);
}

TEST_F(Handles, TN_device_007_what_is_left_is_named_and_destroyed) {
  Device other = instance_.open_device(0);
  tn_buffer* const buffer = Buffer(other, 1234).release();
  tn_stream* const stream = Stream(other).release();
  const int64_t dims[] = {4};
  KernelDesc desc;
  desc.name = "Identity";
  desc.version = op::kIdentity.version;
  desc.input(Argument::device(TN_FLOAT32, {dims[0]}));
  desc.output(Argument::device(TN_FLOAT32, {dims[0]}));
  (void)Kernel(other, desc).release();
  other.reset();
  expect_reported("TN-device-007", 3);
  const std::string all = testing::PrintToString(host_.lines());
  EXPECT_THAT(all, testing::HasSubstr("tn_buffer_create(size 1234)"));
  EXPECT_THAT(all, testing::HasSubstr("tn_kernel_create(Identity)"));
  EXPECT_EQ(tn_stream_query(stream, nullptr), TN_INVALID_ARGUMENT);
  tn_buffer_destroy(buffer, nullptr);
  expect_reported("TN-handle-001", 2);
}

TEST_F(Handles, TN_device_007_is_silent_when_all_is_gone) {
  {
    const Device other = instance_.open_device(0);
    const Buffer buffer(other, 16);
    const Stream stream(other);
    const Event event(other);
  }
  expect_silence();
}

TEST_F(Handles, TN_instance_006_devices_that_are_open) {
  {
    const Loader loader({}, host_.get(), "validation");
    (void)loader.open("cpu").open_device(0).release();
  }
  expect_reported("TN-instance-006");
}

TEST_F(Handles, AreAsTheyWereForCorrectPrograms) {
  // Memory comes back although the layer keeps handles for a while, and room is made where needed.
  const uint64_t before = device_.memory().live_bytes;
  for (int i = 0; i < 1000; ++i) make_buffer(4096);
  EXPECT_EQ(device_.memory().live_bytes, before);
  expect_silence();
}

}  // namespace
}  // namespace tenon::layers
