// SPDX-License-Identifier: Apache-2.0
//
// A stream tells its failure once and forgets it: whoever asks next finds all well.
#include "conformance/mutants/mutant.h"

namespace tenon::mutant {

void mutate(tn_dispatch& table) { table.stream_synchronize = sound().stream_reset; }

}  // namespace tenon::mutant
