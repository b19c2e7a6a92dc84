// SPDX-License-Identifier: Apache-2.0
//
// From a tn_tensor to a View: the checks of a single tensor. Nothing here allocates or throws.
#pragma once

#include "reference_impl/device/device.h"
#include "reference_impl/device/kernel_object.h"
#include "reference_impl/device/launch_scratch.h"

namespace tenon::device {

// Names a tensor in messages: "input 1 of Add", or "src".
struct TensorName {
  const char* role;  // "input", "output", "src", ...
  size_t index = 0;
  const char* kernel = nullptr;  // Null: the role says it all.
  bool written = false;
};

// Sets a message that begins with the tensor's name, and the argument: "launch->inputs[1]->rank".
// `field`: the tensor's field that is meant; null: the tensor.
TN_PRINTF_LIKE(5, 6)
TN_COLD tn_status tensor_error(tn_error* error, tn_status status, const TensorName& name,
                               const char* field, const char* format, ...);

inline constexpr int64_t kNotDense = -1;

// Dims, strides and layout; no memory yet, and not whether the device has such a token. `bits` are
// those of an element (0: unknown type, refused). `strides` is where those of a dense tensor are
// put. The view borrows from the tensor and from `strides`. `dense_count` becomes the number of
// elements of a strided tensor that is dense row-major, else kNotDense.
tn_status bind_shape(const tn_tensor& tensor, uint32_t bits, const TensorName& name,
                     Strides& strides, View* view, int64_t* dense_count, tn_error* error);

// Whether the tensor has the rank, layout and dims that were described. After bind_shape.
tn_status match_spec(const ArgumentSpec& spec, const View& view, const TensorName& name,
                     tn_error* error);

// Device memory: finds the addressed bytes and checks that they lie in the buffer. `dense_count`:
// what bind_shape() found.
tn_status bind_memory(const DeviceObject& owner, const tn_tensor& tensor, uint32_t bits,
                      int64_t dense_count, const TensorName& name, View* view, ByteRange* range,
                      tn_error* error);

// Host values.
tn_status bind_host(const tn_tensor& tensor, const TensorName& name, View* view, tn_error* error);

}  // namespace tenon::device
