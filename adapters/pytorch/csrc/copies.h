// SPDX-License-Identifier: Apache-2.0
//
// Copies between the host and tenon devices.
#pragma once

#include "tensors.h"

namespace tenon::pytorch {

// dst (tenon) = src (CPU). Returns before the copy has finished only when non_blocking and `src` is
// pinned; waits without the interpreter's lock being needed by anyone else.
void copy_from_host(const Tensor& dst, const Tensor& src, bool non_blocking);
// dst (CPU) = src (tenon).
void copy_to_host(const Tensor& dst, const Tensor& src, bool non_blocking);

// A CPU tensor that has the same sizes, strides, lazy bits and elements in memory of its own.
Tensor host_copy(const Tensor& tensor);
// A CPU tensor over the same memory, for devices whose memory the host may touch; undefined for
// others. Waits for the device's queued work on the current stream. A kernel that makes the tensor
// larger moves it to memory of the host.
Tensor host_alias(const Tensor& tensor);

}  // namespace tenon::pytorch
