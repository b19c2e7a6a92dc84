// SPDX-License-Identifier: Apache-2.0
//
// Device memory for tensors, from the runtime's stream-aware pool.
#pragma once

#include <c10/core/Allocator.h>
#include <c10/core/Stream.h>

namespace tenon::pytorch {

// The allocator of the device type; allocate() uses the current device and stream.
c10::Allocator* device_allocator();
// Memory of a certain device for use on its current stream.
c10::DataPtr allocate_on(c10::DeviceIndex index, size_t bytes);
// The memory is used on another stream than the one it was made for.
void record_use(const c10::DataPtr& data, c10::Stream stream);

// Host memory that copies fast; `record_pinned_use` delays its reuse until `stream` has passed.
c10::Allocator* pinned_allocator();
bool is_pinned(const void* pointer);
void record_pinned_use(const void* pointer, c10::Stream stream);

}  // namespace tenon::pytorch
