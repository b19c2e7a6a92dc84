// SPDX-License-Identifier: Apache-2.0
//
// What a plugin answers is held against the standard, and the plugin is named for it; hosts get a
// failure or what can be used, never something to trip over.
#include "reference_impl/layers/tests/fixture.h"

namespace tenon::layers {
namespace {

class Liar : public testing::Test {
 protected:
  Liar() : loader_({}, host_.get(), "validation"), instance_(loader_.open(LIAR)) {}

  Device open(const char* lie) {
    const tn_option option{"lie", lie};
    return instance_.open_device(0, {&option, 1});
  }
  // One line names the rule and the plugin.
  void expect_blamed(const std::string& rule) {
    EXPECT_THAT(host_.about(rule),
                testing::ElementsAre(testing::AllOf(testing::HasSubstr("plugin 'liar'"),
                                                    testing::HasSubstr("report it to its vendor"))))
        << testing::PrintToString(host_.lines());
  }
  // The call fails as an internal one does, and its error names the rule and the plugin.
  template <class Function, class... Arguments>
  void expect_failed(const std::string& rule, Function function, Arguments... arguments) {
    ErrorBuffer error;
    EXPECT_EQ(function(arguments..., &error), TN_INTERNAL);
    EXPECT_EQ(error.rule, rule) << error.message;
    EXPECT_THAT(error.message, testing::HasSubstr("plugin 'liar'"));
    expect_blamed(rule);
  }

  RecordingHost host_;
  Loader loader_;
  Instance instance_;
};

// A lie about handles, told by every function that makes one.
class Made : public Liar {
 protected:
  void expect_none(const char* lie, const std::string& rule, tn_status status) {
    const Device device = open(lie);
    const tn_buffer_desc buffer_desc{sizeof(buffer_desc), 16, 0, 0, nullptr};
    static char memory[16];
    const int64_t dims[] = {4};
    tn_tensor value{};
    value.host_data = memory;
    value.dims = dims;
    value.dtype = TN_FLOAT32;
    value.rank = 1;
    const tn_constant_desc constant_desc{sizeof(constant_desc), &value, 0, nullptr};
    tn_kernel_desc kernel_desc{};
    kernel_desc.struct_size = sizeof(kernel_desc);
    kernel_desc.name = "Nothing";
    none(rule, status, tn_buffer_create, device.get(), &buffer_desc, garbage<tn_buffer>());
    none(rule, status, tn_stream_create, device.get(), nullptr, garbage<tn_stream>());
    none(rule, status, tn_event_create, device.get(), nullptr, garbage<tn_event>());
    none(rule, status, tn_constant_create, device.get(), &constant_desc, garbage<tn_constant>());
    none(rule, status, tn_kernel_create, device.get(), &kernel_desc, garbage<tn_kernel>());
  }

