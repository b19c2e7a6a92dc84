// SPDX-License-Identifier: Apache-2.0
//
// The parts of the cases of operators on images, a file each.
#pragma once

#include "suite/case.h"

namespace tenon::conformance {

void add_resize_cases(Cases& cases, tn_dtype type);
void add_transposed_cases(Cases& cases, tn_dtype type);  // ConvTranspose, DeformConv
void add_local_cases(Cases& cases, tn_dtype type);       // InstanceNormalization, LRN, LpPool
void add_rearranged_cases(Cases& cases, tn_dtype type);  // DepthToSpace, MaxUnpool, Col2Im, ...
void add_sampling_cases(Cases& cases, tn_dtype type);    // GridSample
void add_region_cases(Cases& cases, tn_dtype type);      // RoiAlign, MaxRoiPool, boxes

// The weight of a neighbour at a distance, by Keys' cubic of the coefficient `a`.
inline Number cubic_weight(Number distance, Real a) {
  const Number d = distance.value < 0 ? -distance : distance;
  if (d.value <= 1) return ((a + 2) * d - Number(a + 3)) * d * d + Number(1);
  if (d.value < 2) return Number(a) * (((d - Number(5)) * d + Number(8)) * d - Number(4));
  return 0;
}

// What an integer type makes of a weighed value.
inline Number clamped_whole(tn_dtype type, const Number& x) {
  if (!is_integer(type)) return x;
  return std::nearbyint(std::fmin(std::fmax(x.value, least_of(type)), most_of(type)));
}

}  // namespace tenon::conformance
