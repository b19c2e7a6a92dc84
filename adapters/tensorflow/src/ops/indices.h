// SPDX-License-Identifier: Apache-2.0
//
// Indices as TensorFlow reads them: counted from the start alone.
#pragma once

#include "ops/call.h"
#include "ops/node.h"

namespace tenon::tensorflow {

// Indices for operators, to which negative ones count from the end: those become the largest of
// their type, which is out of range of every tensor and fails the work.
View positions(NodeCall& call, const View& indices);

// Throws for a node that wants indices out of range left out in silence.
void require_strict_indices(const Node& node);

}  // namespace tenon::tensorflow
