// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "call.h"

namespace tenon::pytorch {

// out = the sum of `self` over `axes` (from 0; empty: all), both of one type.
void sum_over(const Tensor& self, at::IntArrayRef axes, bool keepdim, const Tensor& out);

}  // namespace tenon::pytorch
