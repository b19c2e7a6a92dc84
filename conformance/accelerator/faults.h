// SPDX-License-Identifier: Apache-2.0
//
// The ways in which the device can be broken, one at a time (`?broken=NAME`). They are written in
// faults.json, with the tests that must notice each.
#pragma once

namespace tenon::accelerator {

enum class Fault {
  none,
#define FAULT(name) name,
#include "faults.inc"
#undef FAULT
};

}  // namespace tenon::accelerator
