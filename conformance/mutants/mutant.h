// SPDX-License-Identifier: Apache-2.0
//
// A mutant is the reference device with one defect: its function table, with a function or two
// replaced by ones that do it wrong. The device's own sources know nothing of it. The suite must
// kill each mutant by the tests that CMakeLists.txt names for it.
#pragma once

#include "tenon/tenon.h"

namespace tenon::mutant {

// The reference device's own functions.
const tn_dispatch& sound();

// Each mutant's file defines it: puts the defect into a copy of sound().
void mutate(tn_dispatch& table);

}  // namespace tenon::mutant
