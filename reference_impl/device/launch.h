// SPDX-License-Identifier: Apache-2.0
//
// From a tn_launch to a kernel's Arguments, and on to the stream.
#pragma once

#include "reference_impl/device/kernel_object.h"
#include "reference_impl/device/stream.h"

namespace tenon::device {

// tn_kernel_launch, tn_kernel_workspace_size and tn_kernel_output_dims behind the checks of
// handles. May throw.
tn_status launch_kernel(KernelObject& kernel, Stream& stream, const tn_launch* launch,
                        tn_error* error);
tn_status workspace_size(KernelObject& kernel, const tn_launch* launch, uint64_t* size,
                         tn_error* error);
tn_status output_dims(KernelObject& kernel, const tn_launch* launch, int64_t* const* dims,
                      tn_error* error);

}  // namespace tenon::device
