// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpu_common/families.h"

#include <vector>

namespace tenon::gpu {

std::span<const device::Family> families() {
  // With the operators whose outputs may replace an input: those that have read an element before
  // they write it. Elementwise ones have then read it of all inputs.
  static const std::vector<device::Family> all = {
      {copy_operators, {{"Identity"}}},
      {cast_operators, {}},
      {fill_operators, {}},
      {unary_operators, {{"*"}}},
      {binary_operators, {{"*", 0, true}}},
      {compare_operators, {}},
      {select_operators, {{"*", 0, true}}},
      {ternary_operators, {{"*", 0, true}}},
      {elementwise_grad_operators, {{"*", 0, true}}},
      {matmul_operators, {}},
      {conv_operators, {}},
      {conv_grad_operators, {}},
      {max_pool_operators, {}},
      {average_pool_operators, {}},
      {global_pool_operators, {}},
      {softmax_operators, {}},
      {layer_norm_operators, {}},
      {batch_norm_operators, {{"BatchNormTraining", 3}}},
      {reduce_operators, {}},
      {argreduce_operators, {}},
      {cumulative_operators, {}},
      {topk_operators, {}},
      {gather_operators, {}},
      {scatter_operators, {{"ScatterElements"}, {"IndexAdd"}}},
      {shape_operators, {}},
      {pad_operators, {}},
      {tile_operators, {}},
      {sequence_operators, {}},
      {nonzero_operators, {}},
      {loss_operators, {}},
      {optimizer_operators, {{"*"}}},
      {random_operators, {}},
      {dropout_operators, {}},
  };
  return all;
}

}  // namespace tenon::gpu
