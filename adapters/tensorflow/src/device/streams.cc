// SPDX-License-Identifier: Apache-2.0
//
// Streams, events and host callbacks. TensorFlow computes on one stream of a device and copies on
// three others, ordered by events.
#include "device/callbacks.h"
#include "device/state.h"

namespace tenon::tensorflow {
namespace {

void create_stream(const SP_Device* device, SP_Stream* stream, TF_Status* status) {
  guarded(status, [&] { *stream = state_of(device).create_stream(); });
}

void destroy_stream(const SP_Device*, SP_Stream stream) {
  if (stream != nullptr) stream->owner->destroy_stream(stream);
}

// Events do not cross devices: for the rare copy from one to another the host waits.
void wait_on_host(DeviceState& owner, runtime::Event& event) {
  try {
    event.synchronize();
  } catch (...) {
    owner.keep_failure();
  }
}

void create_stream_dependency(const SP_Device*, SP_Stream dependent, SP_Stream other,
                              TF_Status* status) {
  guarded(status, [&] {
    auto event = other->owner->device().create_event();
    {
      std::lock_guard lock(other->mutex);
      event->record(*other->stream);
    }
    if (other->owner != dependent->owner) return wait_on_host(*other->owner, *event);
    std::lock_guard lock(dependent->mutex);
    event->block(*dependent->stream);
  });
}

void get_stream_status(const SP_Device*, SP_Stream stream, TF_Status* status) {
  // "OK" means usable, not finished. A failed stream is: failures are kept elsewhere.
  TF_SetStatus(status, TF_OK, "");
  try {
    std::lock_guard lock(stream->mutex);
    stream->stream->query();
  } catch (...) {
    stream->owner->keep_failure();
  }
}

void create_event(const SP_Device* device, SP_Event* event, TF_Status* status) {
  guarded(status, [&] {
    auto made = std::make_unique<SP_Event_st>();
    made->owner = &state_of(device);
    made->event = made->owner->device().create_event();
    *event = made.release();
  });
}

void destroy_event(const SP_Device*, SP_Event event) { delete event; }

SE_EventStatus get_event_status(const SP_Device*, SP_Event event) {
  try {
    return event->event->query() ? SE_EVENT_COMPLETE : SE_EVENT_PENDING;
  } catch (...) {
    event->owner->keep_failure();
    return SE_EVENT_COMPLETE;  // TensorFlow ends the process on SE_EVENT_ERROR.
  }
}

void record_event(const SP_Device*, SP_Stream stream, SP_Event event, TF_Status* status) {
  guarded(status, [&] {
    std::lock_guard lock(stream->mutex);
    event->event->record(*stream->stream);
  });
}

void wait_for_event(const SP_Device*, SP_Stream stream, SP_Event event, TF_Status* status) {
  guarded(status, [&] {
    if (event->owner != stream->owner) return wait_on_host(*event->owner, *event->event);
    std::lock_guard lock(stream->mutex);
    event->event->block(*stream->stream);
  });
}

void block_host_for_event(const SP_Device*, SP_Event event, TF_Status* status) {
  TF_SetStatus(status, TF_OK, "");
  wait_on_host(*event->owner, *event->event);
}

// An event rather than a synchronize: other threads go on queueing work while this one waits.
void block_host_until_done(const SP_Device*, SP_Stream stream, TF_Status* status) {
  guarded(status, [&] {
    DeviceState& owner = *stream->owner;
    try {
      auto event = owner.device().create_event();
      {
        std::lock_guard lock(stream->mutex);
        event->record(*stream->stream);
      }
      event->synchronize();
    } catch (...) {
      owner.keep_failure();
    }
    owner.throw_failure();
  });
}

// Answers OK also after a failure: TensorFlow would drop its text ("SyncAll failed").
void synchronize_all_activity(const SP_Device* device, TF_Status* status) {
  TF_SetStatus(status, TF_OK, "");
  state_of(device).wait();
}

struct Callback {
  DeviceState* owner;
  SE_StatusCallbackFn function;
  void* argument;
};

// Runs on the device's thread, on success and on failure. It may not block, so a failure is left to
// the stream, where the next query finds it.
void TN_CALL run_callback(void* user, tn_status, const tn_error*) {
  std::unique_ptr<Callback> callback(static_cast<Callback*>(user));
  TF_Status* status = TF_NewStatus();
  callback->function(callback->argument, status);
  TF_DeleteStatus(status);
}

TF_Bool host_callback(const SP_Device*, SP_Stream stream, SE_StatusCallbackFn function,
                      void* argument) {
  auto callback = std::make_unique<Callback>(Callback{stream->owner, function, argument});
  try {
    std::lock_guard lock(stream->mutex);
    call(tn_stream_callback, stream->stream->handle(), run_callback,
         static_cast<void*>(callback.get()));
    static_cast<void>(callback.release());  // run_callback has it now.
    return 1;
  } catch (...) {
    stream->owner->keep_failure();
    return 0;
  }
}

}  // namespace

void add_stream_callbacks(SP_StreamExecutor* executor) {
  executor->create_stream = create_stream;
  executor->destroy_stream = destroy_stream;
  executor->create_stream_dependency = create_stream_dependency;
  executor->get_stream_status = get_stream_status;
  executor->create_event = create_event;
  executor->destroy_event = destroy_event;
  executor->get_event_status = get_event_status;
  executor->record_event = record_event;
  executor->wait_for_event = wait_for_event;
  executor->block_host_for_event = block_host_for_event;
  executor->block_host_until_done = block_host_until_done;
  executor->synchronize_all_activity = synchronize_all_activity;
  executor->host_callback = host_callback;
}

}  // namespace tenon::tensorflow
