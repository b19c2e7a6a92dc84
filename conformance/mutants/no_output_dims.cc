// SPDX-License-Identifier: Apache-2.0
//
// No defect: a device that leaves the question for output dims out, which it may.
#include "conformance/mutants/mutant.h"

namespace tenon::mutant {

void mutate(tn_dispatch& table) { table.kernel_output_dims = nullptr; }

}  // namespace tenon::mutant
