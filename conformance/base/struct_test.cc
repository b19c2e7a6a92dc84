// SPDX-License-Identifier: Apache-2.0
//
// Structs that grow, error details, NULL arguments.
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

using StructTest = DeviceTest;

// A struct as a later version of the header has it: with a tail.
template <class T>
struct Grown {
  T known{};
  uint64_t tail[2] = {0, 0};
  Grown() { known.struct_size = sizeof(*this); }
};

TEST_F(StructTest, TN_struct_001_a_tail_that_is_set_is_unsupported) {
  Grown<tn_buffer_desc> buffer_desc;
  buffer_desc.known.size = 64;
  buffer_desc.tail[1] = 1;
  tn_buffer* buffer = reinterpret_cast<tn_buffer*>(this);
  EXPECT_FAILS(TN_UNSUPPORTED, tn_buffer_create, device().get(), &buffer_desc.known, &buffer);
  EXPECT_EQ(buffer, nullptr);

  Grown<tn_stream_desc> stream_desc;
  stream_desc.tail[0] = 1;
  tn_stream* stream = reinterpret_cast<tn_stream*>(this);
  EXPECT_FAILS(TN_UNSUPPORTED, tn_stream_create, device().get(), &stream_desc.known, &stream);
  EXPECT_EQ(stream, nullptr);

  Grown<tn_event_desc> event_desc;
  event_desc.tail[0] = UINT64_C(1) << 63;
  tn_event* event = reinterpret_cast<tn_event*>(this);
  EXPECT_FAILS(TN_UNSUPPORTED, tn_event_create, device().get(), &event_desc.known, &event);
  EXPECT_EQ(event, nullptr);

  const KernelDesc desc = dense_desc("Identity", identity_type(), {4}, 1);
  const KernelDescView view(desc);
  Grown<tn_kernel_desc> kernel_desc;
  kernel_desc.known = *view.get();
  kernel_desc.known.struct_size = sizeof(kernel_desc);
  kernel_desc.tail[0] = 1;
  tn_kernel* kernel = reinterpret_cast<tn_kernel*>(this);
  EXPECT_FAILS(TN_UNSUPPORTED, tn_kernel_create, device().get(), &kernel_desc.known, &kernel);
  EXPECT_EQ(kernel, nullptr);

  // Nested structs too.
  Grown<tn_argument> argument;
  argument.known = *view.get()->inputs[0];
  argument.known.struct_size = sizeof(argument);
  argument.tail[1] = 5;
  const tn_argument* inputs[] = {&argument.known};
  tn_kernel_desc nested = *view.get();
  nested.inputs = inputs;
  EXPECT_FAILS(TN_UNSUPPORTED, tn_kernel_create, device().get(), &nested, &kernel);
  EXPECT_EQ(kernel, nullptr);
}

TEST_F(StructTest, TN_struct_002_a_tail_of_zeros_is_accepted) {
  Grown<tn_buffer_desc> buffer_desc;
  buffer_desc.known.size = 64;
  tn_buffer* buffer = nullptr;
  ASSERT_OK(tn_buffer_create, device().get(), &buffer_desc.known, &buffer);
  tn_buffer_destroy(buffer, nullptr);

  Grown<tn_stream_desc> stream_desc;
  tn_stream* stream = nullptr;
  ASSERT_OK(tn_stream_create, device().get(), &stream_desc.known, &stream);
  tn_stream_destroy(stream);

  const KernelDesc desc = dense_desc("Identity", identity_type(), {4}, 1);
  const KernelDescView view(desc);
  Grown<tn_kernel_desc> kernel_desc;
  kernel_desc.known = *view.get();
  kernel_desc.known.struct_size = sizeof(kernel_desc);
  tn_kernel* kernel = nullptr;
  ASSERT_OK(tn_kernel_create, device().get(), &kernel_desc.known, &kernel);
  tn_kernel_destroy(kernel);

  Grown<tn_device_info> big;
  ASSERT_OK(tn_device_get_info, device().get(), &big.known);
  EXPECT_EQ(big.known.struct_size, sizeof(big));
  EXPECT_EQ(big.known.alignment, info().alignment);
  EXPECT_EQ(big.tail[0] | big.tail[1], 0u) << "bytes beyond the known ones were written";
}

