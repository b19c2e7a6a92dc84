// SPDX-License-Identifier: Apache-2.0
//
// How kernels are registered:
//
//   TENON_KERNEL(m, "index_select", selected);
//
// The kernel then meets tensors of one device alone (and numbers: tensors of the host without
// dims), and what it cannot do because the device lacks a type or an operator runs by the fallback.
// A kernel may therefore leave refusals to what it calls; it must not have changed its arguments by
// then, other than outputs that are written as a whole.
#pragma once

#include "fallback.h"
#include "one_device.h"

namespace tenon::pytorch {

template <FixedString Name, auto kFunction, class Type = decltype(kFunction)>
struct Registered;

template <FixedString Name, auto kFunction, class Result, class... Parameters>
struct Registered<Name, kFunction, Result (*)(Parameters...)> {
  static Result call(Parameters... arguments) {
    OneDevice devices;
    (devices.see(arguments), ...);
    devices.check();
    try {
      return kFunction(arguments...);
    } catch (const c10::NotImplementedError& refusal) {
      return Fallback<Name, Result(Parameters...)>::call_because(refusal.what_without_backtrace(),
                                                                 arguments...);
    }
  }
};

#define TENON_KERNEL(m, name, ...) \
  m.impl(name, TORCH_FN((Registered<"aten::" name, &__VA_ARGS__>::call)))

}  // namespace tenon::pytorch
