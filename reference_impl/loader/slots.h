// SPDX-License-Identifier: Apache-2.0
//
// What slots.inc implies: count, names, and proof that the table has the layout of its ordinals.
#pragma once

#include <cstddef>

#include "tenon/tenon.h"

namespace tenon::loader {

inline constexpr const char* kSlotNames[] = {
#define TN_SLOT(ordinal, result, name, parameters, arguments) #name,
#include "slots.inc"
};
inline constexpr size_t kSlotCount = sizeof(kSlotNames) / sizeof(kSlotNames[0]);
inline constexpr size_t kFirstSlot = offsetof(tn_dispatch, instance_create);

#define TN_SLOT(ordinal, result, name, parameters, arguments)                          \
  static_assert(offsetof(tn_dispatch, name) == kFirstSlot + (ordinal) * sizeof(void*), \
                "a function moved: ordinals are permanent");
#include "slots.inc"
static_assert(sizeof(tn_dispatch) == kFirstSlot + kSlotCount * sizeof(void*),
              "slots.inc lacks a function of tn_dispatch");

}  // namespace tenon::loader
