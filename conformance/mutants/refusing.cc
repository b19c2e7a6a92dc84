// SPDX-License-Identifier: Apache-2.0
//
// Every seventh call that queues something is refused, and streams begin late: tests end at all
// kinds of places while what they have queued is still to come.
#include <atomic>
#include <chrono>
#include <thread>
#include <tuple>
#include <type_traits>

#include "conformance/mutants/mutant.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::mutant {
namespace {

std::atomic<unsigned> calls{0};

// The function of a slot whose last argument is the error.
template <auto slot, class Function>
struct Refusing;

template <auto slot, class... Arguments>
struct Refusing<slot, tn_status(Arguments...)> {
  static tn_status TN_CALL call(Arguments... arguments) {
    if (++calls % 7 != 0) return (sound().*slot)(arguments...);
    tn_error* const error = std::get<sizeof...(Arguments) - 1>(std::tie(arguments...));
    return plugin::set_error(error, TN_OUT_OF_MEMORY, nullptr, "no room to queue it");
  }
};

template <auto slot>
void make_refusing(tn_dispatch& table) {
  using Function = std::remove_pointer_t<std::remove_reference_t<decltype(table.*slot)>>;
  table.*slot = Refusing<slot, Function>::call;
}

void TN_CALL begin_late(void*, tn_status, const tn_error*) {
  std::this_thread::sleep_for(std::chrono::milliseconds(3));
}

}  // namespace

void mutate(tn_dispatch& table) {
  make_refusing<&tn_dispatch::stream_callback>(table);
  make_refusing<&tn_dispatch::stream_copy>(table);
  make_refusing<&tn_dispatch::stream_fill>(table);
  make_refusing<&tn_dispatch::stream_read>(table);
  make_refusing<&tn_dispatch::stream_wait_event>(table);
  make_refusing<&tn_dispatch::stream_write>(table);
  make_refusing<&tn_dispatch::event_record>(table);
  make_refusing<&tn_dispatch::kernel_launch>(table);
  table.stream_create = [](tn_device* device, const tn_stream_desc* desc, tn_stream** stream,
                           tn_error* error) {
    const tn_status status = sound().stream_create(device, desc, stream, error);
    if (status == TN_OK) sound().stream_callback(*stream, begin_late, nullptr, nullptr);
    return status;
  };
}

}  // namespace tenon::mutant
