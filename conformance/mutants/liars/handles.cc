// SPDX-License-Identifier: Apache-2.0
//
// Handles: none with success, one with a failure, the same one twice.
#include <atomic>

#include "conformance/mutants/liar.h"

namespace tenon::liar {
namespace {

// Functions whose last arguments are the new handle and the error.
template <auto slot, class F = Function<slot>>
struct Making;
template <auto slot, class... Arguments>
struct Making<slot, tn_status(Arguments...)> {
  static auto handle_of(const std::tuple<Arguments&...>& all) {
    return std::get<sizeof...(Arguments) - 2>(all);
  }
  static tn_status TN_CALL live_with_failure(Arguments... arguments) {
    const tn_status status = (sound().*slot)(arguments...);
    const auto handle = handle_of(std::tie(arguments...));
    using Handle = std::remove_reference_t<decltype(*handle)>;
    if (status != TN_OK && handle != nullptr) {
      *handle = reinterpret_cast<Handle>(std::get<0>(std::tie(arguments...)));
    }
    return status;
  }
  // What the sound function has made is lost.
  static tn_status TN_CALL none_with_success(Arguments... arguments) {
    static std::atomic<int> calls{0};
    const tn_status status = (sound().*slot)(arguments...);
    // A host without a first device would see nothing at all.
    const bool first_device = sizeof...(Arguments) == 5 && calls++ == 0;
    if (status == TN_OK && !first_device) *handle_of(std::tie(arguments...)) = nullptr;
    return status;
  }
};

}  // namespace

#define TN_LIARS_OF(slot, what)                                 \
  TN_LIAR(live_##what##_with_failure) {                         \
    table.slot = Making<&tn_dispatch::slot>::live_with_failure; \
  }                                                             \
  TN_LIAR(no_##what##_with_success) { table.slot = Making<&tn_dispatch::slot>::none_with_success; }
TN_LIARS_OF(device_open, device)
TN_LIARS_OF(buffer_create, buffer)
TN_LIARS_OF(buffer_import, import)
TN_LIARS_OF(stream_create, stream)
TN_LIARS_OF(event_create, event)
TN_LIARS_OF(constant_create, constant)
TN_LIARS_OF(kernel_create, kernel)

TN_LIAR(same_event_twice) {
  table.event_create = [](tn_device* device, const tn_event_desc* desc, tn_event** event,
                          tn_error* error) {
    static Kept<tn_device*, tn_event*> made;
    const tn_status status = sound().event_create(device, desc, event, error);
    if (status == TN_OK) *event = made.first(device, *event);
    return status;
  };
  table.event_destroy = [](tn_event*) {};
}

}  // namespace tenon::liar
