// SPDX-License-Identifier: Apache-2.0
//
// The makers of the kernels of spec/ops/pooling.yaml.
#pragma once

#include <memory>

#include "reference_impl/cpu/kernels/kernel.h"

namespace tenon::cpu {

std::unique_ptr<Kernel> create_max_pool(const Description& description);        // ONNX's indices.
std::unique_ptr<Kernel> create_max_pool_plane(const Description& description);  // tenon's.
std::unique_ptr<Kernel> create_max_pool_grad(const Description& description);
std::unique_ptr<Kernel> create_average_pool(const Description& description);
std::unique_ptr<Kernel> create_average_pool_grad(const Description& description);
std::unique_ptr<Kernel> create_global_average_pool(const Description& description);
std::unique_ptr<Kernel> create_global_max_pool(const Description& description);

}  // namespace tenon::cpu
