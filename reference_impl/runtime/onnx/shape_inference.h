// SPDX-License-Identifier: Apache-2.0
//
// Output types and dims of one node, from the concrete dims of its inputs: ONNX's own inference
// rules, applied node by node at run time, so that dims which depend on values are exact.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tenon/tenon.h"

namespace onnx {
class NodeProto;
class OpSchema;
}  // namespace onnx

namespace tenon::runtime::onnx_import {

struct InferenceInput {
  tn_dtype dtype = TN_DTYPE_UNDEFINED;  // Undefined: not there.
  std::span<const int64_t> dims;
  const void* host_data = nullptr;  // Dense values, where they are in host memory.
};

constexpr int64_t kUnknownDim = INT64_MIN;

struct InferredOutput {
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  std::vector<int64_t> dims;  // kUnknownDim where the data decides. Others may be wrong: negative.
};

// The last results are kept, by dims and by values of small host inputs. Not thread-safe.
class ShapeInference {
 public:
  ShapeInference(const onnx::NodeProto& node, const onnx::OpSchema& schema);
  ~ShapeInference();

  // Throws Error (TN_INVALID_ARGUMENT) when the inputs do not fit the operator. The result is valid
  // until the next call.
  std::span<const InferredOutput> outputs(std::span<const InferenceInput> inputs);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tenon::runtime::onnx_import
