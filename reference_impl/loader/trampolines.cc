// SPDX-License-Identifier: Apache-2.0
//
// tn_*: each loads the table from its handle's first word and jumps to the function there; those of
// extensions find their table behind that one.
#include "dispatch_table.h"
#include "reference_impl/layers/validation/stale.h"
#include "slots.h"
#include "stubs.h"

namespace tenon::loader {
namespace {

// What happens off the common path, kept out of line so that that stays a load, a test and a jump:
// a NULL handle, and every call while a validation layer looks out for handles that were destroyed.
// `Find` gives the function for a handle.
template <size_t ordinal, class Find, class Function>
struct Checked;

template <size_t ordinal, class Find, class First, class... Rest>
struct Checked<ordinal, Find, tn_status(TN_CALL*)(First, Rest...)> {
  [[gnu::noinline, gnu::cold]] static tn_status call(Find find, const char* name, First first,
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
    return find(first_handle(first))(first, rest...);
  }
};

template <size_t ordinal, class Find, class First, class... Rest>
struct Checked<ordinal, Find, void(TN_CALL*)(First, Rest...)> {
  [[gnu::noinline, gnu::cold]] static void call(Find find, const char* name, First first,
                                                Rest... rest) {
    tn_status status = TN_OK;
    if (first == nullptr) return;
    if (layers::validation::refuse_stale(first, name, &status, nullptr)) return;
    find(first_handle(first))(first, rest...);
  }
};

// Stand for the extensions of a handle that another version of libtenon made: where that one keeps
// its tables is not known here.
constinit const layers::Extensions kForeign = [] {
  layers::Extensions tables;
#define TN_EXTENSION_SLOT(number, result, extension, name, parameters, arguments) \
  tables.extension.name = &Stub<number, TN_INVALID_ARGUMENT, decltype(tables.extension.name)>::call;
#include "reference_impl/layers/extensions.inc"
  return tables;
}();

[[gnu::always_inline]] inline const layers::Extensions& extensions_of(const tn_handle* handle) {
  const tn_dispatch& table = *handle->dispatch;
  if (table.abi_major != TN_ABI_MAJOR || table.abi_minor != TN_ABI_MINOR) [[unlikely]]
    return kForeign;
  return layers::layered(&table).extensions;
}

template <class Handle, class... Rest>
[[gnu::always_inline]] inline const tn_handle* handle_of_call(Handle* handle, Rest...) {
  return reinterpret_cast<const tn_handle*>(handle);
}

}  // namespace
}  // namespace tenon::loader

#define TN_TRAMPOLINE(ordinal, result, name, parameters, arguments, found, type)              \
  extern "C" TN_API result TN_CALL tn_##name parameters {                                     \
    const tn_handle* handle = tenon::loader::handle_of_call arguments;                        \
    if (tenon::layers::validation::wants_check(handle)) [[unlikely]] {                        \
      const auto call = [](auto... given) {                                                   \
        const auto find = [](const tn_handle* handle) { return found; };                      \
        return tenon::loader::Checked<ordinal, decltype(find), type>::call(find, "tn_" #name, \
                                                                           given...);         \
      };                                                                                      \
      return call arguments;                                                                  \
    }                                                                                         \
    const auto function = found;                                                              \
    return function arguments;                                                                \
  }

#define TN_SLOT_OWN(ordinal, result, name, parameters, arguments)
#define TN_SLOT(ordinal, result, name, parameters, arguments)                         \
  TN_TRAMPOLINE(ordinal, result, name, parameters, arguments, handle->dispatch->name, \
                decltype(tn_dispatch::name))
#include "slots.inc"

#define TN_EXTENSION_SLOT(number, result, extension, name, parameters, arguments) \
  TN_TRAMPOLINE(number, result, name, parameters, arguments,                      \
                tenon::loader::extensions_of(handle).extension.name,              \
                decltype(tenon::layers::Extensions{}.extension.name))
#include "reference_impl/layers/extensions.inc"

namespace tenon::loader {

constinit const layers::Extensions kExtensionsForHosts = [] {
  layers::Extensions tables;
#define TN_EXTENSION(extension, table, name, version) tables.extension.struct_size = sizeof(table);
#include "reference_impl/layers/extensions.inc"
#define TN_EXTENSION_SLOT(number, result, extension, name, parameters, arguments) \
  tables.extension.name = tn_##name;
#include "reference_impl/layers/extensions.inc"
  return tables;
}();

}  // namespace tenon::loader
