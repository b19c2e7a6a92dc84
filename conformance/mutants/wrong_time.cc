// SPDX-License-Identifier: Apache-2.0
//
// Time between events has no sign, a wait that has reached its limit says that all is done, and a
// limit for a stream is lost.
#include "conformance/mutants/mutant.h"

namespace tenon::mutant {

void mutate(tn_dispatch& table) {
  table.event_elapsed = [](tn_event* start, tn_event* end, int64_t* nanoseconds, tn_error* error) {
    const tn_status status = sound().event_elapsed(start, end, nanoseconds, error);
    if (status == TN_OK && *nanoseconds < 0) *nanoseconds = -*nanoseconds;
    return status;
  };
  table.event_synchronize = [](tn_event* event, const tn_wait_desc* desc,
                               tn_error* error) -> tn_status {
    const tn_status status = sound().event_synchronize(event, desc, error);
    return status == TN_NOT_READY ? static_cast<tn_status>(TN_OK) : status;
  };
  table.stream_wait_event = [](tn_stream* stream, tn_event* event, const tn_wait_desc*,
                               tn_error* error) {
    return sound().stream_wait_event(stream, event, nullptr, error);
  };
}

}  // namespace tenon::mutant
