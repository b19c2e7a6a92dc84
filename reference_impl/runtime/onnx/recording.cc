// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/recording.h"

#include <iterator>

#include "tenon/tenon.hpp"

namespace tenon::runtime::onnx_import {
namespace {

// Beyond every address of a process on the machines that there are: bit 62 is never set in one.
constexpr uint64_t kBase = uint64_t{1} << 62;
constexpr uint64_t kGap = 4096;

}  // namespace

int64_t RecordedArgument::count() const { return element_count(dims); }

bool RecordedArgument::dense() const {
  int64_t expected = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    if (dims[i] == 0) return true;
    if (dims[i] != 1 && strides[i] != expected) return false;
    expected *= dims[i];
  }
  return true;
}

Tensor Recording::allocate(tn_dtype dtype, std::vector<int64_t> dims) {
  Tensor tensor;
  tensor.dtype = dtype;
  tensor.strides = dense_strides(dims);
  tensor.dims = std::move(dims);
  const uint64_t bytes = tensor.bytes();
  if (bytes == 0) return tensor;
  if (next_ == nullptr) next_ = reinterpret_cast<std::byte*>(kBase);
  tensor.address = next_;
  next_ += (bytes + 2 * kGap - 1) / kGap * kGap;
  recorded_.emplace(tensor.address, static_cast<RecordedValue>(values_.size()));
  values_.push_back({dtype, tensor.dims, bytes, tensor.address, {}});
  return tensor;
}

bool Recording::is_recorded(const Tensor& tensor) {
  return reinterpret_cast<uint64_t>(tensor.address) >= kBase;
}

RecordedArgument Recording::locate(const Tensor& tensor) {
  RecordedArgument argument;
  argument.kind = Argument::Kind::kDevice;
  argument.dtype = tensor.dtype;
  argument.dims = tensor.dims;
  argument.strides = tensor.strides;
  if (tensor.address == nullptr || tensor.count() == 0) return argument;
  if (is_recorded(tensor)) {
    const auto found = std::prev(recorded_.upper_bound(tensor.address));
    argument.value = found->second;
    argument.offset = static_cast<uint64_t>(tensor.address - found->first);
    return argument;
  }
  // Each view of a constant is a value of its own: it may be packed.
  const auto [found, inserted] = constants_.try_emplace(
      {tensor.address, tensor.dims, tensor.strides}, static_cast<RecordedValue>(values_.size()));
  if (inserted)
    values_.push_back({tensor.dtype, tensor.dims, tensor.bytes(), tensor.address, tensor});
  argument.value = found->second;
  return argument;
}

RecordedArgument Recording::convert(const Argument& argument, const Tensor& tensor) {
  if (argument.kind == Argument::Kind::kAbsent) return {};
  if (argument.kind == Argument::Kind::kDevice) return locate(tensor);
  RecordedArgument host;
  host.kind = Argument::Kind::kHost;
  host.dtype = argument.dtype;
  host.dims.assign(argument.dims, argument.dims + argument.rank);
  const uint64_t bits = static_cast<uint64_t>(host.count()) * tn_dtype_bits(argument.dtype);
  const auto* bytes = static_cast<const std::byte*>(argument.data);
  if (bits != 0) host.host.assign(bytes, bytes + (bits + 7) / 8);
  return host;
}

void Recording::record(std::string label, std::string op, const Operation& operation,
                       std::span<const Argument> inputs, std::span<const Tensor> input_tensors,
                       std::span<const Argument> outputs, std::span<const Tensor> output_tensors) {
  RecordedCall call{std::move(label), std::move(op), operation, {}, {}};
  for (size_t i = 0; i < inputs.size(); ++i)
    call.inputs.push_back(convert(inputs[i], input_tensors[i]));
  for (size_t i = 0; i < outputs.size(); ++i)
    call.outputs.push_back(convert(outputs[i], output_tensors[i]));
  calls_.push_back(std::move(call));
}

void Recording::add_output(Tensor tensor) {
  if (tensor.host)
    outputs_.push_back({std::move(tensor), {}});
  else
    outputs_.push_back({{}, locate(tensor)});
}

bool Recording::is_whole(const RecordedArgument& argument) const {
  if (argument.value == kNotRecorded || argument.offset != 0 || !argument.dense()) return false;
  const Value& value = values_[static_cast<size_t>(argument.value)];
  return argument.dims == value.dims && argument.dtype == value.dtype;
}

}  // namespace tenon::runtime::onnx_import
