// SPDX-License-Identifier: Apache-2.0
//
// tn_*: each loads the table from its handle's first word and jumps to the function there.
#include "slots.h"
#include "stubs.h"

namespace tenon::loader {
namespace {

template <size_t ordinal, class Result>
struct NullHandle;

// Kept out of line, so that the common path stays a load, a test and a jump.
template <size_t ordinal>
struct NullHandle<ordinal, tn_status> {
  template <class... Arguments>
  [[gnu::noinline, gnu::cold]] static tn_status answer(Arguments... arguments) {
    (clear_output(arguments), ...);
    return report_null_handle(ordinal, last_of(arguments...));
  }
};
template <size_t ordinal>
struct NullHandle<ordinal, void> {
  template <class... Arguments>
  static void answer(Arguments...) {}
};

template <class Handle, class... Rest>
[[gnu::always_inline]] inline const tn_handle* handle_of_call(Handle* handle, Rest...) {
  return reinterpret_cast<const tn_handle*>(handle);
}

}  // namespace
}  // namespace tenon::loader

// instance_create is the loader's to call.
#define TN_SLOT_CREATE(ordinal, result, name, parameters, arguments)
#define TN_SLOT(ordinal, result, name, parameters, arguments)              \
  extern "C" TN_API result TN_CALL tn_##name parameters {                  \
    const tn_handle* handle = tenon::loader::handle_of_call arguments;     \
    if (handle == nullptr) [[unlikely]] {                                  \
      return tenon::loader::NullHandle<ordinal, result>::answer arguments; \
    }                                                                      \
    return handle->dispatch->name arguments;                               \
  }
#include "slots.inc"
