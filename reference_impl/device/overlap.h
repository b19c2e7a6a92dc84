// SPDX-License-Identifier: Apache-2.0
//
// Whether strided views touch the same memory. Exact: two interleaved halves of a tensor (the even
// and the odd columns) do not overlap, although their ranges do.
#pragma once

#include "tenon/device/kernel.h"

namespace tenon::device {

// Whether both views address some common bit. Strided views with data. Gives up on patterns that
// would take too long to decide, and says true then.
bool views_overlap(const View& a, const View& b);

// Whether two elements of the view share an address.
bool overlaps_itself(const View& view);

// Whether both address the same elements in the same order.
bool same_view(const View& a, const View& b);

}  // namespace tenon::device
