// SPDX-License-Identifier: Apache-2.0
//
// The kernels of the operators of images, by file.
#pragma once

#include <memory>

#include "reference_impl/cpu/kernels/kernel.h"

namespace tenon::cpu {

std::unique_ptr<Kernel> create_resize(const Description&);
std::unique_ptr<Kernel> create_resize_grad(const Description&);
std::unique_ptr<Kernel> create_instance_norm(const Description&);
std::unique_ptr<Kernel> create_local_response(const Description&);
std::unique_ptr<Kernel> create_lp_pool(const Description&);
std::unique_ptr<Kernel> create_global_lp_pool(const Description&);
std::unique_ptr<Kernel> create_max_unpool(const Description&);
std::unique_ptr<Kernel> create_depth_to_space(const Description&);
std::unique_ptr<Kernel> create_space_to_depth(const Description&);
std::unique_ptr<Kernel> create_grid_sample(const Description&);
std::unique_ptr<Kernel> create_roi_align(const Description&);
std::unique_ptr<Kernel> create_max_roi_pool(const Description&);
std::unique_ptr<Kernel> create_non_max_suppression(const Description&);
std::unique_ptr<Kernel> create_col2im(const Description&);
std::unique_ptr<Kernel> create_deform_conv(const Description&);

}  // namespace tenon::cpu
