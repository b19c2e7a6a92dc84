// SPDX-License-Identifier: Apache-2.0
//
// Takes the time of kernel_create and kernel_supports, and has them recorded. The linker sends the
// suite's own calls of libtenon here (--wrap), and nobody else's.
#include "run/state.h"
#include "suite/recorder.h"
#include "tenon/tenon.h"

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the linker's names.
extern "C" {
using tenon::conformance::Recorder;

tn_status __real_tn_kernel_create(tn_device*, const tn_kernel_desc*, tn_kernel**, tn_error*);
tn_status __real_tn_kernel_supports(tn_device*, const tn_kernel_desc*, tn_kernel_support*,
                                    tn_error*);

tn_status __wrap_tn_kernel_create(tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                                  tn_error* error) {
  tn_status status = TN_INTERNAL;
  {
    const tenon::conformance::Compiling scope;
    status = __real_tn_kernel_create(device, desc, kernel, error);
  }
  Recorder::get().created(desc, status == TN_OK && kernel != nullptr ? *kernel : nullptr);
  Recorder::get().answered(status, error);
  return status;
}

tn_status __wrap_tn_kernel_supports(tn_device* device, const tn_kernel_desc* desc,
                                    tn_kernel_support* support, tn_error* error) {
  tn_status status = TN_INTERNAL;
  {
    const tenon::conformance::Compiling scope;
    status = __real_tn_kernel_supports(device, desc, support, error);
  }
  Recorder::get().described(desc);
  Recorder::get().answered(status, error);
  return status;
}
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
