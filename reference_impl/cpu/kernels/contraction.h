// SPDX-License-Identifier: Apache-2.0
//
// The makers of the kernels of spec/ops/contraction.yaml.
#pragma once

#include <memory>

#include "reference_impl/cpu/kernels/kernel.h"

namespace tenon::cpu {

std::unique_ptr<Kernel> create_matmul(const Description& description);
std::unique_ptr<Kernel> create_gemm(const Description& description);
std::unique_ptr<Kernel> create_scaled_gemm(const Description& description);
std::unique_ptr<Kernel> create_conv(const Description& description);
std::unique_ptr<Kernel> create_fused_conv(const Description& description);
std::unique_ptr<Kernel> create_fused_matmul(const Description& description);
std::unique_ptr<Kernel> create_conv_grad_input(const Description& description);
std::unique_ptr<Kernel> create_conv_transpose(const Description& description);
std::unique_ptr<Kernel> create_conv_grad_weight(const Description& description);

}  // namespace tenon::cpu
