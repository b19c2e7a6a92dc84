// SPDX-License-Identifier: Apache-2.0
//
// Conversions between layouts (Layouts::reorder) as work on a stream.
#pragma once

#include "reference_impl/device/bind_tensor.h"
#include "reference_impl/device/stream_core.h"

namespace tenon::device {

// A device tensor in any layout of the device. May throw KernelError for a token that does not fit.
tn_status bind_reorder(const DeviceObject& owner, const tn_tensor& tensor, const TensorName& name,
                       Strides& strides, View* view, ByteRange* range, tn_error* error);

// Queues Layouts::reorder(dst, src). What the views point to is copied. `constant`, if any, is the
// owner of dst and retained until then.
void submit_reorder(StreamCore& core, const View& dst, const View& src, Constant* constant);

}  // namespace tenon::device
