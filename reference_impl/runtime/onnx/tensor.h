// SPDX-License-Identifier: Apache-2.0
//
// A value while a model runs: a strided view of memory that it shares with other views.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/device.h"
#include "runtime/model.h"

namespace tenon::runtime::onnx_import {

// An allocation of a device's pool, given back in stream order when the last view is gone.
class Memory {
 public:
  Memory(ManagedDevice& device, size_t bytes, Stream& stream)
      : device_(device), address_(static_cast<std::byte*>(device.allocate(bytes, stream))) {}
  ~Memory() {
    if (address_ != nullptr) device_.deallocate(address_);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  std::byte* address() const { return address_; }

 private:
  ManagedDevice& device_;
  std::byte* address_;
};

struct Tensor {
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  std::vector<int64_t> dims;
  std::vector<int64_t> strides;  // In elements, always given.
  std::shared_ptr<Memory> memory;
  std::byte* address = nullptr;
  // In memory of the reference device, where the host reads it; else on the model's device.
  bool host = false;
  // Of a host value in the body of a loop: another in each iteration.
  bool varies = false;
  // In memory of a plan, which the plan's next run writes anew.
  bool borrowed = false;
  // Of a sequence: its tensors; then `dtype` is theirs, and there is nothing else.
  std::shared_ptr<const std::vector<Tensor>> items;
  // Of kStrings: the elements; then the tensor is dense, on the host, and has no memory.
  std::shared_ptr<const std::vector<std::string>> strings;

  bool present() const { return dtype != TN_DTYPE_UNDEFINED; }
  int64_t count() const;
  size_t bytes() const;  // Of the elements, packed densely.
  bool dense() const;
  Argument argument() const { return Argument::device(address, dtype, dims, strides.data()); }
};

std::vector<int64_t> dense_strides(std::span<const int64_t> dims);

Tensor string_tensor(std::vector<int64_t> dims, std::vector<std::string> strings);
Tensor sequence_of(tn_dtype dtype, std::vector<Tensor> items);

// An uninitialised dense tensor.
Tensor allocate_tensor(ManagedDevice& device, Stream& stream, tn_dtype dtype,
                       std::vector<int64_t> dims, bool host);

}  // namespace tenon::runtime::onnx_import
