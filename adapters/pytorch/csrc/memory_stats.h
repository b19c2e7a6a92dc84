// SPDX-License-Identifier: Apache-2.0
//
// The pool's statistics in torch's words. An index is that of an existing device, or -1 for the
// current one.
#pragma once

#include <utility>

#include <c10/core/CachingDeviceAllocator.h>

namespace tenon::pytorch {

using c10::CachingDeviceAllocator::DeviceStats;

// What torch.accelerator.memory_stats shows. Only the sums over all pools are counted; of blocks:
// "active" are those allocated, without those that another stream has yet to finish with.
DeviceStats device_stats(c10::DeviceIndex index);
// The peaks start anew from what is allocated now.
void reset_peak_stats(c10::DeviceIndex index);
// The sums of what came ("allocated") and went ("freed") start anew from 0.
void reset_accumulated_stats(c10::DeviceIndex index);

// Free and total bytes. Free is what the pool has not taken; of a device in the host's memory no
// more than the host has left. Throws when the device does not say how much memory it has.
std::pair<size_t, size_t> memory_info(c10::DeviceIndex index);

}  // namespace tenon::pytorch
