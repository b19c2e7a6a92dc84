// SPDX-License-Identifier: Apache-2.0
//
// Every other function that the plugin asks a driver for. Calling one is a mistake.
#include "plugins/cuda/driver.h"

#define TENON_CUDA_FAKE(name)                                                             \
  extern "C" __attribute__((weak)) CUresult fake_##name() __asm__(TENON_CUDA_TEXT(name)); \
  extern "C" CUresult fake_##name() { return CUDA_ERROR_NOT_SUPPORTED; }

TENON_CUDA_DRIVER_FUNCTIONS(TENON_CUDA_FAKE)
