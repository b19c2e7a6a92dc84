// SPDX-License-Identifier: Apache-2.0
//
// Typed functions that stand in for a plugin's: Stub<ordinal, status, type>::call answers `status`
// (or does nothing, where the function returns void), sets output handles to NULL and fills the
// error. An ordinal is an index into kFunctionNames.
#pragma once

#include <cstddef>

#include "tenon/tenon.h"

namespace tenon::loader {

// Fills `error` for function `ordinal` and returns `status`. `first` is the call's first argument.
tn_status report_stub(size_t ordinal, tn_status status, const tn_handle* first, tn_error* error);
tn_status report_null_handle(size_t ordinal, tn_error* error);

// Arguments of type `X**` are output handles or pointers; input arrays are `X* const*`.
template <class T>
void clear_output(T) {}
template <class T>
void clear_output(T** output) {
  if (output != nullptr) *output = nullptr;
}

template <class Last>
Last last_of(Last last) {
  return last;
}
template <class First, class Second, class... Rest>
auto last_of(First, Second second, Rest... rest) {
  return last_of(second, rest...);
}

// The handle whose first word is the dispatch table. instance_create has none: there it is the
// description, which has the table as its second word and is therefore not looked into.
template <class Handle>
const tn_handle* first_handle(Handle* handle) {
  return reinterpret_cast<const tn_handle*>(handle);
}
inline const tn_handle* first_handle(const tn_instance_desc*) { return nullptr; }

template <size_t ordinal, tn_status status, class Function>
struct Stub;

template <size_t ordinal, tn_status status, class First, class... Rest>
struct Stub<ordinal, status, tn_status(TN_CALL*)(First, Rest...)> {
  static tn_status TN_CALL call(First first, Rest... rest) {
    (clear_output(rest), ...);
    return report_stub(ordinal, status, first_handle(first), last_of(first, rest...));
  }
};

template <size_t ordinal, tn_status status, class... Arguments>
struct Stub<ordinal, status, void(TN_CALL*)(Arguments...)> {
  static void TN_CALL call(Arguments...) {}
};

}  // namespace tenon::loader
