// SPDX-License-Identifier: Apache-2.0
#include "library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tenon/tenon_plugin.hpp"

namespace tenon::opencl {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr bool kCanBindDeep = false;  // AddressSanitizer ends processes that ask for it.
#else
constexpr bool kCanBindDeep = true;
#endif

// Opens the drivers before the loader does, so that each uses its own libraries rather than what
// the process has under the same names: TensorFlow shows all of the LLVM in it, and a PoCL that
// mixes it with its own crashes. What fails here fails again in the loader, whose business it is.
void bind_drivers_to_themselves() {
  if (!kCanBindDeep) return;
  const char* given = std::getenv("OCL_ICD_VENDORS");
  if (given == nullptr) given = std::getenv("OPENCL_VENDOR_PATH");
  const std::filesystem::path folder = given != nullptr ? given : "/etc/OpenCL/vendors";
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".icd") continue;
    std::string driver;
    std::ifstream(entry.path()) >> driver;
    if (!driver.empty()) dlopen(driver.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
  }
}

Library open_library() {
  bind_drivers_to_themselves();
  void* handle = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    plugin::fail(TN_NO_DEVICE, nullptr,
                 "there is no OpenCL here (%.300s); install an OpenCL loader (ocl-icd-libopencl1) "
                 "and a driver",
                 dlerror());
  }
  Library found;
#define TENON_OPENCL_FUNCTION(name)                                                               \
  found.name = reinterpret_cast<decltype(&::name)>(dlsym(handle, #name));                         \
  if (found.name == nullptr) {                                                                    \
    plugin::fail(TN_NO_DEVICE, nullptr, "libOpenCL.so.1 has no %s: OpenCL 1.2 is needed", #name); \
  }
  TENON_OPENCL_FUNCTIONS(TENON_OPENCL_FUNCTION)
#undef TENON_OPENCL_FUNCTION
  return found;
}

std::vector<ClDevice> find_devices() {
  const Library& cl = library();
  cl_uint platform_count = 0;
  // Loaders answer an error when no driver is installed.
  if (cl.clGetPlatformIDs(0, nullptr, &platform_count) != CL_SUCCESS) platform_count = 0;
  std::vector<cl_platform_id> platforms(platform_count);
  if (platform_count != 0) {
    check(cl.clGetPlatformIDs(platform_count, platforms.data(), nullptr), "clGetPlatformIDs");
  }
  std::vector<ClDevice> found;
  for (cl_platform_id platform : platforms) {
    cl_uint count = 0;
    if (cl.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &count) != CL_SUCCESS) continue;
    std::vector<cl_device_id> ids(count);
    if (count == 0) continue;
    check(cl.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, ids.data(), nullptr),
          "clGetDeviceIDs");
    for (cl_device_id id : ids) {
      if (value<cl_bool>(id, CL_DEVICE_AVAILABLE) &&
          value<cl_bool>(id, CL_DEVICE_COMPILER_AVAILABLE))
        found.push_back({platform, id});
    }
  }
  if (found.empty()) {
    plugin::fail(TN_NO_DEVICE, nullptr,
                 "OpenCL has %u platforms, but no device with a compiler; install a driver "
                 "(pocl-opencl-icd for the processor)",
                 platform_count);
  }
  return found;
}

}  // namespace

const Library& library() {
  static const Library opened = open_library();
  return opened;
}

void check(cl_int status, const char* what) {
  if (status == CL_SUCCESS) return;
  const bool memory = status == CL_MEM_OBJECT_ALLOCATION_FAILURE || status == CL_OUT_OF_RESOURCES;
  throw device::KernelError(
      memory ? TN_OUT_OF_DEVICE_MEMORY : TN_INTERNAL,
      std::string(what) + " failed with OpenCL error " + std::to_string(status), status);
}

const std::vector<ClDevice>& devices() {
  static const std::vector<ClDevice> all = find_devices();
  return all;
}

std::string text(cl_device_id device, cl_device_info name) {
  size_t size = 0;
  check(library().clGetDeviceInfo(device, name, 0, nullptr, &size), "clGetDeviceInfo");
  std::string result(size, '\0');
  check(library().clGetDeviceInfo(device, name, size, result.data(), nullptr), "clGetDeviceInfo");
  return result.c_str();
}

std::string platform_text(cl_platform_id platform, cl_platform_info name) {
  size_t size = 0;
  check(library().clGetPlatformInfo(platform, name, 0, nullptr, &size), "clGetPlatformInfo");
  std::string result(size, '\0');
  check(library().clGetPlatformInfo(platform, name, size, result.data(), nullptr),
        "clGetPlatformInfo");
  return result.c_str();
}

}  // namespace tenon::opencl
