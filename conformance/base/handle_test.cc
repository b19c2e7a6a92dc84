// SPDX-License-Identifier: Apache-2.0
//
// Handles that functions make: none with a failure, one with success, and none that is in use.
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

// What a failed call must overwrite.
template <class Handle>
Handle* stale() {
  static int anything = 0;
  return reinterpret_cast<Handle*>(&anything);
}

class HandleTest : public DeviceTest {
 protected:
  // Each function that makes a handle: body(name, call), where call(good, &handle, &error) makes a
  // valid call or one that fails, and `destroy` what ends the handle.
  template <class Body>
  void for_each(Body body) {
    tn_device* const device = this->device().get();
    body(
        "tn_buffer_create",
        [=](bool good, tn_buffer** made, tn_error* error) {
          const tn_buffer_desc desc{sizeof(desc), 64, good ? TN_BUFFER_DEVICE : 77, 0, nullptr};
          return tn_buffer_create(device, &desc, made, error);
        },
        [](tn_buffer* made) { tn_buffer_destroy(made, nullptr); });
    body(
        "tn_buffer_import",
        [=](bool good, tn_buffer** made, tn_error* error) {
          alignas(4096) static char memory[4096];
          tn_import_desc desc{};
          desc.struct_size = sizeof(desc);
          desc.kind = good ? TN_IMPORT_HOST : 77;
          desc.pointer = memory;
          desc.size = sizeof(memory);
          return tn_buffer_import(device, &desc, made, error);
        },
        [](tn_buffer* made) { tn_buffer_destroy(made, nullptr); });
    body(
        "tn_stream_create",
        [=](bool good, tn_stream** made, tn_error* error) {
          const tn_stream_desc desc{sizeof(desc), 0, good ? 0u : 1u};
          return tn_stream_create(device, &desc, made, error);
        },
        tn_stream_destroy);
    body(
        "tn_event_create",
        [=](bool good, tn_event** made, tn_error* error) {
          const tn_event_desc desc{sizeof(desc), 0, good ? 0u : 1u};
          return tn_event_create(device, &desc, made, error);
        },
        tn_event_destroy);
    body(
        "tn_constant_create",
        [=](bool good, tn_constant** made, tn_error* error) {
          const float value = 1;
          Tensor tensor = Tensor::host(&value, TN_FLOAT32, {});
          const tn_constant_desc desc{sizeof(desc), good ? tensor.get() : nullptr,
                                      TN_LAYOUT_STRIDED, nullptr};
          return tn_constant_create(device, &desc, made, error);
        },
        tn_constant_release);
    const KernelDesc identity = dense_desc("Identity", identity_type(), {4}, 1);
    body(
        "tn_kernel_create",
        [&](bool good, tn_kernel** made, tn_error* error) {
          const KernelDescView view(identity);
          tn_kernel_desc desc = *view.get();
          if (!good) desc.flags = 1u << 30;
          return tn_kernel_create(device, &desc, made, error);
        },
        tn_kernel_destroy);
    const Target& target = Target::get();
    const std::vector<std::pair<std::string, std::string>>& given = target.spec().options;
    body(
        "tn_device_open",
        [&](bool good, tn_device** made, tn_error* error) {
          std::vector<tn_option> options;
          for (const auto& [key, value] : given) options.push_back({key.c_str(), value.c_str()});
          if (!good) options.push_back({"no.such.option", "1"});
          const tn_device_desc desc{sizeof(desc), options.data(), options.size()};
          return tn_device_open(target.instance().get(), target.spec().index, &desc, made, error);
        },
        tn_device_close);
  }
};

TEST_F(HandleTest, TN_error_001_handles_of_every_kind_are_null_with_a_failure) {
  for_each([](const char* name, const auto& call, const auto& destroy) {
    [&]<class Handle>(void (*)(Handle*)) {
      Handle* handle = stale<Handle>();
      ErrorBuffer error;
      const Refusal meant;
      const tn_status status = call(false, &handle, &error);
      EXPECT_NE(status, TN_OK) << name;
      EXPECT_EQ(handle, nullptr) << name << " fails and leaves a handle";
    }(+destroy);
  });
}

TEST_F(HandleTest, TN_handle_003_success_gives_a_handle) {
  for_each([](const char* name, const auto& call, const auto& destroy) {
    [&]<class Handle>(void (*end)(Handle*)) {
      for (int i = 0; i < 2; ++i) {
        Handle* handle = nullptr;
        ErrorBuffer error;
        const tn_status status = call(true, &handle, &error);
        if (TN_STATUS_CLASS(status) == TN_UNSUPPORTED) return;
        ASSERT_EQ(status, TN_OK) << name << ": " << error.message;
        ASSERT_NE(handle, nullptr) << name << " succeeds without a handle";
        EXPECT_NE(reinterpret_cast<const tn_handle*>(handle)->dispatch, nullptr) << name;
        end(handle);
      }
    }(+destroy);
  });
}

TEST_F(HandleTest, TN_handle_004_no_handle_is_given_twice) {
  for_each([](const char* name, const auto& call, const auto& destroy) {
    [&]<class Handle>(void (*end)(Handle*)) {
      Handle *first = nullptr, *second = nullptr;
      const tn_status status = call(true, &first, nullptr);
      if (status != TN_OK) return;  // TN_handle_003
      EXPECT_EQ(call(true, &second, nullptr), TN_OK) << name;
      EXPECT_NE(first, second) << name << " gives a handle that is in use";
      if (second != first) end(second);
      end(first);
    }(+destroy);
  });
}

TEST_F(HandleTest, TN_status_001_failures_are_of_a_class_that_there_is) {
  const Buffer buffer = make_buffer(64);
  const auto check = [](const char* name, tn_status status) {
    const bool known = status == TN_OK || (status >= TN_NOT_READY && status < TN_INTERNAL + 0x100);
    EXPECT_TRUE(known) << name << " answers " << status;
  };
  const Refusal meant;
  for_each([&](const char* name, const auto& call, const auto& destroy) {
    [&]<class Handle>(void (*)(Handle*)) {
      Handle* handle = nullptr;
      check(name, call(false, &handle, nullptr));
    }(+destroy);
  });
  tn_stream* const stream = stream_.get();
  void* pointer = nullptr;
  check("tn_stream_copy", tn_stream_copy(stream, buffer.get(), 0, buffer.get(), 1, 8, nullptr));
  check("tn_stream_copy", tn_stream_copy(stream, buffer.get(), 0, buffer.get(), 65, 8, nullptr));
  check("tn_stream_fill", tn_stream_fill(stream, buffer.get(), 65, 8, "x", 1, nullptr));
  check("tn_stream_write", tn_stream_write(stream, buffer.get(), 65, "x", 1, nullptr));
  check("tn_stream_callback", tn_stream_callback(stream, nullptr, nullptr, nullptr));
  check("tn_buffer_map", tn_buffer_map(buffer.get(), 65, 8, TN_ACCESS_READ, &pointer, nullptr));
  check("tn_buffer_unmap", tn_buffer_unmap(buffer.get(), &pointer, nullptr));
}

}  // namespace
}  // namespace tenon::conformance
