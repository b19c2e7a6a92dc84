// SPDX-License-Identifier: Apache-2.0
//
// A stream does not wait for the work that an event marks.
#include "conformance/mutants/mutant.h"

namespace tenon::mutant {

void mutate(tn_dispatch& table) {
  table.stream_wait_event = [](tn_stream*, tn_event*, const tn_wait_desc*, tn_error*) -> tn_status {
    return TN_OK;
  };
}

}  // namespace tenon::mutant
