// SPDX-License-Identifier: Apache-2.0
//
// Memory for values, calls on them, and their ways between the device, the host and the caller.
#include <cstring>

#include "runtime/onnx/executor.h"
#include "runtime/onnx/executor_parts.h"

namespace tenon::runtime::onnx_import {
namespace {

const Operation& identity() {
  static const Operation operation{"Identity"};
  return operation;
}

void check_memory(const ManagedDevice& device, const Tensor& tensor) {
  const uint64_t most = device.info().total_memory;
  if (most == 0 || tensor.bytes() <= most) return;
  throw Error(TN_OUT_OF_DEVICE_MEMORY, "",
              "a tensor of dims " + dims_text(tensor.dims) + " needs " +
                  std::to_string(tensor.bytes()) + " bytes; " + device.spec() + " has " +
                  std::to_string(most));
}

}  // namespace

Tensor Executor::allocate(tn_dtype dtype, std::vector<int64_t> dims, bool host) {
  Tensor planned;
  planned.dtype = dtype;
  planned.dims = dims;
  check_memory(host ? reference_ : device_, planned);
  if (host) return allocate_tensor(reference_, *host_stream_, dtype, std::move(dims), true);
  if (recording_ != nullptr) return recording_->allocate(dtype, std::move(dims));
  return allocate_tensor(device_, *stream_, dtype, std::move(dims), false);
}

Ran Executor::run_on(bool host, const Operation& operation, std::span<const Argument> inputs,
                     std::span<const Tensor> input_tensors, std::span<const Argument> outputs,
                     std::span<const Tensor> output_tensors) {
  if (host) return reference_.run(operation, inputs, outputs, *host_stream_);
  if (recording_ == nullptr) return device_.run(operation, inputs, outputs, *stream_);
  const std::string domain(operation.domain());
  const bool own = node_ != nullptr && node_->op_type == (domain.empty() ? "" : domain + ".") +
                                                             std::string(operation.name());
  recording_->record(node_ != nullptr ? label(*node_) : "an output of the model",
                     own ? node_->op_type : "", operation, inputs, input_tensors, outputs,
                     output_tensors);
  return Ran::kDevice;  // The plan counts what turns out otherwise.
}

Tensor Executor::host_vector(std::span<const int64_t> values) {
  Tensor tensor = allocate_tensor(reference_, *host_stream_, TN_INT64,
                                  {static_cast<int64_t>(values.size())}, true);
  if (!values.empty()) std::memcpy(tensor.address, values.data(), values.size_bytes());
  return tensor;
}

Tensor Executor::dense(const Tensor& tensor) {
  if (tensor.dense()) return tensor;
  Tensor copy = allocate(tensor.dtype, tensor.dims, tensor.host);
  const Argument in = tensor.argument();
  const Argument out = copy.argument();
  run_on(tensor.host, identity(), {&in, 1}, {&tensor, 1}, {&out, 1}, {&copy, 1});
  return copy;
}

Tensor Executor::on_device(const Tensor& tensor) {
  if (!tensor.host) return tensor;
  const Tensor source = dense(tensor);
  Tensor copy = allocate_tensor(device_, *stream_, tensor.dtype, tensor.dims, false);
  if (copy.address != nullptr) {
    device_.copy_to_device(copy.address, source.address, source.bytes(), *stream_);
    shared_->in_flight.push_back(source);
  }
  return copy;
}

Tensor Executor::on_host(const Tensor& tensor) {
  if (tensor.host) return tensor;
  if (recording_ != nullptr && Recording::is_recorded(tensor)) throw DependsOnValues();
  const Tensor source = dense(tensor);
  if (recording_ != nullptr && Recording::is_recorded(source)) throw DependsOnValues();
  Tensor copy = allocate_tensor(reference_, *host_stream_, tensor.dtype, tensor.dims, true);
  if (copy.address != nullptr) {
    device_.copy_to_host(copy.address, source.address, source.bytes(), *stream_);
    stream_->synchronize();
  }
  return copy;
}

Tensor Executor::bring(const HostTensor& tensor, bool host) {
  if (tensor.items) {
    std::vector<Tensor> items;
    for (const HostTensor& item : *tensor.items) items.push_back(bring(item, host));
    return sequence_of(tensor.dtype, std::move(items));
  }
  if (tensor.dtype == kStrings) return string_tensor(tensor.dims, tensor.strings);
  if (!tensor.present()) return {};
  Tensor copy = allocate_tensor(host ? reference_ : device_, host ? *host_stream_ : *stream_,
                                tensor.dtype, tensor.dims, host);
  if (copy.address == nullptr) return copy;
  if (host)
    std::memcpy(copy.address, tensor.data.data(), tensor.data.size());
  else  // `tensor` belongs to the caller of run(), which ends with a synchronize.
    device_.copy_to_device(copy.address, tensor.data.data(), tensor.data.size(), *stream_);
  return copy;
}

HostTensor Executor::take(const Tensor& tensor) {
  HostTensor result;
  if (tensor.items != nullptr) {
    result.dtype = tensor.dtype;
    result.items.emplace();
    for (const Tensor& item : *tensor.items) result.items->push_back(take(item));
    return result;
  }
  if (!tensor.present()) return result;
  const Tensor source = dense(tensor);
  if (tensor.strings != nullptr) result.strings = *tensor.strings;
  result.dtype = source.dtype;
  result.dims = source.dims;
  result.data.resize(source.bytes());
  if (!result.data.empty() && source.host)
    std::memcpy(result.data.data(), source.address, result.data.size());
  else if (!result.data.empty())
    device_.copy_to_host(result.data.data(), source.address, result.data.size(), *stream_);
  stream_->synchronize();
  return result;
}

}  // namespace tenon::runtime::onnx_import
