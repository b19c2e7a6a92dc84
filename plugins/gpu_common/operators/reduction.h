// SPDX-License-Identifier: Apache-2.0
//
// The engine of all reductions: kernels/reduce.cl seen from the host.
#pragma once

#include "plugins/gpu_common/kernel.h"

namespace tenon::gpu {

class Reduction {
 public:
  // Numbers as in kernels/reduction.h.
  enum class Op : int {
    kSum = 0,
    kSumSquare,
    kSumAbsolute,
    kProduct,
    kMax,
    kMin,
    kLogSumExp,
    kVariance,
    kDot,
    kArgMax,
    kArgMin
  };
  // As in kernels/reduce.cl.
  enum class Finish : int { kValue = 0, kMean, kRoot, kTruth };

  // `last`: of equal extremes the last one.
  Reduction(const Description& description, Op op, Finish finish, tn_dtype dtype,
            bool last = false);

  // Which elements are reduced to which results, and where these go.
  struct Task {
    View x, y;                            // y only with kDot.
    uint32_t axes = 0;                    // Bit d: dim d of x is reduced.
    View out, out2;                       // Of which only data and presence count.
    int64_t out_steps[TN_MAX_RANK] = {};  // For each dim of x, in elements; 0 in reduced dims.
    int64_t out2_steps[TN_MAX_RANK] = {};
    double extra = 0;           // The correction of a variance.
    uint64_t shift_offset = 0;  // With kDot: of one accumulator for each result, in the workspace.
    uint64_t workspace_offset = 0;
  };

  // Parts of each result, of which the states lie in the workspace: [result][part]. Depends on
  // these numbers alone.
  int64_t parts(int64_t results, int64_t elements) const;
  uint64_t workspace_size(int64_t results, int64_t elements) const;
  void enqueue(const Task& task, const Arguments& arguments, Queue& queue) const;

  // For callers that join the parts themselves: states are written even where there is one part.
  uint64_t states_size(int64_t results, int64_t elements) const;
  void enqueue_states(const Task& task, const Arguments& arguments, Queue& queue) const;

  // float64 or float32; the definition of A.
  static tn_dtype accumulator(const Limits& limits);
  // The definitions that kernels need which use reduction.h.
  static std::string definitions(const Limits& limits, Op op, tn_dtype dtype);

 private:
  void run(const Task& task, bool states, const Arguments& arguments, Queue& queue) const;

  const Limits& limits_;
  const tn_dtype dtype_;
  const Op op_;
  const Function& rows_;
  const Function& columns_;
  const Function& join_;
};

}  // namespace tenon::gpu
