// SPDX-License-Identifier: Apache-2.0
//
// The ops that the running TensorFlow knows.
#pragma once

#include <string>
#include <vector>

namespace tenon::tensorflow {

struct OpArguments {
  std::string op;
  std::vector<std::string> inputs;  // Names.
  std::vector<std::string> outputs;
  bool resource = false;  // Whether an input is a resource.
};

std::vector<OpArguments> all_ops();

}  // namespace tenon::tensorflow
