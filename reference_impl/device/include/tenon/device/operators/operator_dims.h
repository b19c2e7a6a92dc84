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