// Calls `get` with a struct that ends before its last field, and looks at the bytes behind.
template <class T, class Get>
void check_small_output(size_t size, Get get) {
  alignas(T) unsigned char bytes[sizeof(T) + 64];
  std::memset(bytes, 0xa5, sizeof(bytes));
  // A field may be a pointer that is read (arrays of layouts): the known part is zero.
  std::memset(bytes, 0, size);
  auto* small = reinterpret_cast<T*>(bytes);
  small->struct_size = size;
  ErrorBuffer error;
  EXPECT_EQ(get(small, &error), TN_OK) << error.message;
  EXPECT_EQ(small->struct_size, size);
  for (size_t i = size; i < sizeof(bytes); ++i) {
    ASSERT_EQ(bytes[i], 0xa5) << "byte " << i << " of a struct of " << size;
  }
}

TEST_F(StructTest, TN_struct_003_outputs_end_where_the_caller_says) {
  check_small_output<tn_device_info>(offsetof(tn_device_info, vendor), [&](auto* p, auto* e) {
    return tn_device_get_info(device().get(), p, e);
  });
  check_small_output<tn_memory_info>(offsetof(tn_memory_info, peak_bytes), [&](auto* p, auto* e) {
    return tn_device_get_memory(device().get(), p, e);
  });
  const Buffer buffer = make_buffer(64);
  check_small_output<tn_buffer_info>(offsetof(tn_buffer_info, address), [&](auto* p, auto* e) {
    return tn_buffer_get_info(buffer.get(), p, e);
  });
  const KernelDesc desc = dense_desc("Identity", identity_type(), {4}, 1);
  const KernelDescView view(desc);
  const Kernel kernel(device(), desc);
  check_small_output<tn_kernel_info>(offsetof(tn_kernel_info, outputs), [&](auto* p, auto* e) {
    return tn_kernel_get_info(kernel.get(), p, e);
  });
  check_small_output<tn_kernel_support>(
      offsetof(tn_kernel_support, outputs),
      [&](auto* p, auto* e) { return tn_kernel_supports(device().get(), view.get(), p, e); });
}

TEST_F(StructTest, TN_struct_004_an_older_description_means_zeros) {
  tn_buffer_desc desc;
  std::memset(&desc, 0xa5, sizeof(desc));
  desc.size = 64;
  desc.struct_size = offsetof(tn_buffer_desc, kind);
  tn_buffer* buffer = nullptr;
  ASSERT_OK(tn_buffer_create, device().get(), &desc, &buffer);
  EXPECT_EQ(Buffer(buffer).info().kind, TN_BUFFER_DEVICE);
}

TEST_F(StructTest, TN_struct_005_a_size_of_zero_is_refused) {
  tn_buffer_desc desc{};
  desc.size = 64;
  tn_buffer* buffer = reinterpret_cast<tn_buffer*>(this);
  EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_buffer_create, device().get(), &desc, &buffer);
  EXPECT_EQ(buffer, nullptr);
  tn_device_info info{};
  EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_device_get_info, device().get(), &info);
}

TEST_F(StructTest, TN_error_002_details_fit_the_caller) {
  const Buffer buffer = make_buffer(16);
  for (const size_t size : {sizeof(size_t), offsetof(tn_error, rule), offsetof(tn_error, message),
                            offsetof(tn_error, message) + 10}) {
    alignas(tn_error) unsigned char bytes[sizeof(tn_error)];
    std::memset(bytes, 0xa5, sizeof(bytes));
    auto* error = reinterpret_cast<tn_error*>(bytes);
    error->struct_size = size;
    const Refusal meant;
    EXPECT_EQ(tn_stream_fill(stream_.get(), buffer.get(), 0, 17, "x", 1, error), TN_OUT_OF_RANGE);
    EXPECT_EQ(error->struct_size, size);
    for (size_t i = size; i < sizeof(bytes); ++i) ASSERT_EQ(bytes[i], 0xa5) << size << ", " << i;
    if (size > offsetof(tn_error, rule)) {
      EXPECT_EQ(error->code, TN_OUT_OF_RANGE);
    }
    if (size > offsetof(tn_error, message)) {
      EXPECT_NE(std::memchr(error->message, 0, size - offsetof(tn_error, message)), nullptr)
          << "the truncated message has no end";
    }
  }
}

