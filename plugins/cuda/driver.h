// SPDX-License-Identifier: Apache-2.0
//
// The CUDA driver: its functions, its errors, and the context that they work in.
#pragma once

#include <cuda.h>

#include "plugins/cuda/library.h"
#include "tenon/device/kernel.h"

// clang-format off
#define TENON_CUDA_DRIVER_FUNCTIONS(X)                                                      \
  X(cuInit) X(cuDriverGetVersion) X(cuGetErrorName) X(cuGetErrorString)                     \
  X(cuDeviceGetCount) X(cuDeviceGet) X(cuDeviceGetName) X(cuDeviceGetUuid)                  \
  X(cuDeviceTotalMem) X(cuDeviceGetAttribute) X(cuDeviceGetPCIBusId)                        \
  X(cuDevicePrimaryCtxRetain) X(cuDevicePrimaryCtxRelease)                                  \
  X(cuCtxGetCurrent) X(cuCtxPushCurrent) X(cuCtxPopCurrent)                                 \
  X(cuMemPoolCreate) X(cuMemPoolDestroy) X(cuMemPoolSetAttribute)                           \
  X(cuMemPoolGetAttribute) X(cuMemPoolTrimTo)                                               \
  X(cuMemAllocFromPoolAsync) X(cuMemFreeAsync)                                              \
  X(cuMemHostAlloc) X(cuMemFreeHost) X(cuMemHostRegister) X(cuMemHostUnregister)            \
  X(cuMemHostGetDevicePointer)                                                              \
  X(cuMemcpyAsync) X(cuMemsetD8Async) X(cuMemsetD16Async) X(cuMemsetD32Async)               \
  X(cuStreamCreate) X(cuStreamDestroy) X(cuStreamSynchronize) X(cuLaunchKernel)             \
  X(cuModuleLoadData) X(cuModuleUnload) X(cuModuleGetFunction)
// clang-format on

namespace tenon::cuda {

struct Driver {
  TENON_CUDA_DRIVER_FUNCTIONS(TENON_CUDA_FIELD)
};

// The driver, started. Throws plugin::Failure (TN_NO_DEVICE) with the reason why there is none that
// this plugin can use: no libcuda.so.1, one that is too old, no device, a broken installation.
const Driver& driver();

// What an error of the driver means for a host. The errors after which the driver refuses
// everything in this context ("sticky" ones) are TN_DEVICE_LOST.
tn_status status_of(CUresult result);

// Throws device::KernelError unless the call succeeded. `what` says what was tried: "copying
// memory".
void check(const Driver& driver, CUresult result, const char* what);

// A device's context, current on this thread until the end of the scope. Contexts belong to
// threads, and the threads belong to the host, which may use CUDA itself: so it is put back.
class ContextScope {
 public:
  ContextScope(const Driver& driver, CUcontext context) : driver_(driver) {
    CUcontext current = nullptr;
    if (driver_.cuCtxGetCurrent(&current) == CUDA_SUCCESS && current == context) return;
    check(driver_, driver_.cuCtxPushCurrent(context), "making the device's context current");
    pushed_ = true;
  }
  ~ContextScope() {
    CUcontext popped = nullptr;
    if (pushed_) driver_.cuCtxPopCurrent(&popped);
  }
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;

 private:
  const Driver& driver_;
  bool pushed_ = false;
};

}  // namespace tenon::cuda
