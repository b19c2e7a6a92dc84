// SPDX-License-Identifier: Apache-2.0
//
// The kernels of spec/ops/quantized.yaml, for the family's table.
#pragma once

#include <memory>

#include "reference_impl/cpu/kernels/kernel.h"

namespace tenon::cpu {

std::unique_ptr<Kernel> create_quantize_linear(const Description& d);
std::unique_ptr<Kernel> create_dequantize_linear(const Description& d);
std::unique_ptr<Kernel> create_dynamic_quantize_linear(const Description& d);
std::unique_ptr<Kernel> create_matmul_integer(const Description& d);
std::unique_ptr<Kernel> create_matmul_integer_to_float(const Description& d);
std::unique_ptr<Kernel> create_dynamic_quantize_matmul(const Description& d);
std::unique_ptr<Kernel> create_qlinear_matmul(const Description& d);
std::unique_ptr<Kernel> create_qgemm(const Description& d);
std::unique_ptr<Kernel> create_conv_integer(const Description& d);
std::unique_ptr<Kernel> create_qlinear_conv(const Description& d);
std::unique_ptr<Kernel> create_matmul_nbits(const Description& d);
std::unique_ptr<Kernel> create_qlinear_add(const Description& d);
std::unique_ptr<Kernel> create_qlinear_mul(const Description& d);
std::unique_ptr<Kernel> create_qlinear_concat(const Description& d);
std::unique_ptr<Kernel> create_qlinear_sigmoid(const Description& d);
std::unique_ptr<Kernel> create_qlinear_leaky_relu(const Description& d);
std::unique_ptr<Kernel> create_qlinear_average_pool(const Description& d);
std::unique_ptr<Kernel> create_qlinear_global_average_pool(const Description& d);

// DynamicQuantizeLinear's scale and zero point of a float32 tensor.
struct DynamicScale {
  float scale;
  int32_t zero;
};
DynamicScale dynamic_scale(const View& x, const Execution& execution);

}  // namespace tenon::cpu
