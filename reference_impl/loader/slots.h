// SPDX-License-Identifier: Apache-2.0
//
// What slots.inc and extensions.inc imply: count, names, and proof that the table has the layout of
// its ordinals.
#pragma once

#include <cstddef>

#include "tenon/tenon.h"

namespace tenon::loader {

// By ordinal, then by the numbers of functions of extensions.
struct FunctionName {
  const char* name;
  const char* extension;  // "tenon.peer"; NULL in the dispatch table.
};
inline constexpr FunctionName kFunctionNames[] = {
#define TN_SLOT(ordinal, result, name, parameters, arguments) {#name, nullptr},
#include "slots.inc"
#define TN_EXTENSION_SLOT(number, result, extension, name, parameters, arguments) \
  {#name, "tenon." #extension},
#include "reference_impl/layers/extensions.inc"
};

inline constexpr size_t kSlotCount = 0
// NOLINTNEXTLINE(bugprone-macro-parentheses): part of a sum.
#define TN_SLOT(ordinal, result, name, parameters, arguments) +1
#include "slots.inc"
    ;
static_assert(offsetof(tn_dispatch, abi_major) == 8 && offsetof(tn_dispatch, abi_minor) == 12,
              "by these words any libtenon can tell whose handle it was given");
inline constexpr size_t kFirstSlot = offsetof(tn_dispatch, instance_create);

#define TN_SLOT(ordinal, result, name, parameters, arguments)                          \
  static_assert(offsetof(tn_dispatch, name) == kFirstSlot + (ordinal) * sizeof(void*), \
                "a function moved: ordinals are permanent");
#include "slots.inc"
static_assert(sizeof(tn_dispatch) == kFirstSlot + kSlotCount * sizeof(void*),
              "slots.inc lacks a function of tn_dispatch");

}  // namespace tenon::loader
