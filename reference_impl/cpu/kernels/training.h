// SPDX-License-Identifier: Apache-2.0
//
// The makers of the kernels of spec/ops/training.yaml.
#pragma once

#include <memory>

#include "reference_impl/cpu/kernels/kernel.h"

namespace tenon::cpu {

std::unique_ptr<Kernel> create_nll_loss(const Description& description);
std::unique_ptr<Kernel> create_nll_loss_grad(const Description& description);
std::unique_ptr<Kernel> create_sparse_softmax_cross_entropy(const Description& description);
std::unique_ptr<Kernel> create_softmax_cross_entropy(const Description& description);
std::unique_ptr<Kernel> create_adamw(const Description& description);
std::unique_ptr<Kernel> create_sgd_momentum(const Description& description);

}  // namespace tenon::cpu
