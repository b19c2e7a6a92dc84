// SPDX-License-Identifier: Apache-2.0
//
// Tenon's failures as torch's exceptions.
#pragma once

#include <utility>

#include <c10/core/Device.h>

#include "tenon/cpp/error.hpp"

namespace tenon::pytorch {

// Throws the c10 exception that stands for `error`: IndexError, OutOfMemoryError,
// NotImplementedError or RuntimeError, with the full text.
[[noreturn]] void throw_as_torch(const Error& error);

// torch's own words for tensors of two devices in one call.
[[noreturn]] void throw_mixed_devices(c10::Device a, c10::Device b);

// Runs `body`, turning tenon::Error into torch's exceptions.
template <class Body>
inline decltype(auto) translated(Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (const Error& error) {
    throw_as_torch(error);
  }
}

}  // namespace tenon::pytorch
