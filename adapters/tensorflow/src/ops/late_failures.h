// SPDX-License-Identifier: Apache-2.0
//
// Operators whose failure only their data shows.
//
// TensorFlow has no way to hear of it later: its copies to the host and its events end the process
// on a failure, so a value computed from a bad index would come out as garbage. Such an operator is
// therefore waited for before its op completes, and the op fails. Everything else fails when it is
// queued, or because the device itself does.
#pragma once

#include <span>

#include "runtime/operation.h"

namespace tenon::tensorflow {

// Whether spec/ops lets a launch fail its stream because of what the inputs hold: an index or a
// label out of range, an integer divisor of zero.
bool fails_on_data(const runtime::Operation& operation, std::span<const runtime::Argument> inputs);

}  // namespace tenon::tensorflow
