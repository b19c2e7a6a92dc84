// SPDX-License-Identifier: Apache-2.0
//
// The losses that are not in cross_entropy.cc, which has the table.
#pragma once

#include "plugins/gpu_common/kernel.h"

namespace tenon::gpu {

std::unique_ptr<device::Kernel> create_nll_loss(const Description& d);
std::unique_ptr<device::Kernel> create_nll_loss_grad(const Description& d);

}  // namespace tenon::gpu
