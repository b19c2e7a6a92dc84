// SPDX-License-Identifier: Apache-2.0
//
// Empty families, so that the device links and works with any subset of kernels/.
#include "reference_impl/cpu/kernels/families.h"

#define TENON_EMPTY_FAMILY(name) \
  __attribute__((weak)) std::span<const OperatorEntry> name() { return {}; }

namespace tenon::cpu {

TENON_EMPTY_FAMILY(elementwise_operators)
TENON_EMPTY_FAMILY(cast_copy_operators)
TENON_EMPTY_FAMILY(reduction_operators)
TENON_EMPTY_FAMILY(contraction_operators)
TENON_EMPTY_FAMILY(pooling_operators)
TENON_EMPTY_FAMILY(normalization_operators)
TENON_EMPTY_FAMILY(movement_operators)
TENON_EMPTY_FAMILY(training_operators)
TENON_EMPTY_FAMILY(random_operators)
TENON_EMPTY_FAMILY(test_operators)

}  // namespace tenon::cpu
