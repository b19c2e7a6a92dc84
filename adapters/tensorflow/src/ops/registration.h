// SPDX-License-Identifier: Apache-2.0
//
// The table of ops: one row an op, all served by one create/compute/delete triple.
#pragma once

#include <functional>
#include <vector>

#include "ops/call.h"
#include "ops/node.h"
#include "ops/types.h"

namespace tenon::tensorflow {

using Compute = std::function<void(NodeCall&)>;

struct TypeConstraint {
  const char* attribute;  // "T"
  Types types;
};

struct Row {
  const char* op;
  // One registration a combination. Attributes not named accept every type.
  std::vector<TypeConstraint> types;
  std::vector<const char*> host;  // Arguments that the op wants in host memory.
  // Reads the attributes once a node; what it returns runs once a call, on several threads.
  std::function<Compute(const Node&)> prepare;
};

using Rows = std::vector<Row>;

void add_elementwise(Rows& rows);
void add_gradients(Rows& rows);
void add_comparisons(Rows& rows);
void add_reductions(Rows& rows);
void add_contractions(Rows& rows);
void add_einsum(Rows& rows);
void add_convolutions(Rows& rows);
void add_pooling(Rows& rows);
void add_normalization(Rows& rows);
void add_movement(Rows& rows);
void add_slicing(Rows& rows);
void add_indexing(Rows& rows);
void add_creation(Rows& rows);
void add_losses(Rows& rows);
void add_random(Rows& rows);
void add_variables(Rows& rows);
void add_optimizers(Rows& rows);

// Builds the table; throws when a row names an operator that the runtime does not know.
void prepare_kernels();
// Registers all rows with TensorFlow.
void register_kernels();

}  // namespace tenon::tensorflow
