// SPDX-License-Identifier: Apache-2.0
//
// One launch of a case's kernel: on tensors of its own between guards, with a workspace full of
// garbage, and everything checked that it may write and that it may not.
#pragma once

#include "suite/compare.h"
#include "suite/described.h"

namespace tenon::conformance {

struct LaunchOptions {
  // Elements behind an aligned place that tensors start at, where no alignment was promised.
  uint64_t shift = 0;
  unsigned char garbage = 0xff;
  bool alone = true;  // No other thread takes memory of the device meanwhile.
};

struct Launched {
  Verdict worst;               // Over all outputs.
  std::vector<Bytes> outputs;  // Memory that holds them, for comparison bit by bit.
  const Buffer* workspace = nullptr;
};

// `data`: a case of the same description, whose values and results are used. What queued work uses
// of the host belongs to the keeper: each line may end the test. May be called from any thread.
Launched launch_case(Keeper& keeper, const Described& described, const OperatorCase& data,
                     const Stream& stream, const Kernel& kernel, const LaunchOptions& options);

// Asks for the dims of a case's outputs, without a buffer or an output, and compares them. Says
// false when the device does not answer such questions.
bool ask_dims(const Described& described, const Kernel& kernel);

}  // namespace tenon::conformance
