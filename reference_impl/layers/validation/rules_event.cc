// SPDX-License-Identifier: Apache-2.0
//
// Events: what they stand for, and what waiting for them tells.
#include "reference_impl/layers/validation/new_handle.h"
#include "reference_impl/layers/validation/rules.h"

namespace tenon::layers::validation::rules {
namespace {

// The work that the event stands for has finished.
tn_status waited(CheckedCall& call, EventRecord* event, const Clock& recorded, tn_status status) {
  if (event == nullptr || status == TN_NOT_READY || TN_STATUS_CLASS(status) == TN_UNSUPPORTED) {
    return status;
  }
  call.layer().finish(status == TN_OK, [&](Order& order) { order.finish(recorded); });
  return status;
}

Clock recorded_by(CheckedCall& call, const EventRecord* event) {
  if (event == nullptr) return {};
  const std::lock_guard lock(call.layer().mutex);
  return event->recorded;
}

}  // namespace

tn_status event_create(CheckedCall& call, tn_device* device, const tn_event_desc* desc,
                       tn_event** event, tn_error* error) {
  tn_event_desc known{};
  if (desc != nullptr) call.read(desc, &known, "tn_event_desc", Path("desc"));
  const tn_status status = make_handle(
      call, event, [&] { return call.below().event_create(device, desc, event, error); });
  if (status != TN_OK) return status;
  auto record = enter<EventRecord>(call, *event, "");
  record->timing = (known.flags & TN_EVENT_TIMING) != 0;
  record->by_host = (known.flags & TN_EVENT_HOST) != 0;
  Registry::get().add(std::move(record));
  return status;
}

void event_destroy(CheckedCall& call, tn_event* event) {
  const auto record = Registry::get().find(event);
  if (record == nullptr) return call.below().event_destroy(event);
  Registry::get().end(*record, call.function());
  // What waits for the host's signal must hear at once that there will be none.
  const auto* known = dynamic_cast<const EventRecord*>(record.get());
  if (known != nullptr && known->by_host) return call.below().event_destroy(event);
  call.layer().keep(record, 0, [below = &call.below(), event] { below->event_destroy(event); });
}

tn_status event_record(CheckedCall& call, tn_event* event, tn_stream* stream,
                       const tn_record_desc* desc, tn_error* error) {
  const auto record = call.record<EventRecord>(event);
  if (record != nullptr && record->by_host) {
    return call.refuse_at("event", TN_INVALID_STATE, "TN-event-013",
                          "event is " + describe(*record) + " with TN_EVENT_HOST",
                          "signal it, or record one made without that flag");
  }
  const tn_status status = call.below().event_record(event, stream, desc, error);
  const auto on = call.record<StreamRecord>(stream);
  if (status == TN_OK && record != nullptr && on != nullptr) {
    const std::lock_guard lock(call.layer().mutex);
    record->recorded = call.layer().order.position(on->order);
  }
  return status;
}

tn_status event_signal(CheckedCall& call, tn_event* event, tn_status result, tn_error* error) {
  const auto record = call.record<EventRecord>(event);
  if (record == nullptr) return call.below().event_signal(event, result, error);
  if (!record->by_host) {
    return call.refuse_at("event", TN_INVALID_STATE, "TN-event-013",
                          "event is " + describe(*record) + " without TN_EVENT_HOST",
                          "set the flag in tn_event_desc");
  }
  if (record->signalled.exchange(true)) {
    return call.refuse_at("event", TN_INVALID_STATE, "TN-event-013",
                          "event is " + describe(*record) + ", which has been signalled",
                          "signal an event once");
  }
  return call.below().event_signal(event, result, error);
}

tn_status event_query(CheckedCall& call, tn_event* event, tn_error* error) {
  const auto record = call.record<EventRecord>(event);
  const Clock recorded = recorded_by(call, record.get());
  return waited(call, record.get(), recorded, call.below().event_query(event, error));
}

tn_status event_synchronize(CheckedCall& call, tn_event* event, const tn_wait_desc* desc,
                            tn_error* error) {
  tn_wait_desc known{};
  if (desc != nullptr) call.read(desc, &known, "tn_wait_desc", Path("desc"));
  if (known.timeout < 0) {
    return call.refuse_at("desc->timeout", TN_INVALID_ARGUMENT, "TN-event-009",
                          fmt::format("desc->timeout is {}", known.timeout),
                          "give nanoseconds, or 0 for no limit");
  }
  const auto record = call.record<EventRecord>(event);
  const Clock recorded = recorded_by(call, record.get());
  const tn_status status = call.below().event_synchronize(event, desc, error);
  if (status == TN_NOT_READY && known.timeout == 0) {
    return call.blame("TN-status-003", "answered TN_NOT_READY to a wait without a time limit");
  }
  return waited(call, record.get(), recorded, status);
}

tn_status event_elapsed(CheckedCall& call, tn_event* start, tn_event* end, int64_t* nanoseconds,
                        tn_error* error) {
  for (tn_event* const event : {start, end}) {
    const auto record = call.record<EventRecord>(event);
    if (record == nullptr || record->timing) continue;
    return call.refuse_at(
        event == start ? "start" : "end", TN_INVALID_STATE, "TN-event-006",
        (event == start ? "start is " : "end is ") + describe(*record) + " without TN_EVENT_TIMING",
        "set the flag in tn_event_desc");
  }
  return call.below().event_elapsed(start, end, nanoseconds, error);
}

}  // namespace tenon::layers::validation::rules
