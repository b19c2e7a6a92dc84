// SPDX-License-Identifier: Apache-2.0
//
// Events: too early, not waited for, with wrong times, and those that the host signals.
#include <atomic>
#include <set>
#include <vector>

#include "conformance/mutants/liar.h"

namespace tenon::liar {
namespace {

Kept<tn_event*, bool> host_events;

tn_status TN_CALL create_and_keep(tn_device* device, const tn_event_desc* desc, tn_event** event,
                                  tn_error* error) {
  const tn_status status = sound().event_create(device, desc, event, error);
  if (status == TN_OK) {
    host_events.put(
        *event, has(desc, offsetof(tn_event_desc, reserved)) && (desc->flags & TN_EVENT_HOST) != 0);
  }
  return status;
}

bool by_host(tn_event* event) { return host_events.get(event); }

}  // namespace

TN_LIAR(early_event) {
  table.event_query = [](tn_event*, tn_error*) -> tn_status { return TN_OK; };
  table.event_synchronize = [](tn_event*, const tn_wait_desc*, tn_error*) -> tn_status {
    return TN_OK;
  };
}

TN_LIAR(event_query_always_ok) {
  table.event_query = [](tn_event*, tn_error*) -> tn_status { return TN_OK; };
}

TN_LIAR(event_hides_the_failure) {
  forgive<&tn_dispatch::event_synchronize, TN_INVALID_ARGUMENT>(table);
}

TN_LIAR(missed_wait) {
  table.stream_wait_event = [](tn_stream*, tn_event*, const tn_wait_desc*, tn_error*) -> tn_status {
    return TN_OK;
  };
}

TN_LIAR(wait_ignored_on_an_idle_stream) {
  table.stream_wait_event = [](tn_stream* stream, tn_event* event, const tn_wait_desc* desc,
                               tn_error* error) -> tn_status {
    if (sound().stream_query(stream, nullptr) == TN_OK) return TN_OK;
    return sound().stream_wait_event(stream, event, desc, error);
  };
}

TN_LIAR(wait_ignored_on_a_busy_stream) {
  table.stream_wait_event = [](tn_stream* stream, tn_event* event, const tn_wait_desc* desc,
                               tn_error* error) -> tn_status {
    if (sound().stream_query(stream, nullptr) == TN_NOT_READY) return TN_OK;
    return sound().stream_wait_event(stream, event, desc, error);
  };
}

TN_LIAR(wait_loses_the_failure) {
  // Waits on the host, and forgets what the event says.
  table.stream_wait_event = [](tn_stream* stream, tn_event* event, const tn_wait_desc* desc,
                               tn_error* error) -> tn_status {
    if (event == nullptr || desc != nullptr) {
      return sound().stream_wait_event(stream, event, desc, error);
    }
    const tn_wait_desc limit{sizeof(limit), 50'000'000};
    sound().event_synchronize(event, &limit, nullptr);
    return TN_OK;
  };
}

TN_LIAR(second_record_ignored) {
  static Kept<tn_event*, int> records;
  table.event_record = [](tn_event* event, tn_stream* stream, const tn_record_desc* desc,
                          tn_error* error) -> tn_status {
    if (records.get(event) != 0) return TN_OK;
    const tn_status status = sound().event_record(event, stream, desc, error);
    if (status == TN_OK) records.put(event, 1);
    return status;
  };
  table.event_destroy = [](tn_event* event) {
    records.drop(event);
    sound().event_destroy(event);
  };
}

TN_LIAR(event_without_record_is_not_ready) {
  static Kept<tn_event*, int> records;
  table.event_record = [](tn_event* event, tn_stream* stream, const tn_record_desc* desc,
                          tn_error* error) -> tn_status {
    records.put(event, 1);
    return sound().event_record(event, stream, desc, error);
  };
  table.event_query = [](tn_event* event, tn_error* error) -> tn_status {
    return records.get(event) == 0 ? static_cast<tn_status>(TN_NOT_READY)
                                   : sound().event_query(event, error);
  };
}

TN_LIAR(destroyed_event_is_not_waited_for) {
  static Kept<tn_event*, tn_stream*> waits;
  table.stream_wait_event = [](tn_stream* stream, tn_event* event, const tn_wait_desc*,
                               tn_error*) -> tn_status {
    waits.put(event, stream);
    return TN_OK;
  };
}

TN_LIAR(events_leak) {
  table.event_destroy = [](tn_event*) {};
  table.device_close = [](tn_device*) {};
}

// -- Time --

TN_LIAR(time_without_sign) {
  table.event_elapsed = [](tn_event* start, tn_event* end, int64_t* nanoseconds, tn_error* error) {
    const tn_status status = sound().event_elapsed(start, end, nanoseconds, error);
    if (status == TN_OK && *nanoseconds < 0) *nanoseconds = -*nanoseconds;
    return status;
  };
}

TN_LIAR(time_stands_still) {
  table.event_elapsed = [](tn_event* start, tn_event* end, int64_t* nanoseconds, tn_error* error) {
    const tn_status status = sound().event_elapsed(start, end, nanoseconds, error);
    if (status == TN_OK) *nanoseconds = 0;
    return status;
  };
}

TN_LIAR(time_in_femtoseconds) {
  table.event_elapsed = [](tn_event* start, tn_event* end, int64_t* nanoseconds, tn_error* error) {
    const tn_status status = sound().event_elapsed(start, end, nanoseconds, error);
    if (status == TN_OK) *nanoseconds *= 1'000'000;
    return status;
  };
}

TN_LIAR(time_of_any_event) { forgive<&tn_dispatch::event_elapsed, TN_INVALID_STATE>(table); }

TN_LIAR(wait_that_ends_is_done) {
  table.event_synchronize = [](tn_event* event, const tn_wait_desc* desc,
                               tn_error* error) -> tn_status {
    const tn_status status = sound().event_synchronize(event, desc, error);
    return status == TN_NOT_READY ? static_cast<tn_status>(TN_OK) : status;
  };
}

TN_LIAR(stream_loses_the_limit) {
  table.stream_wait_event = [](tn_stream* stream, tn_event* event, const tn_wait_desc*,
                               tn_error* error) {
    return sound().stream_wait_event(stream, event, nullptr, error);
  };
}

// -- Events of the host --

TN_LIAR(host_is_not_waited_for) {
  table.event_create = create_and_keep;
  table.stream_wait_event = [](tn_stream* stream, tn_event* event, const tn_wait_desc* desc,
                               tn_error* error) -> tn_status {
    return by_host(event) ? static_cast<tn_status>(TN_OK)
                          : sound().stream_wait_event(stream, event, desc, error);
  };
}

TN_LIAR(signalled_failure_is_lost) {
  table.event_signal = [](tn_event* event, tn_status, tn_error* error) -> tn_status {
    return sound().event_signal(event, TN_OK, error);
  };
}

TN_LIAR(signalled_twice) { forgive<&tn_dispatch::event_signal, TN_INVALID_STATE>(table); }

TN_LIAR(host_event_is_recorded) { forgive<&tn_dispatch::event_record, TN_INVALID_STATE>(table); }

TN_LIAR(destroyed_host_event_is_complete) {
  table.event_create = create_and_keep;
  table.event_destroy = [](tn_event* event) {
    if (by_host(event)) sound().event_signal(event, TN_OK, nullptr);
    host_events.drop(event);
    sound().event_destroy(event);
  };
}

// -- Failures and threads --

TN_LIAR(failure_reaches_events_before_it) {
  static Kept<tn_event*, tn_stream*> streams;
  table.event_record = [](tn_event* event, tn_stream* stream, const tn_record_desc* desc,
                          tn_error* error) {
    streams.put(event, stream);
    return sound().event_record(event, stream, desc, error);
  };
  table.event_synchronize = [](tn_event* event, const tn_wait_desc* desc,
                               tn_error* error) -> tn_status {
    const tn_status status = sound().event_synchronize(event, desc, error);
    tn_stream* const stream = streams.get(event);
    return status == TN_OK && stream != nullptr ? sound().stream_synchronize(stream, error)
                                                : status;
  };
}

TN_LIAR(one_thread_waits_at_a_time) {
  table.event_synchronize = [](tn_event* event, const tn_wait_desc* desc,
                               tn_error* error) -> tn_status {
    static std::atomic<int> inside{0};
    const tn_status status =
        inside++ == 0 ? sound().event_synchronize(event, desc, error)
                      : plugin::set_error(error, TN_INVALID_STATE, nullptr, "somebody waits");
    --inside;
    return status;
  };
}

}  // namespace tenon::liar