 private:
  template <class Function, class Desc, class Handle>
  void none(const std::string& rule, tn_status status, Function function, tn_device* device,
            Desc desc, Handle* handle) {
    const size_t before = host_.about(rule).size();
    EXPECT_EQ(function(device, desc, &handle, nullptr), status);
    EXPECT_EQ(handle, nullptr);
    EXPECT_EQ(host_.about(rule).size(), before + 1) << testing::PrintToString(host_.lines());
  }
};

TEST_F(Made, TN_handle_003_without_a_handle_or_its_first_word) {
  expect_none("null handle", "TN-handle-003", TN_INTERNAL);
  expect_none("no dispatch", "TN-handle-003", TN_INTERNAL);
  expect_none("wild handle", "TN-handle-003", TN_INTERNAL);
}

TEST_F(Made, TN_error_001_with_a_handle_that_is_left) {
  expect_none("live handle", "TN-error-001", TN_INTERNAL);
}

TEST_F(Made, TN_status_001_that_does_not_exist) {
  const Device device = open("odd status");
  tn_stream* stream = garbage<tn_stream>();
  expect_failed("TN-status-001", tn_stream_create, device.get(), nullptr, &stream);
  EXPECT_EQ(stream, nullptr);
}

TEST_F(Liar, TN_handle_003_a_device) {
  const tn_option option{"lie", "null device"};
  const tn_device_desc desc{sizeof(desc), &option, 1};
  tn_device* device = garbage<tn_device>();
  expect_failed("TN-handle-003", tn_device_open, instance_.get(), size_t{0}, &desc, &device);
  EXPECT_EQ(device, nullptr);
}

TEST_F(Liar, TN_handle_004_made_twice) {
  const Device device = open("same handle");
  const Stream first(device);
  tn_stream* second = garbage<tn_stream>();
  expect_failed("TN-handle-004", tn_stream_create, device.get(), nullptr, &second);
  EXPECT_EQ(second, nullptr);
}

TEST_F(Liar, TN_error_002_texts_that_do_not_end) {
  const Device device = open("endless error");
  tn_stream* stream = nullptr;
  tn_error error = TN_ERROR_INIT;
  EXPECT_EQ(tn_stream_create(device.get(), nullptr, &stream, &error), TN_INTERNAL);
  EXPECT_LT(strnlen(error.message, sizeof(error.message)), sizeof(error.message));
  EXPECT_LT(strnlen(error.rule, sizeof(error.rule)), sizeof(error.rule));
  EXPECT_EQ(host_.about("TN-error-002").size(), 2u) << testing::PrintToString(host_.lines());
}

TEST_F(Liar, TN_callback_001_called_twice_or_with_something_else) {
  for (const char* lie : {"callback twice", "callback of another", "callback with an error"}) {
    const size_t before = host_.about("TN-callback-001").size();
    const Device device = open(lie);
    const Stream stream(device);
    int calls = 0;
    stream.callback(
        [](void* user, tn_status, const tn_error* error) {
          EXPECT_EQ(error, nullptr);
          ++*static_cast<int*>(user);
        },
        &calls);
    EXPECT_EQ(calls, 1) << lie;
    // A handle of no known kind looks like one of another plugin: the message goes to stderr.
    const size_t told = std::string_view(lie) == "callback of another" ? 0 : 1;
    EXPECT_EQ(host_.about("TN-callback-001").size(), before + told) << lie;
  }
}

TEST_F(Liar, TN_callback_001_never_called) {
  {
    const Device device = open("no callback");
    const Stream stream(device);
    stream.callback([](void*, tn_status, const tn_error*) {}, nullptr);
  }
  expect_blamed("TN-callback-001");
}

TEST_F(Liar, TN_callback_001_called_though_refused) {
  const Device device = open("refused callback");
  const Stream stream(device);
  int calls = 0;
  const tn_callback callback = [](void* user, tn_status, const tn_error*) {
    ++*static_cast<int*>(user);
  };
  EXPECT_EQ(tn_stream_callback(stream.get(), callback, &calls, nullptr), TN_INTERNAL);
  EXPECT_EQ(tn_stream_query(stream.get(), nullptr), TN_OK);
  EXPECT_EQ(calls, 0);
  expect_blamed("TN-callback-001");
}

TEST_F(Liar, TN_callback_003_without_an_error) {
  const Device device = open("callback without one");
  const Stream stream(device);
  stream.callback(
      [](void*, tn_status status, const tn_error* error) {
        ASSERT_NE(error, nullptr);
        EXPECT_EQ(error->code, status);
      },
      nullptr);
  expect_blamed("TN-callback-003");
}

TEST_F(Liar, TN_status_001_callback_003_with_a_status_or_an_error_that_cannot_be) {
  const std::pair<const char*, const char*> lies[] = {
      {"callback with an odd status", "TN-status-001"},
      {"callback with another error", "TN-callback-003"},
      {"callback with a wild error", "TN-callback-003"}};
  for (const auto& [lie, rule] : lies) {
    const size_t before = host_.about(rule).size();
    const Device device = open(lie);
    const Stream stream(device);
    int calls = 0;
    stream.callback(
        [](void* user, tn_status status, const tn_error* error) {
          ++*static_cast<int*>(user);
          EXPECT_EQ(status, TN_INTERNAL);
          ASSERT_NE(error, nullptr);
          EXPECT_EQ(error->code, status);
          EXPECT_LT(strnlen(error->message, sizeof(error->message)), sizeof(error->message));
        },
        &calls);
    EXPECT_EQ(calls, 1) << lie;
    EXPECT_EQ(host_.about(rule).size(), before + 1) << lie;
  }
}

TEST_F(Liar, TN_host_002_logs_what_no_host_can_print) {
  for (const char* lie : {"log NULL", "log bytes", "log level"}) {
    const size_t before = host_.about("TN-host-002").size();
    const Device device = open(lie);
    EXPECT_EQ(host_.about("TN-host-002").size(), before + 1) << lie;
  }
}

TEST_F(Liar, TN_host_003_asks_for_work_that_cannot_be) {
  for (const char* lie : {"negative count", "no grain", "no body"}) {
    const size_t before = host_.about("TN-host-003").size();
    const Device device = open(lie);
    EXPECT_EQ(host_.about("TN-host-003").size(), before + 1) << lie;
  }
  const Device honest = open("in parallel");
  EXPECT_EQ(host_.about("TN-host-003").size(), 3u);
  EXPECT_THAT(host_.about("TN-host-004"), testing::IsEmpty());
}

// Hosts that divide the work as they may not.
TEST(Host, TN_host_004_divides_work_wrong) {
  using Divide = void(TN_CALL*)(void*, int64_t, int64_t, tn_parallel_body, void*);
  const Divide ways[] = {
      [](void*, int64_t, int64_t, tn_parallel_body, void*) {},
      [](void*, int64_t count, int64_t, tn_parallel_body body, void* user) {
        for (int i = 0; i < 2; ++i) body(user, 0, count, 0);
      },
      [](void*, int64_t count, int64_t, tn_parallel_body body, void* user) {
        body(user, 0, count, 7);
      },
      [](void*, int64_t count, int64_t, tn_parallel_body body, void* user) {
        for (int64_t i = 0; i < count; ++i) body(user, i, i + 1, 0);
      },
  };
  for (const Divide divide : ways) {
    RecordingHost host;
    tn_host services = *host.get();
    services.parallelism = [](void*) -> int32_t { return 2; };
    services.parallel_for = divide;
    const Loader loader({}, &services, "validation");
    const tn_option option{"lie", "in parallel"};
    const Device device = loader.open(LIAR).open_device(0, {&option, 1});
    EXPECT_EQ(host.about("TN-host-004").size(), 1u) << testing::PrintToString(host.lines());
  }
}

TEST_F(Liar, TN_device_010_goes_on_after_it_was_lost) {
  const Device device = open("lost");
  const Stream stream(device);
  const Buffer before(device, 16);
  EXPECT_EQ(tn_stream_synchronize(stream.get(), nullptr), TN_DEVICE_LOST);
  EXPECT_EQ(tn_stream_synchronize(stream.get(), nullptr), TN_DEVICE_LOST);
  EXPECT_THAT(host_.about("TN-device-010"), testing::IsEmpty());
  const Buffer after(device, 16);
  expect_blamed("TN-device-010");
}

TEST_F(Liar, TN_launch_018_dims_that_an_output_cannot_have) {
  const Device device = open("");
  const Stream stream(device);
  KernelDesc desc;
  desc.name = "Nothing";
  desc.output(Argument::dynamic(TN_INT64, 2));
  const Kernel kernel(device, desc);
  const Buffer buffer(device, 64);
  const Tensor out = Tensor::device(buffer.get(), TN_INT64, {2, 4});
  const tn_tensor* outs[] = {out.get()};
  tn_launch launch = launch_of({}, {outs, 1});
  int64_t dims[2] = {};
  int64_t* const wanted[] = {dims};
  launch.output_dims = wanted;
  ASSERT_EQ(tn_kernel_launch(kernel.get(), stream.get(), &launch, nullptr), TN_OK);
  EXPECT_THAT(host_.about("TN-launch-018"), testing::IsEmpty()) << "before it is waited for";
  stream.synchronize();
  expect_blamed("TN-launch-018");
  stream.synchronize();
  expect_blamed("TN-launch-018");
}

TEST_F(Liar, TN_buffer_003_004_memory_that_is_not_as_coherent_as_it_must_be) {
  const Device device = open("coherent device");
  const Buffer plain(device, 16);
  plain.info();
  expect_blamed("TN-buffer-004");
  const Buffer pinned(device, 16, TN_BUFFER_HOST_PINNED);
  pinned.info();
  expect_blamed("TN-buffer-003");
}

TEST_F(Liar, TN_import_001_releases) {
  const auto import = [&](const char* lie) {
    static char memory[64];
    int calls = 0;
    {
      const Device device = open(lie);
      tn_import_desc desc{};
      desc.struct_size = sizeof(desc);
      desc.pointer = memory;
      desc.size = sizeof(memory);
      desc.release = [](void* user) { ++*static_cast<int*>(user); };
      desc.user = &calls;
      tn_buffer* buffer = nullptr;
      EXPECT_EQ(tn_buffer_import(device.get(), &desc, &buffer, nullptr), TN_OK);
      tn_buffer_destroy(buffer, nullptr);
    }
    return calls;
  };
  EXPECT_EQ(import(""), 1);
  EXPECT_THAT(host_.about("TN-import-001"), testing::IsEmpty());
  EXPECT_EQ(import("release twice"), 1);
  expect_blamed("TN-import-001");
  EXPECT_EQ(import("no release"), 0);
  EXPECT_EQ(host_.about("TN-import-001").size(), 2u);
  EXPECT_EQ(import("early release"), 1);
  EXPECT_EQ(host_.about("TN-import-001").size(), 4u);  // Too early, and then once more.
}

TEST_F(Liar, TN_answer_001_values_without_a_name_and_texts_without_an_end) {
  for (const char* lie : {"odd type", "odd flags", "endless text"}) {
    const size_t before = host_.about("TN-answer-001").size();
    const Device device = open(lie);
    tn_device_info info{};
    info.struct_size = sizeof(info);
    EXPECT_EQ(tn_device_get_info(device.get(), &info, nullptr), TN_OK);
    EXPECT_LT(strnlen(info.name, sizeof(info.name)), sizeof(info.name));
    EXPECT_EQ(host_.about("TN-answer-001").size(), before + 1) << lie;
  }
}

TEST_F(Liar, TN_struct_003_a_size_that_was_changed) {
  const Device device = open("struct size");
  tn_device_info info{};
  info.struct_size = sizeof(info);
  EXPECT_EQ(tn_device_get_info(device.get(), &info, nullptr), TN_OK);
  EXPECT_EQ(info.struct_size, sizeof(info));
  expect_blamed("TN-struct-003");
}

TEST_F(Liar, TN_answer_001_a_rank_beyond_the_dims) {
  const Device device = open("");
  float one = 1;
  tn_tensor value{};
  value.host_data = &one;
  value.dtype = TN_FLOAT32;
  const tn_constant_desc desc{sizeof(desc), &value, 0, nullptr};
  tn_constant* constant = nullptr;
  ASSERT_EQ(tn_constant_create(device.get(), &desc, &constant, nullptr), TN_OK);
  tn_constant_info info{};
  info.struct_size = sizeof(info);
  expect_failed("TN-answer-001", tn_constant_get_info, constant, &info);
  EXPECT_EQ(info.rank, 0);
  tn_constant_release(constant);
}

TEST_F(Liar, TN_kernel_014_dims_below_0) {
  const Device device = open("");
  KernelDesc desc;
  desc.name = "Nothing";
  desc.output(Argument::dynamic(TN_FLOAT32, 2));
  const Kernel kernel(device, desc);
  tn_launch launch{};
  launch.struct_size = sizeof(launch);
  int64_t dims[2] = {};
  int64_t* const wanted[] = {dims};
  expect_failed("TN-kernel-014", tn_kernel_output_dims, kernel.get(), &launch, wanted);
}

TEST_F(Liar, TN_answer_002_pointers) {
  const Device device = open("no pointer");
  const Buffer buffer(device, 16);
  void* pointer = garbage<void>();
  expect_failed("TN-answer-002", tn_buffer_map, buffer.get(), uint64_t{0}, uint64_t{16},
                tn_access{TN_ACCESS_READ}, &pointer);
  EXPECT_EQ(pointer, nullptr);
}

TEST_F(Liar, TN_instance_001_more_devices_than_there_can_be) {
  const Device device = open("many devices");
  size_t count = 7;
  expect_failed("TN-instance-001", tn_instance_device_count, instance_.get(), &count);
  EXPECT_EQ(count, 0u);
}

TEST_F(Liar, TN_instance_007_no_devices_or_other_ones) {
  size_t count = 7;
  {
    const Device device = open("no devices");
    expect_failed("TN-instance-007", tn_instance_device_count, instance_.get(), &count);
    EXPECT_EQ(count, 0u);
  }
  const Device honest = open("");
  EXPECT_EQ(tn_instance_device_count(instance_.get(), &count, nullptr), TN_OK);
  EXPECT_EQ(count, 1u);
  const Device more = open("more devices");
  const size_t before = host_.about("TN-instance-007").size();
  EXPECT_EQ(tn_instance_device_count(instance_.get(), &count, nullptr), TN_OK);
  EXPECT_EQ(count, 1u) << "what it said first";
  EXPECT_EQ(host_.about("TN-instance-007").size(), before + 1);
}

TEST_F(Liar, TN_import_003_memory_that_may_only_be_read) {
  const Device device = open("");
  static char memory[64];
  tn_import_desc desc{};
  desc.struct_size = sizeof(desc);
  desc.flags = TN_IMPORT_READ_ONLY;
  desc.pointer = memory;
  desc.size = sizeof(memory);
  tn_buffer* handle = nullptr;
  ASSERT_EQ(tn_buffer_import(device.get(), &desc, &handle, nullptr), TN_OK);
  const Buffer buffer(handle);
  buffer.info();  // It does not say so.
  expect_blamed("TN-import-003");
}

TEST_F(Liar, TN_device_001_alignment) {
  const Device device = open("odd alignment");
  expect_blamed("TN-device-001");
}

TEST_F(Liar, TN_device_005_tables_that_cannot_be_walked) {
  for (const char* lie : {"", "nameless row", "sizeless row", "many rows", "no stride"}) {
    const size_t before = host_.about("TN-device-005").size();
    const Device device = open(lie);
    tn_operator_table table{};
    table.struct_size = sizeof(table);
    EXPECT_EQ(tn_device_get_operators(device.get(), &table, nullptr), TN_INTERNAL) << lie;
    EXPECT_EQ(table.count, 0u);
    EXPECT_EQ(host_.about("TN-device-005").size(), before + 1) << lie;
  }
}

TEST_F(Liar, TN_property_001_other_than_in_the_registry) {
  for (const char* lie : {"text of numbers", "no numbers", "many numbers", "no units at all",
                          "odd name", "no vendor", "odd unit"}) {
    const size_t before = host_.about("TN-property-001").size();
    const Device device = open(lie);
    tn_property property{};
    property.struct_size = sizeof(property);
    EXPECT_EQ(tn_device_property(device.get(), 0, &property, nullptr), TN_OK);
    EXPECT_LE(property.count, std::size(property.integers));
    EXPECT_EQ(host_.about("TN-property-001").size(), before + 1) << lie;
  }
  for (const char* truth : {"", "vendor"}) {
    const size_t before = host_.about("TN-property-001").size();
    const Device device = open(truth);
    tn_property property{};
    property.struct_size = sizeof(property);
    EXPECT_EQ(tn_device_property(device.get(), 0, &property, nullptr), TN_OK);
    EXPECT_EQ(host_.about("TN-property-001").size(), before) << truth;
  }
}

TEST_F(Liar, TN_property_002_options_that_contradict_themselves) {
  for (const char* lie : {"odd number", "nameless option", "odd choice", "no help", ""}) {
    const size_t before = host_.about("TN-property-002").size();
    const Device device = open(lie);
    tn_option_info option{};
    option.struct_size = sizeof(option);
    EXPECT_EQ(tn_device_option(device.get(), 0, &option, nullptr), TN_OK);
    EXPECT_EQ(host_.about("TN-property-002").size(), before + (*lie == '\0' ? 0 : 1)) << lie;
  }
}

TEST_F(Liar, TN_buffer_002_other_than_it_was_made) {
  for (const char* lie : {"other size", "no pointer"}) {
    const size_t before = host_.about("TN-buffer-002").size();
    const Device device = open(lie);
    const Buffer buffer(device, 16);
    tn_buffer_info info{};
    info.struct_size = sizeof(info);
    EXPECT_EQ(tn_buffer_get_info(buffer.get(), &info, nullptr), TN_OK);
    EXPECT_EQ(host_.about("TN-buffer-002").size(), before + 1) << lie;
  }
}

TEST_F(Liar, TN_kernel_008_a_layout_that_is_none) {
  const Device device = open("");
  KernelDesc desc;
  desc.name = "Nothing";
  Argument input = Argument::device(TN_FLOAT32, {2});
  input.layout = TN_LAYOUT_ANY;
  desc.input(input);
  const Kernel kernel(device, desc);
  expect_blamed("TN-kernel-008");
}

TEST_F(Liar, TN_kernel_007_requires_nothing) {
  const Device device = open("");
  tn_kernel_desc desc{};
  desc.struct_size = sizeof(desc);
  desc.name = "Nothing";
  tn_kernel_support support{};
  support.struct_size = sizeof(support);
  EXPECT_EQ(tn_kernel_supports(device.get(), &desc, &support, nullptr), TN_NEEDS_STATIC);
  expect_blamed("TN-kernel-007");
}

}  // namespace
}  // namespace tenon::layers