TEST_F(StructTest, TN_error_003_success_leaves_the_error_alone) {
  tn_error error;
  std::memset(&error, 0xa5, sizeof(error));
  error.struct_size = sizeof(error);
  const tn_error before = error;
  const Buffer buffer = make_buffer(16);
  EXPECT_EQ(tn_stream_fill(stream_.get(), buffer.get(), 0, 16, "x", 1, &error), TN_OK);
  EXPECT_EQ(tn_stream_synchronize(stream_.get(), &error), TN_OK);
  EXPECT_EQ(std::memcmp(&before, &error, sizeof(error)), 0);
}

TEST_F(StructTest, TN_error_004_details_may_be_left_out) {
  const Buffer buffer = make_buffer(16);
  const Refusal meant;
  EXPECT_EQ(tn_stream_fill(stream_.get(), buffer.get(), 0, 17, "x", 1, nullptr), TN_OUT_OF_RANGE);
  tn_buffer* handle = reinterpret_cast<tn_buffer*>(this);
  EXPECT_EQ(tn_buffer_create(device().get(), nullptr, &handle, nullptr), TN_INVALID_ARGUMENT);
  EXPECT_EQ(handle, nullptr);
}

TEST_F(StructTest, TN_null_001_first_arguments) {
  tn_buffer* buffer = nullptr;
  const tn_buffer_desc desc{sizeof(desc), 16, TN_BUFFER_DEVICE, 0, nullptr};
  EXPECT_EQ(tn_buffer_create(nullptr, &desc, &buffer, nullptr), TN_INVALID_ARGUMENT);
  EXPECT_EQ(tn_stream_synchronize(nullptr, nullptr), TN_INVALID_ARGUMENT);
  EXPECT_EQ(tn_event_query(nullptr, nullptr), TN_INVALID_ARGUMENT);
  tn_buffer_destroy(nullptr, nullptr);
  tn_stream_destroy(nullptr);
  tn_event_destroy(nullptr);
  tn_kernel_destroy(nullptr);
  tn_constant_release(nullptr);
  tn_device_close(nullptr);
}

TEST_F(StructTest, TN_null_002_outputs_and_descriptions) {
  const tn_buffer_desc desc{sizeof(desc), 16, TN_BUFFER_DEVICE, 0, nullptr};
  const Buffer buffer = make_buffer(16);
  Bytes& host = keep(Bytes(16));
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_buffer_create, device().get(), &desc,
               static_cast<tn_buffer**>(nullptr));
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_create, device().get(),
               static_cast<const tn_stream_desc*>(nullptr), static_cast<tn_stream**>(nullptr));
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_device_get_info, device().get(),
               static_cast<tn_device_info*>(nullptr));
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_buffer_map, buffer.get(), uint64_t{0}, uint64_t{16},
               tn_access{TN_ACCESS_READ}, static_cast<void**>(nullptr));
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_copy, stream_.get(), static_cast<tn_buffer*>(nullptr),
               uint64_t{0}, buffer.get(), uint64_t{0}, uint64_t{16});
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_write, stream_.get(), buffer.get(), uint64_t{0},
               static_cast<const void*>(nullptr), uint64_t{16});
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_read, stream_.get(), static_cast<void*>(host.data()),
               static_cast<tn_buffer*>(nullptr), uint64_t{0}, uint64_t{16});
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_callback, stream_.get(),
               static_cast<tn_callback>(nullptr), static_cast<void*>(nullptr));
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_wait_event, stream_.get(),
               static_cast<tn_event*>(nullptr), nullptr);
  tn_kernel* kernel = reinterpret_cast<tn_kernel*>(this);
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_kernel_create, device().get(),
               static_cast<const tn_kernel_desc*>(nullptr), &kernel);
  EXPECT_EQ(kernel, nullptr);
}

}  // namespace
}  // namespace tenon::conformance
