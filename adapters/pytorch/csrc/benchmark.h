// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace tenon::pytorch {

// Nanoseconds a call, over `calls` of each, of parts of torch.add(a, b, out=c) on four floats:
//   total      at::add_out on the current tenon device, from C++ in inference mode
//   run        ManagedDevice::run alone, with the arguments already built
//   arguments  building the three arguments
//   address    resolving the three addresses
//   cpu        at::add_out on torch's CPU
std::map<std::string, double> benchmark_add(int64_t calls);

}  // namespace tenon::pytorch
