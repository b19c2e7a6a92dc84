// SPDX-License-Identifier: Apache-2.0
//
// Streams do not wait for the host's events, a failure that is signalled is lost, a second signal
// and a record are taken, and a destroyed event counts as complete.
#include "conformance/mutants/mutant.h"
#include "reference_impl/device/stream.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::mutant {
namespace {

bool by_host(tn_event* event) {
  return event != nullptr && plugin::object_of<device::Event>(event)->by_host;
}

}  // namespace

void mutate(tn_dispatch& table) {
  table.stream_wait_event = [](tn_stream* stream, tn_event* event, const tn_wait_desc* desc,
                               tn_error* error) -> tn_status {
    // One that is complete is waited for: what it says then is the next defect.
    if (by_host(event) && sound().event_query(event, nullptr) == TN_NOT_READY) return TN_OK;
    return sound().stream_wait_event(stream, event, desc, error);
  };
  table.event_signal = [](tn_event* event, tn_status, tn_error* error) -> tn_status {
    const tn_status status = sound().event_signal(event, TN_OK, error);
    return by_host(event) ? static_cast<tn_status>(TN_OK) : status;
  };
  table.event_record = [](tn_event* event, tn_stream* stream, const tn_record_desc* desc,
                          tn_error* error) -> tn_status {
    return by_host(event) ? static_cast<tn_status>(TN_OK)
                          : sound().event_record(event, stream, desc, error);
  };
  table.event_destroy = [](tn_event* event) {
    if (by_host(event)) sound().event_signal(event, TN_OK, nullptr);
    sound().event_destroy(event);
  };
}

}  // namespace tenon::mutant
