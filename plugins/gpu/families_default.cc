// SPDX-License-Identifier: Apache-2.0
//
// Empty families, so that the plugins link with any subset of operators/.
#include "plugins/gpu/families.h"

#define TENON_EMPTY_FAMILY(name) \
  __attribute__((weak)) Rows name() { return {}; }

namespace tenon::gpu {

TENON_EMPTY_FAMILY(copy_operators)
TENON_EMPTY_FAMILY(cast_operators)
TENON_EMPTY_FAMILY(fill_operators)
TENON_EMPTY_FAMILY(unary_operators)
TENON_EMPTY_FAMILY(binary_operators)
TENON_EMPTY_FAMILY(compare_operators)
TENON_EMPTY_FAMILY(select_operators)
TENON_EMPTY_FAMILY(ternary_operators)
TENON_EMPTY_FAMILY(elementwise_grad_operators)
TENON_EMPTY_FAMILY(matmul_operators)
TENON_EMPTY_FAMILY(conv_operators)
TENON_EMPTY_FAMILY(conv_grad_operators)
TENON_EMPTY_FAMILY(max_pool_operators)
TENON_EMPTY_FAMILY(average_pool_operators)
TENON_EMPTY_FAMILY(global_pool_operators)
TENON_EMPTY_FAMILY(softmax_operators)
TENON_EMPTY_FAMILY(layer_norm_operators)
TENON_EMPTY_FAMILY(batch_norm_operators)
TENON_EMPTY_FAMILY(reduce_operators)
TENON_EMPTY_FAMILY(argreduce_operators)
TENON_EMPTY_FAMILY(cumulative_operators)
TENON_EMPTY_FAMILY(topk_operators)
TENON_EMPTY_FAMILY(gather_operators)
TENON_EMPTY_FAMILY(scatter_operators)
TENON_EMPTY_FAMILY(shape_operators)
TENON_EMPTY_FAMILY(pad_operators)
TENON_EMPTY_FAMILY(tile_operators)
TENON_EMPTY_FAMILY(sequence_operators)
TENON_EMPTY_FAMILY(nonzero_operators)
TENON_EMPTY_FAMILY(loss_operators)
TENON_EMPTY_FAMILY(optimizer_operators)
TENON_EMPTY_FAMILY(random_operators)
TENON_EMPTY_FAMILY(dropout_operators)

}  // namespace tenon::gpu
