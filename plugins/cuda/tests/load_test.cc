// SPDX-License-Identifier: Apache-2.0
//
// The plugin on machines without a driver, with one that it cannot use, and with one that works
// (emulator/, where the environment puts it in front of the machine's own).
#include <dlfcn.h>
#include <gmock/gmock.h>

#include "tenon/tenon.hpp"

namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Answer {
  tn_status status = TN_OK;
  std::string message;
  std::vector<std::string> devices;
};

Answer open_plugin() {
  Answer answer;
  try {
    const tenon::Loader loader(std::vector<std::string>{});
    const tenon::Instance instance = loader.open(PLUGIN);
    for (size_t i = 0; i < instance.device_count(); ++i) {
      answer.devices.emplace_back(instance.device_info(i).name);
    }
  } catch (const tenon::Error& error) {
    answer.status = error.status();
    answer.message = error.message();
  }
  return answer;
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
  } else if (answer.status == TN_OK) {
    EXPECT_FALSE(answer.devices.empty());
  } else {
    EXPECT_EQ(answer.status, TN_NO_DEVICE) << answer.message;
  }
}

TEST(Emulated, DriverIsTooOld) {
  const Setting version("EMULATED_CUDA_VERSION", "12040");
  const Answer answer = open_plugin();
  EXPECT_EQ(answer.status, TN_NO_DEVICE);
  EXPECT_THAT(answer.message,
              HasSubstr("no device: the driver is for CUDA 12.4, and this plugin needs 13.0"));
}

TEST(Emulated, DriverDoesNotStart) {
  const Setting init("EMULATED_CUDA_INIT", "100");
  const Answer answer = open_plugin();
  EXPECT_EQ(answer.status, TN_NO_DEVICE);
  EXPECT_THAT(answer.message, HasSubstr("does not start: CUDA_ERROR_NO_DEVICE (of the emulated"));
}

TEST(Emulated, DriverHasNoDevice) {
  const Setting devices("EMULATED_CUDA_DEVICES", "0");
  const Answer answer = open_plugin();
  EXPECT_EQ(answer.status, TN_NO_DEVICE);
  EXPECT_THAT(answer.message, HasSubstr("the CUDA driver has no device"));
}

TEST(Emulated, DeviceIsTooOld) {
  const Setting capability("EMULATED_CUDA_CAPABILITY", "61");
  const Answer answer = open_plugin();
  EXPECT_EQ(answer.status, TN_NO_DEVICE);
  EXPECT_THAT(answer.message,
              HasSubstr("Emulated CUDA device (no GPU) has compute capability 6.1, and 7.5 is"));
}

TEST(Emulated, EveryDeviceIsListed) {
  const Setting devices("EMULATED_CUDA_DEVICES", "2");
  const Answer answer = open_plugin();
  EXPECT_EQ(answer.message, "");
  EXPECT_THAT(answer.devices, testing::ElementsAre("Emulated CUDA device (no GPU)",
                                                   "Emulated CUDA device (no GPU)"));
}

}  // namespace
