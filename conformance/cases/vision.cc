// SPDX-License-Identifier: Apache-2.0
#include "cases/vision.h"

namespace tenon::conformance {

void add_vision_cases(Cases& cases, tn_dtype type) {
  add_resize_cases(cases, type);
  add_transposed_cases(cases, type);
  add_local_cases(cases, type);
  add_rearranged_cases(cases, type);
  add_sampling_cases(cases, type);
  add_region_cases(cases, type);
}

}  // namespace tenon::conformance
