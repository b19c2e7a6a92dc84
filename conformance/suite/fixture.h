// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the base profile share: a device, a stream, and short ways to move bytes, to
// launch, to expect failures and to make work that fails late.
//
// A test may end at each of its lines, with work of its own still queued. So what queued work uses
// of the host belongs to the fixture (keep(), Calls) and not to the test's stack; the fixture waits
// for the device before it lets go. Buffers, streams, events and kernels may be destroyed in
// flight.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "suite/complaints.h"
#include "suite/gate.h"
#include "suite/host_tensor.h"
#include "suite/keeper.h"
#include "suite/obey.h"
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
  const Refusal meant;
  const tn_status status = function(arguments..., &error);
  const tn_status seen = exactly ? status : TN_STATUS_CLASS(status);
  if (seen != expected) {
    return testing::AssertionFailure() << status_name(status) << " instead of "
                                       << status_name(expected) << ": " << error.message << " in ";
  }
  return check_details(status, error);
}

Bytes pattern_bytes(size_t size, unsigned seed = 1);

// Runs body(0), body(1), ... at the same time and waits for all. What one throws fails the test.
void run_threads(size_t count, const std::function<void(size_t)>& body);

class DeviceTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  const Device& device() const { return Target::get().device(); }
  const tn_device_info& info() const { return Target::get().info(); }

  // Lives until the device has finished what the test has queued.
  template <class T>
  T& keep(T object) {
    return keeper_.make<T>(std::move(object));
  }

  Buffer make_buffer(uint64_t size);
  Buffer upload(const Bytes& bytes);
  Bytes download(const Buffer& buffer, uint64_t offset, uint64_t size);
  Bytes download(const Buffer& buffer) { return download(buffer, 0, size_of(buffer)); }
  // Queue a copy from memory that is kept, and to such memory.
  void write(const Stream& stream, const Buffer& buffer, uint64_t offset, Bytes bytes);
  const Bytes& read(const Stream& stream, const Buffer& buffer, uint64_t offset, uint64_t size);
  // Work that takes a while on most devices: `rounds` copies within a large buffer of its own, so
  // that streams that do it at the same time share no memory.
  void queue_slow_work(const Stream& stream, int rounds = 50);
  // Keeps the stream busy until let_go(), or for the limit: behind a gate, and by slow work for
  // devices without one. Calls that wait want a limit, and others need none.
  Gate& hold_back(const Stream& stream,
                  std::chrono::milliseconds limit = std::chrono::milliseconds(1000));
  void let_go();

  // NULL for constants and absent arguments; read before a launch returns.
  using Tensors = conformance::Tensors;
  // Launches with the workspace that the kernel asks for, which is kept.
  void launch(const Kernel& kernel, const Stream& stream, Tensors inputs, Tensors outputs);
  // The same for a launch that may be refused.
  tn_status try_launch(const Kernel& kernel, const Stream& stream, Tensors inputs, Tensors outputs,
                       tn_error* error = nullptr);

  // Queues work that fails only when it runs. False when no operator of the device can.
  bool queue_failure(const Stream& stream);

  // Of those that make_buffer made it is known, whatever the device says of them.
  uint64_t size_of(const Buffer& buffer) const;

  mutable std::mutex sizes_mutex_;
  std::map<const tn_buffer*, uint64_t> sizes_;
  std::vector<std::unique_ptr<Gate>> gates_;
  // Before the stream, so that it goes after it, and after the members of derived fixtures.
  Keeper keeper_;
  Stream stream_;
};

// While it lives, a launch of the kernel takes no memory of the device; else the test fails
// (TN-launch-016). Nothing of a kernel that says TN_KERNEL_MAY_ALLOCATE, nor where the device does
// not say what is in use.
class AllocatesNothing {
 public:
  AllocatesNothing(const Device& device, const Kernel& kernel);
  ~AllocatesNothing();

 private:
  std::optional<uint64_t> in_use() const;

  const Device& device_;
  std::optional<uint64_t> before_;
};

// With what the device asks of tensors' alignment, which a description that is whole finds out.
KernelDesc aligned_desc(KernelDesc desc);

// A kernel with dense static arguments of one type: Add(A, B) and the like. For tensors at offset 0
// where the device asks for an alignment.
KernelDesc dense_desc(const std::string& name, tn_dtype dtype, const Shape& dims, size_t inputs);

// The first type of a set, in the order float32, float16, bfloat16, ..., that a row has; else
// TN_DTYPE_UNDEFINED.
tn_dtype first_type(const OperatorRow& row, uint64_t set);

// A float type of an operator of the device's table; TN_DTYPE_UNDEFINED where it has none.
tn_dtype float_type(const std::string& domain, const std::string& name);

// What tests use Identity with: a float type where it has one, else int32, which every device has.
tn_dtype identity_type();

// The since-version of an operator of spec/ops. Throws for a name that it does not have.
int32_t version_of_contract(const std::string& domain, const std::string& name);

// Of an operator that no device may lack. Throws where its table does.
const OperatorRow& mandatory_row(const std::string& domain, const std::string& name);

// The since-version that the device's table gives an operator; where it has none, the contract's.
int32_t version_of(const std::string& domain, const std::string& name);

}  // namespace tenon::conformance
