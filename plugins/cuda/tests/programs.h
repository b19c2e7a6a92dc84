// SPDX-License-Identifier: Apache-2.0
//
// What is to be compiled of plugins/gpu_common/kernels. A kernel file says with which definitions:
//
//     // compile: -DT={float,double} -DRANK=2
//
// a line for each set; braces stand for one program a word. Without such lines it is one program
// without definitions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenon::cuda::testing {

struct Program {
  std::string source;  // "fill"
  std::string definitions;
};

std::vector<Program> all_programs();

// "-DT={a,b}" -> "-DT=a", "-DT=b". Throws std::runtime_error for a brace that does not end.
std::vector<std::string> expand(std::string_view definitions);

}  // namespace tenon::cuda::testing
