// SPDX-License-Identifier: Apache-2.0
//
// What the validation layer says of the suite itself. With that layer between, a test in which it
// finds fault with something that the test did not mean to do wrong has failed.
#pragma once

#include <string>
#include <vector>

#include "tenon/tenon.hpp"

namespace tenon::conformance {

// Services for the loader: a log that collects what the validation layer says and hands the rest on
// to stderr. NULL where there is no such layer: then the loader's own are better.
const tn_host* complaining_host();

// What was said since the last call.
std::vector<std::string> take_complaints();

// While one lives, the calling thread does something that is to be refused: what the layer says of
// the calls that it refuses is no complaint. What it lets through with a warning remains one.
class Refusal {
 public:
  Refusal();
  ~Refusal();
  Refusal(const Refusal&) = delete;
  Refusal& operator=(const Refusal&) = delete;
};

}  // namespace tenon::conformance
