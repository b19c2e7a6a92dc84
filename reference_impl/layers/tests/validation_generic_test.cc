// SPDX-License-Identifier: Apache-2.0
//
// The generic half: NULLs, structs, enums, foreign devices. It is generated, so what holds for one
// slot here holds for all.
#include "reference_impl/layers/tests/fixture.h"

namespace tenon::layers {
namespace {

using Generic = Layers;

template <class T>
T sized() {
  T value{};
  value.struct_size = sizeof(value);
  return value;
}

TEST_F(Generic, TN_null_002_descriptions_and_outputs) {
  tn_buffer* buffer = garbage<tn_buffer>();
  expect_broken("TN-null-002", TN_INVALID_ARGUMENT, tn_buffer_create, device_.get(),
                static_cast<const tn_buffer_desc*>(nullptr), &buffer);
  EXPECT_EQ(buffer, nullptr);
  const auto desc = sized<tn_buffer_desc>();
  expect_broken("TN-null-002", TN_INVALID_ARGUMENT, tn_buffer_create, device_.get(), &desc,
                static_cast<tn_buffer**>(nullptr));
  expect_broken("TN-null-002", TN_INVALID_ARGUMENT, tn_device_get_info, device_.get(),
                static_cast<tn_device_info*>(nullptr));
  expect_broken("TN-null-002", TN_INVALID_ARGUMENT, tn_stream_wait_event, stream_.get(),
                static_cast<tn_event*>(nullptr), nullptr);
}

TEST_F(Generic, TN_null_002_memory_of_copies_unless_they_are_empty) {
  const Buffer buffer = make_buffer(16);
  expect_broken("TN-null-002", TN_INVALID_ARGUMENT, tn_stream_write, stream_.get(), buffer.get(),
                uint64_t{0}, static_cast<const void*>(nullptr), uint64_t{16});
  EXPECT_EQ(tn_stream_write(stream_.get(), buffer.get(), 0, nullptr, 0, nullptr), TN_OK);
}

TEST_F(Generic, TN_null_002_options_and_lists) {
  const tn_option option{"memory", nullptr};
  const tn_device_desc desc{sizeof(desc), &option, 1};
  tn_device* device = garbage<tn_device>();
  expect_broken("TN-null-002", TN_INVALID_ARGUMENT, tn_device_open, instance_.get(), size_t{0},
                &desc, &device);
  EXPECT_EQ(device, nullptr);

  auto kernel_desc = sized<tn_kernel_desc>();
  kernel_desc.name = "Add";
  kernel_desc.input_count = 2;
  tn_kernel* kernel = garbage<tn_kernel>();
  expect_broken("TN-null-002", TN_INVALID_ARGUMENT, tn_kernel_create, device_.get(), &kernel_desc,
                &kernel);
  const tn_argument* arguments[2] = {nullptr, nullptr};
  kernel_desc.inputs = arguments;
  expect_broken("TN-null-002", TN_INVALID_ARGUMENT, tn_kernel_create, device_.get(), &kernel_desc,
                &kernel);
  EXPECT_EQ(kernel, nullptr);
}

TEST_F(Generic, TN_struct_001_a_tail_that_is_set) {
  struct {
    tn_stream_desc known = sized<tn_stream_desc>();
    uint64_t tail = 1;
  } desc;
  desc.known.struct_size = sizeof(desc);
  tn_stream* stream = garbage<tn_stream>();
  expect_broken("TN-struct-001", TN_UNSUPPORTED, tn_stream_create, device_.get(), &desc.known,
                &stream);
  EXPECT_EQ(stream, nullptr);
  desc.tail = 0;
  ASSERT_EQ(tn_stream_create(device_.get(), &desc.known, &stream, nullptr), TN_OK);
  tn_stream_destroy(stream);
}

TEST_F(Generic, TN_struct_005_sizes_that_cannot_be) {
  tn_buffer_desc desc{};
  tn_buffer* buffer = garbage<tn_buffer>();
  expect_broken("TN-struct-005", TN_INVALID_ARGUMENT, tn_buffer_create, device_.get(), &desc,
                &buffer);
  tn_device_info info{};
  info.struct_size = 3;
  expect_broken("TN-struct-005", TN_INVALID_ARGUMENT, tn_device_get_info, device_.get(), &info);
  tn_error error{};
  EXPECT_EQ(tn_device_synchronize(device_.get(), &error), TN_INVALID_ARGUMENT);
  expect_reported("TN-struct-005", 3);
}

TEST_F(Generic, TN_struct_006_reserved_fields) {
  auto desc = sized<tn_event_desc>();
  desc.reserved = 7;
  tn_event* event = garbage<tn_event>();
  expect_broken("TN-struct-006", TN_UNSUPPORTED, tn_event_create, device_.get(), &desc, &event);
}

TEST_F(Generic, TN_enum_001_values_and_bits) {
  auto desc = sized<tn_buffer_desc>();
  desc.kind = 77;
  tn_buffer* buffer = garbage<tn_buffer>();
  expect_broken("TN-enum-001", TN_UNSUPPORTED, tn_buffer_create, device_.get(), &desc, &buffer);
  auto event_desc = sized<tn_event_desc>();
  event_desc.flags = TN_EVENT_TIMING | 0x40;
  tn_event* event = garbage<tn_event>();
  expect_broken("TN-enum-001", TN_UNSUPPORTED, tn_event_create, device_.get(), &event_desc, &event);
  const Buffer mapped = make_buffer(16);
  void* pointer = nullptr;
  expect_broken("TN-enum-001", TN_UNSUPPORTED, tn_buffer_map, mapped.get(), uint64_t{0},
                uint64_t{16}, tn_access{0x81}, &pointer);
  uint64_t size = 0;
  const int64_t dims[] = {2};
  expect_broken("TN-enum-001", TN_UNSUPPORTED, tn_layout_size, device_.get(), TN_LAYOUT_STRIDED,
                tn_dtype{99}, int32_t{1}, dims, &size);
}

TEST_F(Generic, TN_device_002_arguments_of_another_device) {
  const Device other = instance_.open_device(0);
  const Buffer far(other, 16);
  const Buffer near = make_buffer(16);
  expect_broken("TN-device-002", TN_INVALID_ARGUMENT, tn_stream_copy, stream_.get(), near.get(),
                uint64_t{0}, far.get(), uint64_t{0}, uint64_t{16});
  auto desc = sized<tn_buffer_desc>();
  const Stream stream(other);
  desc.stream = stream.get();
  tn_buffer* buffer = garbage<tn_buffer>();
  expect_broken("TN-device-002", TN_INVALID_ARGUMENT, tn_buffer_create, device_.get(), &desc,
                &buffer);
}

TEST_F(Generic, TN_layout_005_ranks_and_dims) {
  uint64_t size = 0;
  const int64_t dims[] = {2};
  expect_broken("TN-layout-005", TN_INVALID_ARGUMENT, tn_layout_size, device_.get(),
                TN_LAYOUT_STRIDED, tn_dtype{TN_FLOAT32}, int32_t{17}, dims, &size);
}

}  // namespace
}  // namespace tenon::layers
