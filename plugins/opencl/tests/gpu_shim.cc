// SPDX-License-Identifier: Apache-2.0
//
// A libOpenCL.so.1 in front of the real one that calls every device a GPU with memory of its own.
// So the forms of kernels for GPUs (groups that work together, barriers, one work item an element)
// and the ways of data between separate memories are tested where the one driver is a processor's.
// Everything else is the driver's answer.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "plugins/opencl/library.h"

extern "C" {

// A jump to the real function: the arguments stay where they are.
#define TENON_JUMP(name)                                                             \
  __attribute__((visibility("hidden"))) void* real_##name;                           \
  asm(".globl " #name "\n.type " #name ", @function\n" #name ":\n  jmp *real_" #name \
      "(%rip)\n.size " #name ", . - " #name "\n");
TENON_OPENCL_FUNCTIONS(TENON_JUMP)

static decltype(&clGetDeviceInfo) real_device_info;

static cl_int CL_API_CALL device_info(cl_device_id device, cl_device_info name, size_t size,
                                      void* value, size_t* needed) {
  const cl_int status = real_device_info(device, name, size, value, needed);
  if (status != CL_SUCCESS || value == nullptr) return status;
  if (name == CL_DEVICE_TYPE) {
    const cl_device_type type = CL_DEVICE_TYPE_GPU;
    std::memcpy(value, &type, sizeof(type));
  } else if (name == CL_DEVICE_HOST_UNIFIED_MEMORY) {
    const cl_bool shared = CL_FALSE;
    std::memcpy(value, &shared, sizeof(shared));
  }
  return status;
}

__attribute__((constructor)) static void find_real_functions() {
  void* real = dlopen(TENON_REAL_OPENCL, RTLD_NOW | RTLD_LOCAL);
  if (real == nullptr) {
    std::fprintf(stderr, "gpu_shim: %s\n", dlerror());
    std::abort();
  }
#define TENON_FIND(name) real_##name = dlsym(real, #name);
  TENON_OPENCL_FUNCTIONS(TENON_FIND)
  // The one that answers something else.
  real_device_info = reinterpret_cast<decltype(real_device_info)>(real_clGetDeviceInfo);
  real_clGetDeviceInfo = reinterpret_cast<void*>(device_info);
}

}  // extern "C"
