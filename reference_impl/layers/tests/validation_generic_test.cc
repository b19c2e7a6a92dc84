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
  info.struct_size = sizeof(info) - 3;
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
  // One of 64 bits.
  const Event recorded(device_);
  auto record = sized<tn_record_desc>();
  record.reserved = UINT64_C(1) << 40;
  expect_broken("TN-struct-006", TN_UNSUPPORTED, tn_event_record, recorded.get(), stream_.get(),
                &record);
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

// The message names arguments as a host's source does.
TEST_F(Generic, TN_enum_001_the_argument_that_is_meant) {
  const auto expect = [&](const char* argument, auto function, auto... arguments) {
    ErrorBuffer error;
    EXPECT_NE(function(arguments..., &error), TN_OK);
    EXPECT_STREQ(error.argument, argument) << error.message;
  };
  auto argument = sized<tn_argument>();
  argument.kind = TN_ARGUMENT_DEVICE;
  argument.dtype = 77;
  const tn_argument* arguments[] = {&argument, &argument};
  auto desc = sized<tn_kernel_desc>();
  desc.name = "Relu";
  desc.outputs = arguments;
  desc.output_count = 2;
  tn_kernel* kernel = nullptr;
  expect("desc->outputs[0]->dtype", tn_kernel_create, device_.get(), &desc, &kernel);
  argument.dtype = TN_FLOAT32;
  argument.alignment = 3;
  expect("desc->outputs[0]->alignment", tn_kernel_create, device_.get(), &desc, &kernel);
  arguments[1] = nullptr;
  argument.alignment = 0;
  expect("desc->outputs[1]", tn_kernel_create, device_.get(), &desc, &kernel);
  auto buffer_desc = sized<tn_buffer_desc>();
  buffer_desc.struct_size = 3;
  tn_buffer* buffer = nullptr;
  expect("desc->struct_size", tn_buffer_create, device_.get(), &buffer_desc, &buffer);
  const Buffer own = make_buffer(16);
  expect("dst", tn_stream_fill, stream_.get(), own.get(), uint64_t{0}, uint64_t{17},
         static_cast<const void*>("x"), size_t{1});
  const tn_wait_desc wait{sizeof(wait), -1};
  const Event event(device_);
  expect("desc->timeout", tn_event_synchronize, event.get(), &wait);
}

