// SPDX-License-Identifier: Apache-2.0
//
// The device as a host sees it, without the loader: handles, and calls that must succeed.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <initializer_list>
#include <string>
#include <vector>

#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/tenon.h"

namespace tenon::cpu::testing {

// The plugin's table of functions, as the loader would hand it back.
const tn_dispatch& table();
// A host with two threads.
const tn_host& host();

inline std::string to_string(const tn_error& error) {
  return std::to_string(error.code) + ": " + error.message;
}

// Calls a function of the table; fails the test when it does not return TN_OK.
#define TN_CHECK(function, ...)                                                           \
  do {                                                                                    \
    tn_error check_error = TN_ERROR_INIT;                                                 \
    ASSERT_EQ(TN_OK, table().function(__VA_ARGS__, &check_error)) << check_error.message; \
  } while (false)

// The same for a call that must fail, with a message that holds `text`.
#define TN_EXPECT_ERROR(status, text, function, ...)                 \
  do {                                                               \
    tn_error expect_error = TN_ERROR_INIT;                           \
    EXPECT_EQ(status, table().function(__VA_ARGS__, &expect_error)); \
    EXPECT_EQ(status, expect_error.code);                            \
    EXPECT_THAT(expect_error.message, ::testing::HasSubstr(text));   \
  } while (false)

using Options = std::vector<tn_option>;

// An open device. `memory` is a mode.
class Device {
 public:
  explicit Device(const char* memory, Options more = {});
  ~Device();
  operator tn_device*() const { return device_; }

  tn_buffer* buffer(uint64_t size, tn_buffer_kind kind = TN_BUFFER_DEVICE);
  // A buffer with these values.
  template <class T>
  tn_buffer* buffer_of(const std::vector<T>& values) {
    tn_buffer* made = buffer(values.size() * sizeof(T));
    write(made, values.data(), values.size() * sizeof(T));
    return made;
  }
  void write(tn_buffer* buffer, const void* data, uint64_t size);  // Waits for nothing.
  template <class T>
  std::vector<T> read(tn_buffer* buffer, size_t count) {
    std::vector<T> values(count);
    read_bytes(buffer, values.data(), count * sizeof(T));
    return values;
  }
  tn_stream* stream();
  tn_event* event(uint32_t flags = 0);
  tn_memory_info memory();

 private:
  void read_bytes(tn_buffer* buffer, void* data, uint64_t size);

  tn_instance* instance_ = nullptr;
  tn_device* device_ = nullptr;
};

// One argument of a kernel's description.
tn_argument describe(tn_dtype dtype, int32_t rank, tn_argument_kind kind = TN_ARGUMENT_DEVICE);

struct Attribute {
  const char* name;
  int64_t value;
};

// The description and its arrays.
class KernelDesc {
 public:
  KernelDesc(const char* domain, const char* name, int32_t version, std::vector<tn_argument> inputs,
             std::vector<tn_argument> outputs, std::vector<Attribute> attributes = {});
  KernelDesc(const OperatorId& id, std::vector<tn_argument> inputs,
             std::vector<tn_argument> outputs, std::vector<Attribute> attributes = {})
      : KernelDesc(id.domain, id.name, id.version, std::move(inputs), std::move(outputs),
                   std::move(attributes)) {}
  KernelDesc(const KernelDesc&) = delete;
  const tn_kernel_desc* get() const { return &desc_; }
  tn_kernel_desc& desc() { return desc_; }
  std::vector<tn_argument> inputs;
  std::vector<tn_argument> outputs;

 private:
  std::vector<Attribute> values_;
  std::vector<tn_attribute> attributes_;
  std::vector<const tn_argument*> input_pointers_;
  std::vector<const tn_argument*> output_pointers_;
  std::vector<const tn_attribute*> attribute_pointers_;
  tn_kernel_desc desc_{};
};

// A tensor that owns its dims.
struct Tensor {
  Tensor(tn_buffer* buffer, tn_dtype dtype, std::vector<int64_t> dims,
         std::vector<int64_t> strides = {}, uint64_t offset = 0);
  static Tensor host(const void* data, tn_dtype dtype, std::vector<int64_t> dims);
  const tn_tensor* get();

  std::vector<int64_t> dims;
  std::vector<int64_t> strides;
  tn_tensor tensor{};
};

// The arrays of a launch. Tensors must outlive it.
class Launch {
 public:
  Launch(std::initializer_list<Tensor*> inputs, std::initializer_list<Tensor*> outputs);
  const tn_launch* get() const { return &launch_; }
  tn_launch* operator->() { return &launch_; }

 private:
  std::vector<const tn_tensor*> inputs_;
  std::vector<const tn_tensor*> outputs_;
  tn_launch launch_{};
};

// Calls to malloc and operator new on all threads since the program started.
uint64_t allocations();

// The operators of domain "test": see test_operators.cc.
extern std::atomic<int64_t> test_runs;  // Runs of any of them.

// The modes, for parameterized tests.
class Modes : public ::testing::TestWithParam<const char*> {
 protected:
  bool late() const { return std::string(GetParam()) != "unified"; }
};
#define TN_ALL_MODES(suite)                                                                   \
  INSTANTIATE_TEST_SUITE_P(Memory, suite, ::testing::Values("unified", "discrete", "mapped"), \
                           [](const auto& info) { return std::string(info.param); })

}  // namespace tenon::cpu::testing
