// SPDX-License-Identifier: Apache-2.0
//
// The OpenCL loader, opened at run time: the plugin loads on machines without one.
#pragma once

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <string>
#include <vector>

#include "tenon/device/kernel.h"

namespace tenon::opencl {

#define TENON_OPENCL_FUNCTIONS(X) \
  X(clGetPlatformIDs)             \
  X(clGetPlatformInfo)            \
  X(clGetDeviceIDs)               \
  X(clGetDeviceInfo)              \
  X(clCreateContext)              \
  X(clReleaseContext)             \
  X(clCreateCommandQueue)         \
  X(clReleaseCommandQueue)        \
  X(clCreateBuffer)               \
  X(clReleaseMemObject)           \
  X(clCreateProgramWithSource)    \
  X(clCreateProgramWithBinary)    \
  X(clBuildProgram)               \
  X(clGetProgramInfo)             \
  X(clGetProgramBuildInfo)        \
  X(clReleaseProgram)             \
  X(clCreateKernel)               \
  X(clReleaseKernel)              \
  X(clSetKernelArg)               \
  X(clEnqueueNDRangeKernel)       \
  X(clEnqueueReadBuffer)          \
  X(clEnqueueWriteBuffer)         \
  X(clEnqueueCopyBuffer)          \
  X(clEnqueueFillBuffer)          \
  X(clFinish)

// The functions of libOpenCL.so.1.
struct Library {
// NOLINTNEXTLINE(bugprone-macro-parentheses): a member's name.
#define TENON_OPENCL_FUNCTION(name) decltype(&::name) name = nullptr;
  TENON_OPENCL_FUNCTIONS(TENON_OPENCL_FUNCTION)
#undef TENON_OPENCL_FUNCTION
};

// Opened once and kept. Throws plugin::Failure (TN_NO_DEVICE) with the linker's reason.
const Library& library();

// Throws KernelError for anything but CL_SUCCESS: `what` is the function.
void check(cl_int status, const char* what);

// One device of one platform.
struct ClDevice {
  cl_platform_id platform = nullptr;
  cl_device_id id = nullptr;
};

// All of them, in the order of platforms. Throws plugin::Failure (TN_NO_DEVICE) when there is none.
const std::vector<ClDevice>& devices();

std::string text(cl_device_id device, cl_device_info name);
std::string platform_text(cl_platform_id platform, cl_platform_info name);

template <class T>
T value(cl_device_id device, cl_device_info name) {
  T result{};
  check(library().clGetDeviceInfo(device, name, sizeof(T), &result, nullptr), "clGetDeviceInfo");
  return result;
}

}  // namespace tenon::opencl
