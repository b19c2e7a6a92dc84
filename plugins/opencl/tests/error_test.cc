// SPDX-License-Identifier: Apache-2.0
//
// What OpenCL answered reaches hosts.
#include <gtest/gtest.h>

#include "plugins/opencl/library.h"
#include "tenon/device/failure.h"

namespace tenon::opencl {
namespace {

TEST(Error, TellsWhatOpenClAnswered) {
  EXPECT_NO_THROW(check(CL_SUCCESS, "clFinish"));
  for (const cl_int code : {CL_INVALID_COMMAND_QUEUE, CL_MEM_OBJECT_ALLOCATION_FAILURE}) {
    tn_error error = TN_ERROR_INIT;
    try {
      check(code, "clFinish");
    } catch (...) {
      device::exception_to_error(&error);
    }
    EXPECT_EQ(error.vendor_code, code);
    EXPECT_EQ(error.code, code == CL_INVALID_COMMAND_QUEUE ? TN_INTERNAL : TN_OUT_OF_DEVICE_MEMORY);
    EXPECT_NE(std::string(error.message).find("clFinish"), std::string::npos) << error.message;
  }
}

}  // namespace
}  // namespace tenon::opencl
