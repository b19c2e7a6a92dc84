// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/tensor.h"

namespace tenon::runtime {

int64_t HostTensor::count() const { return element_count(dims); }

namespace onnx_import {

int64_t Tensor::count() const { return element_count(dims); }

size_t Tensor::bytes() const {
  return (static_cast<size_t>(count()) * tn_dtype_bits(dtype) + 7) / 8;
}

bool Tensor::dense() const {
  int64_t expected = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    if (dims[i] == 0) return true;
    if (dims[i] != 1 && strides[i] != expected) return false;
    expected *= dims[i];
  }
  return true;
}

std::vector<int64_t> dense_strides(std::span<const int64_t> dims) {
  std::vector<int64_t> strides(dims.size());
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= dims[i];
  }
  return strides;
}

Tensor string_tensor(std::vector<int64_t> dims, std::vector<std::string> strings) {
  Tensor tensor;
  tensor.dtype = kStrings;
  tensor.strides = dense_strides(dims);
  tensor.dims = std::move(dims);
  tensor.host = true;
  tensor.strings = std::make_shared<const std::vector<std::string>>(std::move(strings));
  return tensor;
}

Tensor sequence_of(tn_dtype dtype, std::vector<Tensor> items) {
  Tensor sequence;
  sequence.dtype = dtype;
  sequence.items = std::make_shared<const std::vector<Tensor>>(std::move(items));
  return sequence;
}

Tensor allocate_tensor(ManagedDevice& device, Stream& stream, tn_dtype dtype,
                       std::vector<int64_t> dims, bool host) {
  Tensor tensor;
  tensor.dtype = dtype;
  tensor.strides = dense_strides(dims);
  tensor.dims = std::move(dims);
  tensor.host = host;
  tensor.memory = std::make_shared<Memory>(device, tensor.bytes(), stream);
  tensor.address = tensor.memory->address();
  return tensor;
}

}  // namespace onnx_import
}  // namespace tenon::runtime