TEST_F(Generic, TN_instance_008_one_option_twice) {
  const tn_option options[] = {{"memory", "mapped"}, {"delay_us", "1"}, {"memory", "mapped"}};
  const tn_device_desc desc{sizeof(desc), options, 3};
  tn_device* device = garbage<tn_device>();
  expect_broken("TN-instance-008", TN_INVALID_ARGUMENT, tn_device_open, instance_.get(), size_t{0},
                &desc, &device);
  EXPECT_EQ(device, nullptr);
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

TEST_F(Generic, TN_list_001_counts_that_cannot_be) {
  const tn_argument* arguments[1] = {nullptr};
  const tn_attribute* attributes[1] = {nullptr};
  for (size_t count : {SIZE_MAX, SIZE_MAX / 8, SIZE_MAX / 8 + 2, size_t{65537}}) {
    for (int list = 0; list < 3; ++list) {
      auto desc = sized<tn_kernel_desc>();
      desc.name = "Concat";
      desc.inputs = desc.outputs = arguments;
      desc.attributes = attributes;
      (list == 0 ? desc.input_count : list == 1 ? desc.output_count : desc.attribute_count) = count;
      tn_kernel* kernel = garbage<tn_kernel>();
      expect_broken("TN-list-001", TN_INVALID_ARGUMENT, tn_kernel_create, device_.get(), &desc,
                    &kernel);
      EXPECT_EQ(kernel, nullptr);
      expect_broken("TN-list-001", TN_INVALID_ARGUMENT, tn_kernel_supports, device_.get(), &desc,
                    static_cast<tn_kernel_support*>(nullptr));
    }
    const tn_option option{"memory", "mapped"};
    const tn_device_desc device_desc{sizeof(device_desc), &option, count};
    tn_device* device = garbage<tn_device>();
    expect_broken("TN-list-001", TN_INVALID_ARGUMENT, tn_device_open, instance_.get(), size_t{0},
                  &device_desc, &device);
  }
}

TEST_F(Generic, TN_list_001_null_002_kernel_013_values_of_attributes) {
  const auto expect = [&](const std::string& rule, tn_attribute attribute) {
    const tn_attribute* attributes[] = {&attribute};
    auto desc = sized<tn_kernel_desc>();
    desc.name = "Concat";
    desc.attributes = attributes;
    desc.attribute_count = 1;
    tn_kernel* kernel = garbage<tn_kernel>();
    expect_broken(rule, TN_INVALID_ARGUMENT, tn_kernel_create, device_.get(), &desc, &kernel);
  };
  auto attribute = sized<tn_attribute>();
  attribute.type = TN_ATTRIBUTE_INT;
  expect("TN-null-002", attribute);  // Without a name.
  attribute.name = "axis";
  for (tn_attribute_type type = TN_ATTRIBUTE_FLOAT; type <= TN_ATTRIBUTE_GRAPHS; ++type) {
    attribute.type = type;
    attribute.count = 1;
    expect("TN-null-002", attribute);
  }
  const int64_t value = 0;
  attribute.type = TN_ATTRIBUTE_INTS;
  attribute.ints = &value;
  attribute.count = SIZE_MAX;
  expect("TN-list-001", attribute);
  const tn_string strings[] = {{nullptr, 1}};
  attribute.type = TN_ATTRIBUTE_STRINGS;
  attribute.strings = strings;
  expect("TN-list-001", attribute);
  attribute.count = 1;
  expect("TN-null-002", attribute);
}

TEST_F(Generic, TN_layout_005_006_dims_of_descriptions) {
  const auto expect = [&](const std::string& rule, int32_t rank, const int64_t* dims, bool input) {
    auto argument = sized<tn_argument>();
    argument.kind = TN_ARGUMENT_DEVICE;
    argument.dtype = TN_FLOAT32;
    argument.rank = rank;
    argument.dims = dims;
    const tn_argument* arguments[] = {&argument};
    auto desc = sized<tn_kernel_desc>();
    desc.name = "Relu";
    (input ? desc.inputs : desc.outputs) = arguments;
    (input ? desc.input_count : desc.output_count) = 1;
    tn_kernel* kernel = garbage<tn_kernel>();
    expect_broken(rule, TN_INVALID_ARGUMENT, tn_kernel_create, device_.get(), &desc, &kernel);
  };
  const int64_t huge[] = {INT64_MAX / 2, 8};
  const int64_t negative[] = {-2};
  for (const bool input : {true, false}) {
    expect("TN-layout-005", INT32_MAX, huge, input);
    expect("TN-layout-005", -1, huge, input);
    expect("TN-layout-005", 1, negative, input);
    expect("TN-layout-006", 2, huge, input);
  }
}

TEST_F(Generic, TN_kernel_013_counts_of_single_values) {
  const int64_t values[] = {1, 2};
  auto attribute = sized<tn_attribute>();
  attribute.name = "axis";
  attribute.type = TN_ATTRIBUTE_INT;
  attribute.ints = values;
  const tn_attribute* attributes[] = {&attribute};
  auto desc = sized<tn_kernel_desc>();
  desc.name = "Concat";
  desc.attributes = attributes;
  desc.attribute_count = 1;
  for (const size_t count : {size_t{0}, size_t{2}}) {
    attribute.count = count;
    tn_kernel* kernel = garbage<tn_kernel>();
    expect_broken("TN-kernel-013", TN_INVALID_ARGUMENT, tn_kernel_create, device_.get(), &desc,
                  &kernel);
  }
}

// What an input of Relu promises of its tensors.
class Promises : public Generic {
 protected:
  Promises() : argument_(sized<tn_argument>()) {
    argument_.kind = TN_ARGUMENT_DEVICE;
    argument_.dtype = TN_FLOAT32;
    argument_.rank = 1;
  }
  void expect(const char* rule) {
    const tn_argument* arguments[] = {&argument_};
    auto desc = sized<tn_kernel_desc>();
    desc.name = "Relu";
    desc.inputs = arguments;
    desc.input_count = 1;
    tn_kernel* kernel = garbage<tn_kernel>();
    expect_broken(rule, TN_INVALID_ARGUMENT, tn_kernel_create, device_.get(), &desc, &kernel);
  }
  tn_argument argument_;
};

TEST_F(Promises, TN_kernel_011_alignments) {
  argument_.alignment = 48;
  expect("TN-kernel-011");
}

TEST_F(Promises, TN_kernel_012_dense_with_strides_or_a_layout) {
  const int64_t strides[] = {1};
  argument_.flags = TN_ARGUMENT_DENSE;
  argument_.strides = strides;
  expect("TN-kernel-012");
  argument_.strides = nullptr;
  argument_.layout = TN_LAYOUT_ANY;
  expect("TN-kernel-012");
}

TEST_F(Generic, TN_layout_006_bytes_that_cannot_be_counted) {
  uint64_t size = 0;
  const int64_t dims[] = {int64_t{1} << 31, int64_t{1} << 31, 4};
  expect_broken("TN-layout-006", TN_INVALID_ARGUMENT, tn_layout_size, device_.get(),
                TN_LAYOUT_STRIDED, tn_dtype{TN_FLOAT32}, int32_t{3}, dims, &size);
  float value = 0;
  tn_tensor tensor{};
  tensor.host_data = &value;
  tensor.dims = dims;
  tensor.rank = 3;
  tensor.dtype = TN_FLOAT32;
  const tn_constant_desc desc{sizeof(desc), &tensor, TN_LAYOUT_STRIDED, nullptr};
  tn_constant* constant = garbage<tn_constant>();
  expect_broken("TN-layout-006", TN_INVALID_ARGUMENT, tn_constant_create, device_.get(), &desc,
                &constant);
}

TEST_F(Generic, TN_buffer_011_imports_beyond_all_memory) {
  char memory[16];
  auto desc = sized<tn_import_desc>();
  desc.pointer = memory;
  desc.size = UINT64_MAX - 8;
  tn_buffer* buffer = garbage<tn_buffer>();
  expect_broken("TN-buffer-011", TN_INVALID_ARGUMENT, tn_buffer_import, device_.get(), &desc,
                &buffer);
}

TEST_F(Generic, TN_handle_002_what_no_handle_can_be) {
  auto* const low = reinterpret_cast<tn_buffer*>(uintptr_t{64});
  auto* const odd = reinterpret_cast<tn_buffer*>(reinterpret_cast<uintptr_t>(this) | 1);
  auto* const nowhere = reinterpret_cast<tn_buffer*>(uintptr_t{0x123450});
  for (tn_buffer* buffer : {low, odd, nowhere}) {
    expect_broken("TN-handle-002", TN_INVALID_ARGUMENT, tn_stream_fill, stream_.get(), buffer,
                  uint64_t{0}, uint64_t{1}, static_cast<const void*>("x"), size_t{1});
  }
  ErrorBuffer error;
  EXPECT_EQ(tn_buffer_unmap(low, nullptr, &error), TN_INVALID_ARGUMENT);
  EXPECT_STREQ(error.rule, "TN-handle-002");
}

// A host whose log calls back.
TEST_F(Generic, TN_map_004_reported_without_a_lock) {
  struct Calling {
    tn_buffer* buffer = nullptr;
    int calls = 0;
  } calling;
  tn_host host{};
  host.struct_size = sizeof(host);
  host.context = &calling;
  host.log = [](void* context, tn_log_level, const char* component, const char*) {
    auto& self = *static_cast<Calling*>(context);
    if (std::string_view(component) != "validation" || self.calls++ != 0) return;
    tn_buffer_info info{};
    info.struct_size = sizeof(info);
    EXPECT_EQ(tn_buffer_get_info(self.buffer, &info, nullptr), TN_OK);
    void* pointer = nullptr;
    EXPECT_EQ(tn_buffer_map(self.buffer, 32, 1, TN_ACCESS_READ, &pointer, nullptr), TN_OK);
    EXPECT_EQ(tn_buffer_unmap(self.buffer, pointer, nullptr), TN_OK);
  };
  const Loader loader({}, &host, "validation");
  const Device device = loader.open("cpu").open_device(0);
  const Buffer buffer(device, 64);
  calling.buffer = buffer.get();
  void* pointer = nullptr;
  ASSERT_EQ(tn_buffer_map(buffer.get(), 0, 16, TN_ACCESS_READ, &pointer, nullptr), TN_OK);
  void* other = nullptr;
  EXPECT_EQ(tn_buffer_map(buffer.get(), 0, 16, TN_ACCESS_READ, &other, nullptr), TN_INVALID_STATE);
  EXPECT_EQ(calling.calls, 1);
  calling.calls = 0;
  const Stream stream(device);
  EXPECT_EQ(tn_stream_fill(stream.get(), buffer.get(), 0, 16, "x", 1, nullptr), TN_INVALID_STATE);
  EXPECT_EQ(calling.calls, 1);
  calling.calls = 0;
  EXPECT_EQ(tn_buffer_unmap(buffer.get(), &other, nullptr), TN_INVALID_ARGUMENT);
  EXPECT_EQ(calling.calls, 1);
}

}  // namespace
}  // namespace tenon::layers
