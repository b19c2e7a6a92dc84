// SPDX-License-Identifier: Apache-2.0
//
// The families of operators, one function in each file of operators/.
#pragma once

#include <span>

#include "tenon/device/platform.h"

namespace tenon::gpu {

// Every family, with the outputs that may replace inputs: for Platform::families.
std::span<const device::Family> families();

const device::Layouts& layouts();

using Rows = std::span<const device::OperatorEntry>;

Rows copy_operators();    // Identity
Rows cast_operators();    // Cast
Rows fill_operators();    // tenon.Fill
Rows unary_operators();   // Relu, Exp, Neg, ...
Rows binary_operators();  // Add, Div, Mod, And, ...
Rows compare_operators();
Rows select_operators();            // Where, Clip
Rows ternary_operators();           // tenon.Lerp, AddCMul, ...
Rows elementwise_grad_operators();  // tenon.ReluGrad, ...
Rows matmul_operators();            // MatMul, Gemm, tenon.ScaledGemm
Rows conv_operators();              // Conv
Rows conv_grad_operators();         // tenon.ConvGradInput, tenon.ConvGradWeight
Rows max_pool_operators();
Rows average_pool_operators();
Rows global_pool_operators();
Rows softmax_operators();
Rows layer_norm_operators();
Rows batch_norm_operators();
Rows reduce_operators();
Rows argreduce_operators();
Rows cumulative_operators();
Rows topk_operators();
Rows gather_operators();
Rows scatter_operators();
Rows shape_operators();     // Reshape, Transpose, Slice, Expand, Concat, Split, Shape, ...
Rows pad_operators();       // Pad
Rows tile_operators();      // Tile
Rows sequence_operators();  // Range, ConstantOfShape, OneHot, Trilu
Rows nonzero_operators();
Rows loss_operators();
Rows optimizer_operators();
Rows random_operators();
Rows dropout_operators();

}  // namespace tenon::gpu
