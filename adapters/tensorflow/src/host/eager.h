// SPDX-License-Identifier: Apache-2.0
//
// TensorFlow's own CPU kernels for what a Tenon device has none: ops run one by one in an eager
// context of their own that knows the CPU alone. TensorFlow's C API only.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ops/node.h"
#include "tensorflow/c/eager/c_api.h"
#include "tensorflow/c/tf_tensor.h"

namespace tenon::tensorflow::host {

struct DeleteHandle {
  void operator()(TFE_TensorHandle* handle) const { TFE_DeleteTensorHandle(handle); }
};
struct DeleteTensor {
  void operator()(TF_Tensor* tensor) const { TF_DeleteTensor(tensor); }
};

using Handle = std::unique_ptr<TFE_TensorHandle, DeleteHandle>;
using Tensor = std::unique_ptr<TF_Tensor, DeleteTensor>;

// All functions throw OpError with TensorFlow's code and message.

Handle to_handle(const TF_Tensor* tensor);
Tensor to_tensor(const Handle& handle);

// Runs an op with a node's attributes.
std::vector<Handle> run(const Node& node, std::span<const TFE_TensorHandle* const> inputs,
                        int output_count);

// A resource variable that lives as long as its handle.
Handle make_variable(const TF_Tensor* value);
Tensor read_variable(const TFE_TensorHandle* variable, TF_DataType type);

}  // namespace tenon::tensorflow::host
