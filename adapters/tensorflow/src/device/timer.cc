// SPDX-License-Identifier: Apache-2.0
//
// Timers: two timed events.
#include "device/callbacks.h"
#include "device/state.h"

struct SP_Timer_st {
  std::unique_ptr<tenon::runtime::Event> start;
  std::unique_ptr<tenon::runtime::Event> stop;
};

namespace tenon::tensorflow {
namespace {

void create_timer(const SP_Device* device, SP_Timer* timer, TF_Status* status) {
  guarded(status, [&] {
    runtime::ManagedDevice& target = state_of(device).device();
    *timer = new SP_Timer_st{target.create_event(true), target.create_event(true)};
  });
}

void destroy_timer(const SP_Device*, SP_Timer timer) { delete timer; }

void start_timer(const SP_Device*, SP_Stream stream, SP_Timer timer, TF_Status* status) {
  guarded(status, [&] {
    std::lock_guard lock(stream->mutex);
    timer->start->record(*stream->stream);
  });
}

void stop_timer(const SP_Device*, SP_Stream stream, SP_Timer timer, TF_Status* status) {
  guarded(status, [&] {
    std::lock_guard lock(stream->mutex);
    timer->stop->record(*stream->stream);
  });
}

}  // namespace

uint64_t timer_nanoseconds(SP_Timer timer) {
  try {
    timer->stop->synchronize();
    return static_cast<uint64_t>(timer->start->elapsed_ms(*timer->stop) * 1e6);
  } catch (...) {
    return 0;
  }
}

void add_timer_callbacks(SP_StreamExecutor* executor) {
  executor->create_timer = create_timer;
  executor->destroy_timer = destroy_timer;
  executor->start_timer = start_timer;
  executor->stop_timer = stop_timer;
}

}  // namespace tenon::tensorflow
