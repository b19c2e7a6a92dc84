// SPDX-License-Identifier: Apache-2.0
#include "plugins/cuda/driver.h"

#include <mutex>
#include <string>

#include "tenon/tenon_plugin.hpp"

namespace tenon::cuda {
namespace {

// Binaries and libraries of CUDA 13 need a driver of it; releases within it go together.
constexpr int kOldestDriver = 13000;

Driver open_driver() {
  const Library library("libcuda.so.1",
                        "NVIDIA's driver is not installed, or not visible in this container");
  Driver table;
  TENON_CUDA_DRIVER_FUNCTIONS(TENON_CUDA_FIND)
  return table;
}

const char* name_of(const Driver& driver, CUresult result) {
  const char* name = nullptr;
  const bool known = driver.cuGetErrorName(result, &name) == CUDA_SUCCESS && name != nullptr;
  return known ? name : "an unknown error";
}

const char* text_of(const Driver& driver, CUresult result) {
  const char* text = nullptr;
  const bool known = driver.cuGetErrorString(result, &text) == CUDA_SUCCESS && text != nullptr;
  return known ? text : "without explanation";
}

}  // namespace

const Driver& driver() {
  // A machine may get its driver while the process runs, so failures are not kept.
  static std::mutex mutex;
  static Driver table;
  static bool started = false;
  const std::lock_guard lock(mutex);
  if (started) return table;
  table = open_driver();
  // First: a driver that is too old may not know the device either.
  int version = 0;
  if (table.cuDriverGetVersion(&version) == CUDA_SUCCESS && version < kOldestDriver) {
    plugin::fail(TN_NO_DEVICE, nullptr,
                 "the driver is for CUDA %d.%d, and this plugin needs %d.%d: install version 580 "
                 "or newer",
                 version / 1000, version % 1000 / 10, kOldestDriver / 1000,
                 kOldestDriver % 1000 / 10);
  }
  const CUresult result = table.cuInit(0);
  if (result != CUDA_SUCCESS) {
    throw device::KernelError(TN_NO_DEVICE,
                              std::string("the CUDA driver does not start: ") +
                                  name_of(table, result) + " (" + text_of(table, result) + ")",
                              result);
  }
  started = true;
  return table;
}

tn_status status_of(CUresult result) {
  switch (result) {
    case CUDA_SUCCESS:
      return TN_OK;
    case CUDA_ERROR_NOT_READY:
      return TN_NOT_READY;
    case CUDA_ERROR_OUT_OF_MEMORY:
      return TN_OUT_OF_DEVICE_MEMORY;
    case CUDA_ERROR_NO_DEVICE:
      return TN_NO_DEVICE;
    case CUDA_ERROR_NOT_SUPPORTED:
    case CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED:
    case CUDA_ERROR_NO_BINARY_FOR_GPU:
    case CUDA_ERROR_UNSUPPORTED_PTX_VERSION:
      return TN_UNSUPPORTED;
    // The context is unusable from here on, in the words of cuda.h: "the process must be terminated
    // and relaunched" or the device is no longer there.
    case CUDA_ERROR_DEINITIALIZED:
    case CUDA_ERROR_DEVICE_UNAVAILABLE:
    case CUDA_ERROR_ECC_UNCORRECTABLE:
    case CUDA_ERROR_NVLINK_UNCORRECTABLE:
    case CUDA_ERROR_CONTAINED:
    case CUDA_ERROR_ILLEGAL_ADDRESS:
    case CUDA_ERROR_LAUNCH_TIMEOUT:
    case CUDA_ERROR_CONTEXT_IS_DESTROYED:
    case CUDA_ERROR_ASSERT:
    case CUDA_ERROR_HARDWARE_STACK_ERROR:
    case CUDA_ERROR_ILLEGAL_INSTRUCTION:
    case CUDA_ERROR_MISALIGNED_ADDRESS:
    case CUDA_ERROR_INVALID_ADDRESS_SPACE:
    case CUDA_ERROR_INVALID_PC:
    case CUDA_ERROR_LAUNCH_FAILED:
    case CUDA_ERROR_TENSOR_MEMORY_LEAK:
    case CUDA_ERROR_MPS_CLIENT_TERMINATED:
    case CUDA_ERROR_EXTERNAL_DEVICE:
      return TN_DEVICE_LOST;
    default:
      return TN_INTERNAL;
  }
}

void check(const Driver& driver, CUresult result, const char* what) {
  if (result == CUDA_SUCCESS) return;
  throw device::KernelError(
      status_of(result),
      std::string(what) + ": " + name_of(driver, result) + " (" + text_of(driver, result) + ")",
      result);
}

}  // namespace tenon::cuda
