// SPDX-License-Identifier: Apache-2.0
//
// The plugin on machines without a driver, with one that it cannot use, and with one that works
// (fake_driver.cc, where the environment puts it in front of the machine's own).
#include <dlfcn.h>
#include <gmock/gmock.h>

#include "tenon/tenon.hpp"

namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Answer {
  tn_status status = TN_OK;
  std::string message;
};

Answer open_plugin() {
  try {
    const tenon::Loader loader(std::vector<std::string>{});
    loader.open(PLUGIN);
    return {};
  } catch (const tenon::Error& error) {
    return {error.status(), error.message()};
  }
}

// Undone at the end of the scope.
struct Setting {
  Setting(const char* name, const char* value) : name(name) { setenv(name, value, 1); }
  ~Setting() { unsetenv(name); }
  const char* name;
};

TEST(Load, WithTheDriverOfThisMachine) {
  const Answer answer = open_plugin();
  if (dlopen("libcuda.so.1", RTLD_NOW) == nullptr) {
    EXPECT_EQ(answer.status, TN_NO_DEVICE);
    EXPECT_THAT(answer.message, AllOf(HasSubstr("no device: libcuda.so.1 cannot be opened"),
                                      HasSubstr("driver is not installed")));
  } else {
    EXPECT_THAT(answer.status, testing::AnyOf(TN_NO_DEVICE, TN_UNSUPPORTED)) << answer.message;
  }
}

TEST(FakeDriver, TooOld) {
  const Setting version("FAKE_CUDA_VERSION", "12040");
  const Answer answer = open_plugin();
  EXPECT_EQ(answer.status, TN_NO_DEVICE);
  EXPECT_THAT(answer.message,
              HasSubstr("no device: the driver is for CUDA 12.4, and this plugin needs 13.0"));
}

TEST(FakeDriver, DoesNotStart) {
  const Setting init("FAKE_CUDA_INIT", "100");
  const Answer answer = open_plugin();
  EXPECT_EQ(answer.status, TN_NO_DEVICE);
  EXPECT_THAT(answer.message, HasSubstr("does not start: CUDA_ERROR_NO_DEVICE (words of the"));
}

TEST(FakeDriver, HasNoDevice) {
  const Setting devices("FAKE_CUDA_DEVICES", "0");
  const Answer answer = open_plugin();
  EXPECT_EQ(answer.status, TN_NO_DEVICE);
  EXPECT_THAT(answer.message, HasSubstr("the CUDA driver has no device"));
}

TEST(FakeDriver, WorksAndThePluginSaysThatItCannotUseIt) {
  const Answer answer = open_plugin();
  EXPECT_EQ(answer.status, TN_UNSUPPORTED);
  EXPECT_THAT(answer.message, AllOf(HasSubstr("1 devices; device 0 is Fake GPU"),
                                    HasSubstr("compiles kernels only")));
}

}  // namespace
