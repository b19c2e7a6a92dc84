// SPDX-License-Identifier: Apache-2.0
//
// The shape rules of operators: which dims the inputs may have and which the outputs then have.
// Every device that is built on this core asks here from Kernel::check(), so a launch is checked
// and a question for dims answered by one text. Where the rule is a line (all dims are those of the
// first input, the inputs broadcast) kernels ask shape.h themselves.
//
// All throw TN_INVALID_ARGUMENT with the dims. Values that decide dims are read when a host asks; a
// launch compares them in Kernel::run(), by the functions here that take values.
#pragma once

#include "tenon/device/operators/sizes.h"

namespace tenon::device {

// ---- Movement (operator_dims_movement.cc) ----

void check_concat(std::string_view op, const Arguments& a, int64_t axis);
void check_gather(std::string_view op, const Arguments& a, int64_t axis);
void check_gather_elements(std::string_view op, const Arguments& a, int64_t axis);
void check_gather_nd(std::string_view op, const Arguments& a, int64_t batch_dims);
void check_scatter_elements(std::string_view op, const Arguments& a, int64_t axis);
void check_scatter_nd(std::string_view op, const Arguments& a);
void check_index_add(std::string_view op, const Arguments& a, int64_t axis);
void check_embedding_grad(std::string_view op, const Arguments& a);
void check_non_zero(std::string_view op, const Arguments& a);
void check_one_hot(std::string_view op, const Arguments& a, int64_t axis);
void check_range(std::string_view op, const Arguments& a);
void check_top_k(std::string_view op, const Arguments& a, int64_t axis);
void check_trilu(std::string_view op, const Arguments& a);

void check_pad(std::string_view op, const Arguments& a);
// What `pads` and `axes` make of the input's dims, into `dims`, and how much is in front of each.
void padded_dims(std::string_view op, const Arguments& a, int64_t* front, int64_t* dims);

void check_tile(std::string_view op, const Arguments& a);
[[noreturn]] void throw_repeat(std::string_view op, int64_t repeats, int32_t d);
// What dim `d` of the input becomes.
inline int64_t tiled_dim(std::string_view op, const View& input, int32_t d, int64_t repeats) {
  if (repeats < 0) throw_repeat(op, repeats, d);
  return saturating_multiply(repeats, input.dims[d]);
}

// ---- Reductions (operator_dims_reduction.cc) ----

// Without the axis, or with 1 in its place.
void check_arg_reduction(std::string_view op, const Arguments& a, int64_t axis, bool keepdims);

// A reduction over the axes in input 1. `noop`: no axes reduce nothing.
void check_reduction(std::string_view op, const Arguments& a, bool keepdims, bool noop);
// Bit d: dim d of the data is reduced.
uint32_t reduced_axes(std::string_view op, const View& axes, int32_t rank, bool noop);
// The dims that are left, in `dims`, which is of TN_MAX_RANK.
inline std::span<const int64_t> reduced_dims(const View& data, uint32_t axes, bool keepdims,
                                             int64_t* dims) {
  size_t rank = 0;
  for (int32_t d = 0; d < data.rank; ++d) {
    const bool reduced = axes >> d & 1;
    if (!reduced || keepdims) dims[rank++] = reduced ? 1 : data.dims[d];
  }
  return {dims, rank};
}

// ---- Normalization and pooling (operator_dims_norm.cc) ----

void check_batch_norm(std::string_view op, const Arguments& a);
void check_batch_norm_training(std::string_view op, const Arguments& a);
void check_batch_norm_grad(std::string_view op, const Arguments& a);
void check_layer_norm(std::string_view op, const Arguments& a, int64_t axis);
void check_layer_norm_grad(std::string_view op, const Arguments& a, int64_t axis);

void check_global_pool(std::string_view op, const Arguments& a);
// The caller alone decides dX.
void check_max_pool_grad(std::string_view op, const Arguments& a);

// ---- Losses (operator_dims_loss.cc) ----

// `sparse`: labels are indices.
void check_cross_entropy(std::string_view op, const Arguments& a, bool sparse);

enum class LossReduction : int32_t { kNone, kSum, kMean };
LossReduction loss_reduction(const Description& d);  // Of its attribute "reduction".
void check_nll_loss(std::string_view op, const Arguments& a, LossReduction reduction);
void check_nll_loss_grad(std::string_view op, const Arguments& a, LossReduction reduction);

}  // namespace tenon::device
