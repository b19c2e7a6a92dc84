// SPDX-License-Identifier: Apache-2.0
//
// The ops and kernels that the running TensorFlow has.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace tenon::tensorflow {

struct OpInfo {
  std::string op;
  std::vector<std::string> inputs;  // Names.
  std::vector<std::string> outputs;
  bool resource = false;  // Whether an input is a resource.
  // Computes outputs from inputs and nothing else: no state, no function to call, and no argument
  // that is text, a handle or a list of mixed types.
  bool pure = true;
};

std::vector<OpInfo> all_ops();

// Type attribute -> the type that a kernel is for. Attributes not named accept every type.
using KernelTypes = std::map<std::string, int32_t>;

// The kernels of one op for the CPU, and those for any device.
struct OpKernels {
  std::vector<KernelTypes> cpu;
  std::vector<KernelTypes> any_device;
};

std::map<std::string, OpKernels> all_kernels();

}  // namespace tenon::tensorflow
