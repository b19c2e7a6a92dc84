// SPDX-License-Identifier: Apache-2.0
//
// Queries that find work unfinished fill the error, and errors are about an argument that the call
// does not have.
#include "conformance/mutants/mutant.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::mutant {

void mutate(tn_dispatch& table) {
  table.event_query = [](tn_event* event, tn_error* error) {
    const tn_status status = sound().event_query(event, error);
    if (status != TN_NOT_READY) return status;
    return plugin::set_error(error, status, nullptr, "not yet");
  };
  table.buffer_map = [](tn_buffer* buffer, uint64_t offset, uint64_t size, tn_access access,
                        void** pointer, tn_error* error) {
    const tn_status status = sound().buffer_map(buffer, offset, size, access, pointer, error);
    if (status != TN_OK) plugin::set_error_argument(error, "given->field");
    return status;
  };
}

}  // namespace tenon::mutant
