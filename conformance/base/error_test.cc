// SPDX-License-Identifier: Apache-2.0
//
// What an error says, and when it says nothing.
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

using ErrorTest = DeviceTest;

TEST_F(ErrorTest, TN_error_005_not_ready_leaves_the_error_alone) {
  tn_error error;
  std::memset(&error, 0xa5, sizeof(error));
  error.struct_size = sizeof(error);
  const tn_error before = error;
  const auto unchanged = [&] { return std::memcmp(&before, &error, sizeof(error)) == 0; };
  // Not ready for as long as the host likes, where the device has such events.
  tn_event* handle = nullptr;
  const tn_event_desc desc{sizeof(desc), TN_EVENT_HOST, 0};
  tn_event_create(device().get(), &desc, &handle, nullptr);
  const Event by_host(handle);
  if (by_host) {
    EXPECT_EQ(tn_event_query(by_host.get(), &error), TN_NOT_READY);
    EXPECT_TRUE(unchanged());
    const tn_wait_desc soon{sizeof(soon), 1000};
    EXPECT_EQ(tn_event_synchronize(by_host.get(), &soon, &error), TN_NOT_READY);
    EXPECT_TRUE(unchanged());
  }
  const Event event(device());
  hold_back(stream_);
  stream_.record(event);
  for (int i = 0; i < 3; ++i) {
    const tn_status of_stream = tn_stream_query(stream_.get(), &error);
    const tn_status of_event = tn_event_query(event.get(), &error);
    for (const tn_status status : {of_stream, of_event}) {
      EXPECT_TRUE(status == TN_OK || status == TN_NOT_READY) << status_name(status);
    }
    EXPECT_TRUE(unchanged());
  }
}

// Whether `argument` is empty, or one of these or something within one.
bool names_one_of(const std::string& argument, std::initializer_list<const char*> parameters) {
  if (argument.empty()) return true;
  for (const std::string parameter : parameters) {
    if (argument.compare(0, parameter.size(), parameter) != 0) continue;
    const std::string rest = argument.substr(parameter.size());
    if (rest.empty() || rest[0] == '[' || rest.compare(0, 2, "->") == 0) return true;
  }
  return false;
}

TEST_F(ErrorTest, TN_error_006_the_argument_is_one_of_the_call) {
  const auto check = [](tn_status status, const tn_error& error,
                        std::initializer_list<const char*> parameters) {
    ASSERT_NE(status, TN_OK);
    ASSERT_TRUE(check_details(status, error));
    EXPECT_TRUE(names_one_of(error.argument, parameters)) << error.argument;
  };
  const Refusal meant;
  ErrorBuffer error;
  const Buffer buffer = make_buffer(64);
  tn_buffer_desc buffer_desc{sizeof(buffer_desc), 64, 99, 0, nullptr};
  tn_buffer* made = nullptr;
  check(tn_buffer_create(device().get(), &buffer_desc, &made, &error), error, {"desc"});
  void* pointer = nullptr;
  check(tn_buffer_map(buffer.get(), 60, 8, TN_ACCESS_READ, &pointer, &error), error,
        {"buffer", "offset", "size"});
  check(tn_stream_copy(stream_.get(), buffer.get(), 0, nullptr, 0, 8, &error), error, {"src"});
  check(tn_stream_fill(stream_.get(), buffer.get(), 0, 65, "x", 1, &error), error,
        {"dst", "offset", "size"});
  check(tn_stream_wait_event(stream_.get(), nullptr, nullptr, &error), error, {"event"});
  KernelDesc desc = dense_desc("Identity", identity_type(), {4}, 1);
  desc.inputs[0].rank = 99;
  const KernelDescView view(desc);
  tn_kernel* kernel = nullptr;
  check(tn_kernel_create(device().get(), view.get(), &kernel, &error), error, {"desc"});
  const Kernel identity(device(), dense_desc("Identity", identity_type(), {4}, 1));
  const tn_launch launch{};
  check(tn_kernel_launch(identity.get(), stream_.get(), &launch, &error), error, {"launch"});
  const Tensor in = Tensor::device(buffer.get(), identity_type(), {4});
  check(try_launch(identity, stream_, {in.get()}, {nullptr}, &error), error, {"launch"});
}

}  // namespace
}  // namespace tenon::conformance
