// SPDX-License-Identifier: Apache-2.0
//
// A libcuda.so.1 that starts, or does not, as the environment says: what the plugin says about
// drivers can be tested without one. It runs nothing.
//
//   FAKE_CUDA_VERSION  as of cuDriverGetVersion (13000)
//   FAKE_CUDA_INIT     result of cuInit (0)
//   FAKE_CUDA_DEVICES  how many devices there are (1)
#include <cuda.h>

#include <cstdio>
#include <cstdlib>

namespace {

int setting(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::atoi(value) : otherwise;
}

}  // namespace

extern "C" {

CUresult CUDAAPI cuInit(unsigned int) {
  return static_cast<CUresult>(setting("FAKE_CUDA_INIT", CUDA_SUCCESS));
}

CUresult CUDAAPI cuDriverGetVersion(int* version) {
  *version = setting("FAKE_CUDA_VERSION", 13000);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGetErrorName(CUresult error, const char** text) {
  if (error != CUDA_ERROR_NO_DEVICE) return CUDA_ERROR_INVALID_VALUE;
  *text = "CUDA_ERROR_NO_DEVICE";
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGetErrorString(CUresult, const char** text) {
  *text = "words of the driver";
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetCount(int* count) {
  *count = setting("FAKE_CUDA_DEVICES", 1);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGet(CUdevice* device, int ordinal) {
  *device = ordinal;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetName(char* name, int size, CUdevice) {
  std::snprintf(name, static_cast<size_t>(size), "Fake GPU");
  return CUDA_SUCCESS;
}

}  // extern "C"
