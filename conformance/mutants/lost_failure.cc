// SPDX-License-Identifier: Apache-2.0
//
// A stream reports its failure once and forgets it: the next call finds no failure.
#include "conformance/mutants/mutant.h"

namespace tenon::mutant {

void mutate(tn_dispatch& table) { table.stream_synchronize = sound().stream_reset; }

}  // namespace tenon::mutant
