// SPDX-License-Identifier: Apache-2.0
//
// Kernels made from descriptions.
#pragma once

#include "reference_impl/device/kernel_object.h"

namespace tenon::device {

// Whether make_kernel would succeed, and the layouts it would choose. Throws as make_kernel does.
void supports(OpenDevice& device, const tn_kernel_desc* desc, tn_kernel_support* support);

// With one reference. Throws KernelError or plugin::Failure: TN_UNSUPPORTED, TN_NEEDS_STATIC,
// TN_INVALID_ARGUMENT.
KernelObject* make_kernel(OpenDevice& device, const tn_kernel_desc* desc);

}  // namespace tenon::device
