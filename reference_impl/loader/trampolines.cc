// SPDX-License-Identifier: Apache-2.0
//
// tn_*: each loads the table from its handle's first word and jumps to the function there.
#include "reference_impl/layers/validation/stale.h"
#include "slots.h"
#include "stubs.h"

namespace tenon::loader {
namespace {

// What happens off the common path, kept out of line so that that stays a load, a test and a jump:
// a NULL handle, and every call while a validation layer looks out for handles that were destroyed.
template <size_t ordinal, class Function>
struct Checked;

template <size_t ordinal, class First, class... Rest>
struct Checked<ordinal, tn_status(TN_CALL*)(First, Rest...)> {
  [[gnu::noinline, gnu::cold]] static tn_status call(
      tn_status (TN_CALL* tn_dispatch::*function)(First, Rest...), const char* name, First first,
      Rest... rest) {
    tn_status status = TN_OK;
    if (first == nullptr) {
      (clear_output(rest), ...);
      return report_null_handle(ordinal, last_of(first, rest...));
    }
    if (layers::validation::refuse_stale(first, name, &status, last_of(first, rest...))) {
      (clear_output(rest), ...);
      return status;
    }
    return (first_handle(first)->dispatch->*function)(first, rest...);
  }
};

template <size_t ordinal, class First, class... Rest>
struct Checked<ordinal, void(TN_CALL*)(First, Rest...)> {
  [[gnu::noinline, gnu::cold]] static void call(
      void (TN_CALL* const tn_dispatch::*function)(First, Rest...), const char* name, First first,
      Rest... rest) {
    tn_status status = TN_OK;
    if (first == nullptr) return;
    if (layers::validation::refuse_stale(first, name, &status, nullptr)) return;
    (first_handle(first)->dispatch->*function)(first, rest...);
  }
};

template <class Handle, class... Rest>
[[gnu::always_inline]] inline const tn_handle* handle_of_call(Handle* handle, Rest...) {
  return reinterpret_cast<const tn_handle*>(handle);
}

}  // namespace
}  // namespace tenon::loader

// instance_create is the loader's to call.
#define TN_SLOT_CREATE(ordinal, result, name, parameters, arguments)
#define TN_SLOT(ordinal, result, name, parameters, arguments)                      \
  extern "C" TN_API result TN_CALL tn_##name parameters {                          \
    const tn_handle* handle = tenon::loader::handle_of_call arguments;             \
    if (tenon::layers::validation::wants_check(handle)) [[unlikely]] {             \
      const auto call = [](auto... given) {                                        \
        return tenon::loader::Checked<ordinal, decltype(tn_dispatch::name)>::call( \
            &tn_dispatch::name, "tn_" #name, given...);                            \
      };                                                                           \
      return call arguments;                                                       \
    }                                                                              \
    return handle->dispatch->name arguments;                                       \
  }
#include "slots.inc"
