// SPDX-License-Identifier: Apache-2.0
//
// Arguments of the normalizations: which must be there, and what dims and types they have.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include "tenon/device/operators/number.h"
#include "tenon/device/operators/shape.h"

namespace tenon::device {

// Scale or B: broadcasts to the normalized dims of `x`.
void check_affine(std::string_view op, const char* argument, const View& view, const View& x,
                  int32_t axis);
// Mean or InvStdDev: the dims of `x` with 1 for the normalized ones.
void check_row_statistic(std::string_view op, const char* argument, const View& view, const View& x,
                         int32_t axis);
// One value for each channel (dim 1 of `x`).
void check_channels(std::string_view op, const char* argument, const View& view, const View& x);

// Throws unless the `required` inputs are there, every float argument is of a float type, and the
// inputs `same` and the outputs but `statistics` have the type of input 0. `required_output`:
// SIZE_MAX for none.
void require_norm(const Description& desc,
                  std::initializer_list<std::pair<size_t, const char*>> required,
                  std::initializer_list<size_t> same, size_t required_output,
                  std::initializer_list<size_t> statistics);

}  // namespace tenon::device
