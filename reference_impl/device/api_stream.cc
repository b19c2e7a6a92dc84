// SPDX-License-Identifier: Apache-2.0
//
// Functions 17 to 23 and 29 to 34: streams and events.
#include "reference_impl/device/api.h"
#include "reference_impl/device/stream.h"

namespace tenon::device::api {
namespace {

tn_status TN_CALL stream_create(tn_device* device, const tn_stream_desc* given, tn_stream** stream,
                                tn_error* error) {
  return call<OpenDevice>(device, error, [&](OpenDevice& owner) {
    plugin::clear(stream, "stream");
    // All streams have one priority here.
    check_reserved(plugin::read_optional(given, "tn_stream_desc").reserved);
    *stream = plugin::handle_of<tn_stream>(new Stream(owner));
  });
}

void TN_CALL stream_destroy(tn_stream* stream) {
  call_void<Stream>(stream, [](Stream& object) { delete &object; });
}

tn_status TN_CALL stream_synchronize(tn_stream* stream, tn_error* error) {
  return call<Stream>(stream, error, [&](Stream& object) {
    object.core->wait(object.core->queued());
    return object.core->failure().get(error);
  });
}

tn_status TN_CALL stream_query(tn_stream* stream, tn_error* error) {
  return call<Stream>(stream, error, [&](Stream& object) {
    StreamCore& core = *object.core;
    core.kick(core.queued());
    const bool drained = core.drained();
    // Asked after drained(): work that failed in between is reported, not missed.
    const tn_status status = core.failure().get(error);
    return status != TN_OK || drained ? status : static_cast<tn_status>(TN_NOT_READY);
  });
}

tn_status TN_CALL stream_reset(tn_stream* stream, tn_error* error) {
  return call<Stream>(stream, error, [&](Stream& object) {
    object.core->wait(object.core->queued());
    const tn_status status = object.core->failure().get(error);
    object.core->failure().reset();
    return status;
  });
}

tn_status TN_CALL stream_callback(tn_stream* stream, tn_callback callback, void* user,
                                  tn_error* error) {
  return call<Stream>(stream, error, [&](Stream& object) {
    if (callback == nullptr) {
      plugin::fail_at("callback", TN_INVALID_ARGUMENT, nullptr, "callback is NULL");
    }
    Task task;
    task.kind = TaskKind::kCallback;
    task.callback = callback;
    task.user = user;
    object.core->submit(std::move(task));
  });
}

tn_status TN_CALL event_create(tn_device* device, const tn_event_desc* given, tn_event** event,
                               tn_error* error) {
  return call<OpenDevice>(device, error, [&](OpenDevice& owner) {
    plugin::clear(event, "event");
    const auto desc = plugin::read_optional(given, "tn_event_desc");
    check_reserved(desc.reserved);
    check_flags(desc.flags, TN_EVENT_TIMING | TN_EVENT_HOST);
    if ((desc.flags & TN_EVENT_HOST) != 0 && !owner.late()) {
      plugin::fail_at("desc->flags", TN_UNSUPPORTED, nullptr,
                      "TN_EVENT_HOST: streams of this device work on the thread that queues, which "
                      "would wait for itself");
    }
    *event = plugin::handle_of<tn_event>(new Event(owner, desc.flags));
  });
}

void TN_CALL event_destroy(tn_event* event) {
  call_void<Event>(event, [](Event& object) { delete &object; });
}

tn_status TN_CALL event_record(tn_event* event, tn_stream* stream, const tn_record_desc* given,
                               tn_error* error) {
  return call<Event>(event, error, [&](Event& object) {
    check_reserved(plugin::read_optional(given, "tn_record_desc").reserved);
    object.record(argument<Stream>(object, stream, "stream"));
  });
}

tn_status TN_CALL event_signal(tn_event* event, tn_status status, tn_error* error) {
  return call<Event>(event, error, [&](Event& object) { object.signal(status); });
}

void wait_for(Stream& stream, Event& event) {
  auto record = event.latest();
  if (record == nullptr) return;
  Task task;
  task.kind = TaskKind::kWait;
  task.record = std::move(record);
  stream.core->submit(std::move(task));
}

tn_status TN_CALL stream_wait_event(tn_stream* stream, tn_event* event, const tn_wait_desc* given,
                                    tn_error* error) {
  return call<Stream>(stream, error, [&](Stream& object) {
    if (plugin::read_optional(given, "tn_wait_desc").timeout != 0) {
      plugin::fail_at("desc->timeout", TN_UNSUPPORTED, nullptr, "streams wait without a limit");
    }
    wait_for(object, argument<Event>(object, event, "event"));
  });
}

tn_status TN_CALL event_query(tn_event* event, tn_error* error) {
  return call<Event>(event, error, [&](Event& object) {
    const auto record = object.latest();
    return record == nullptr ? static_cast<tn_status>(TN_OK) : record->query(error);
  });
}

tn_status TN_CALL event_synchronize(tn_event* event, const tn_wait_desc* given, tn_error* error) {
  return call<Event>(event, error, [&](Event& object) {
    const auto desc = plugin::read_optional(given, "tn_wait_desc");
    if (desc.timeout < 0) {
      plugin::fail_at("desc->timeout", TN_INVALID_ARGUMENT, nullptr, "timeout is negative");
    }
    const auto record = object.latest();
    if (record == nullptr) return static_cast<tn_status>(TN_OK);
    return record->wait(std::chrono::nanoseconds(desc.timeout), error);
  });
}

tn_status TN_CALL event_elapsed(tn_event* start, tn_event* end, int64_t* nanoseconds,
                                tn_error* error) {
  return call<Event>(start, error, [&](Event& first) -> tn_status {
    require(nanoseconds, "nanoseconds");
    Event& last = argument<Event>(first, end, "end");
    const auto from = first.latest();
    const auto to = last.latest();
    if (!first.timing || !last.timing || from == nullptr || to == nullptr) {
      const bool of_first = !first.timing || from == nullptr;
      plugin::fail_at(of_first ? "start" : "end", TN_INVALID_STATE, nullptr,
                      "both events must be made with TN_EVENT_TIMING and recorded");
    }
    for (const auto& record : {from, to}) {
      const tn_status status = record->query(error);
      if (status != TN_OK) return status;
    }
    *nanoseconds = to->nanoseconds() - from->nanoseconds();
    return TN_OK;
  });
}

}  // namespace

tn_status TN_CALL peer_wait_event(tn_stream* stream, tn_event* event, tn_error* error) {
  return call<Stream>(stream, error, [&](Stream& object) {
    wait_for(object, peer_argument<Event>(object, event, "event"));
  });
}

void add_stream_functions(tn_dispatch* table) {
  table->stream_create = stream_create;
  table->stream_destroy = stream_destroy;
  table->stream_synchronize = stream_synchronize;
  table->stream_query = stream_query;
  table->stream_reset = stream_reset;
  table->stream_wait_event = stream_wait_event;
  table->stream_callback = stream_callback;
  table->event_create = event_create;
  table->event_destroy = event_destroy;
  table->event_record = event_record;
  table->event_signal = event_signal;
  table->event_query = event_query;
  table->event_synchronize = event_synchronize;
  table->event_elapsed = event_elapsed;
}

}  // namespace tenon::device::api
