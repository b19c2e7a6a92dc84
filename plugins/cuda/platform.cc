// SPDX-License-Identifier: Apache-2.0
//
// What the core of the reference device needs to know to be this plugin.
//
// There is no backend for devices yet. So an instance is never made, and nothing of the core behind
// it can be reached: it would compute in host memory and call that a GPU.
#include "reference_impl/cpu/platform.h"

#include "plugins/cuda/compiler.h"
#include "plugins/cuda/driver.h"

namespace tenon::cuda {
namespace {

[[noreturn]] void refuse(const tn_host&) {
  const Driver& driver = cuda::driver();
  require_compiler();
  int count = 0;
  check(driver, driver.cuDeviceGetCount(&count), "counting devices");
  if (count == 0) plugin::fail(TN_NO_DEVICE, nullptr, "the CUDA driver has no device");
  CUdevice device = 0;
  char name[256] = "";
  check(driver, driver.cuDeviceGet(&device, 0), "asking for device 0");
  check(driver, driver.cuDeviceGetName(name, sizeof(name), device), "asking for a device's name");
  plugin::fail(TN_UNSUPPORTED, nullptr,
               "the CUDA driver works (%d devices; device 0 is %s), but this version of the plugin "
               "compiles kernels only and cannot run them",
               count, name);
}

}  // namespace
}  // namespace tenon::cuda

namespace tenon::cpu {

const Platform& platform() {
  static const Platform self{"cuda", "0.1.0", {"tenon.cuda\0\0\0\0\0\1"},
                             "",     {},      tenon::cuda::refuse};
  return self;
}

}  // namespace tenon::cpu
