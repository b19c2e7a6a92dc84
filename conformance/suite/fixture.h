// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the base profile share: a device, a stream, and short ways to move bytes, to
// expect failures and to make work that fails late.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "suite/host_tensor.h"
#include "suite/target.h"

// Ends the test as "unsupported: reason": for what a device may lack. Never counts as passed.
#define TN_OPTIONAL(reason) GTEST_SKIP() << (reason)

// EXPECT_OK(tn_stream_copy, stream, ...): calls with an error at the end; prints it on failure.
#define EXPECT_OK(function, ...) \
  EXPECT_TRUE(::tenon::conformance::succeeds(function, __VA_ARGS__)) << #function
#define ASSERT_OK(function, ...) \
  ASSERT_TRUE(::tenon::conformance::succeeds(function, __VA_ARGS__)) << #function
// EXPECT_FAILS(TN_OVERLAP, tn_stream_copy, stream, ...): this very status, with details.
#define EXPECT_FAILS(status, function, ...) \
  EXPECT_TRUE(::tenon::conformance::fails(status, true, function, __VA_ARGS__)) << #function
// The same for any detail of the status' class.
#define EXPECT_REFUSED(status, function, ...) \
  EXPECT_TRUE(::tenon::conformance::fails(status, false, function, __VA_ARGS__)) << #function

namespace tenon::conformance {

// Whether the details of a failure are as section 2 wants them.
testing::AssertionResult check_details(tn_status status, const tn_error& error);

template <class Function, class... Arguments>
testing::AssertionResult succeeds(Function function, Arguments... arguments) {
  ErrorBuffer error;
  const tn_status status = function(arguments..., &error);
  if (status == TN_OK) return testing::AssertionSuccess();
  return testing::AssertionFailure() << status_name(status) << ": " << error.message << " in ";
}

template <class Function, class... Arguments>
testing::AssertionResult fails(tn_status expected, bool exactly, Function function,
                               Arguments... arguments) {
  ErrorBuffer error;
  const tn_status status = function(arguments..., &error);
  const tn_status seen = exactly ? status : TN_STATUS_CLASS(status);
  if (seen != expected) {
    return testing::AssertionFailure() << status_name(status) << " instead of "
                                       << status_name(expected) << ": " << error.message << " in ";
  }
  return check_details(status, error);
}

using Bytes = std::vector<unsigned char>;
Bytes pattern_bytes(size_t size, unsigned seed = 1);

class DeviceTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  const Device& device() const { return Target::get().device(); }
  const tn_device_info& info() const { return Target::get().info(); }

  Buffer make_buffer(uint64_t size) { return Buffer(device(), size); }
  Buffer upload(const Bytes& bytes);
  Bytes download(const Buffer& buffer, uint64_t offset, uint64_t size);
  Bytes download(const Buffer& buffer) { return download(buffer, 0, buffer.info().size); }
  // Work that takes a while on most devices: `rounds` copies within a large buffer of its own, so
  // that streams that do it at the same time share no memory.
  void queue_slow_work(const Stream& stream, int rounds = 50);

  // Queues work that fails only when it runs. False when no operator of the device can.
  bool queue_failure(const Stream& stream);

  Stream stream_;

 private:
  // What slow work copies, kept so that nothing is freed in flight.
  std::vector<Buffer> slow_;
  // What the failing launch uses; kept so that nothing is freed in flight.
  Kernel failing_;
  std::vector<Buffer> failing_buffers_;
  std::vector<int64_t> failing_dims_;
};

// A kernel with dense static arguments of one type: Add(A, B) and the like.
KernelDesc dense_desc(const std::string& name, tn_dtype dtype, const Shape& dims, size_t inputs);

// The since-version that the device's table gives an operator, or `otherwise`.
int32_t version_of(const std::string& domain, const std::string& name, int32_t otherwise);

}  // namespace tenon::conformance
