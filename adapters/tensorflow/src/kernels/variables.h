// SPDX-License-Identifier: Apache-2.0
//
// Access to resource variables.
//
// A variable's tensor may be shared with readers, so an update writes into new memory unless nobody
// else holds it (copy on write). TensorFlow's other scheme, copying on each read after a sparse
// update, is never switched on: its copy runs on the CPU.
#pragma once

#include <functional>

#include "kernels/call.h"

namespace tenon::tensorflow {

// Calls `body` with the variable's value, which stays alive until it returns.
void read_variable(Call& call, int input, const std::function<void(const View& value)>& body);

// Calls `body` with the variable locked; it queues work that computes `fresh` from `current`. Both
// are the same memory when nobody else reads the variable.
void update_variable(Call& call, int input,
                     const std::function<void(const View& current, const View& fresh)>& body);

}  // namespace tenon::tensorflow
