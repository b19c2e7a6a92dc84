// SPDX-License-Identifier: Apache-2.0
//
// Tensors on a device and what tests do with them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/context.h"

namespace tenon::runtime {

using Dims = std::vector<int64_t>;

// Memory of a device with a dense shape; freed with the object.
class Tensor {
 public:
  // A template, so that no braced list of dims is taken for a type.
  template <class Type>
  Tensor(ManagedDevice& device, Type dtype, Dims dims, Stream* stream = nullptr)
      : Tensor(device, std::move(dims), stream, static_cast<tn_dtype>(dtype)) {}
  Tensor(ManagedDevice& device, Dims dims, const std::vector<float>& values);
  Tensor(Tensor&& other) noexcept;
  ~Tensor();

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  const Dims& dims() const { return dims_; }
  // The whole, or a view that starts `offset` elements in.
  Argument argument() const { return Argument::device(data_, dtype_, dims_); }
  Argument view(const Dims& dims, const Dims& strides, int64_t offset = 0) const {
    views_.push_back(dims);
    const Dims& kept = views_.emplace_back(strides);
    return Argument::device(static_cast<std::byte*>(data_) + offset * element_size(), dtype_,
                            *std::prev(views_.end(), 2), kept.data());
  }

  void write(const std::vector<float>& values);
  // Waits for the default stream.
  std::vector<float> read() const;

 private:
  Tensor(ManagedDevice& device, Dims dims, Stream* stream, tn_dtype dtype);
  int64_t element_size() const { return tn_dtype_bits(dtype_) / 8; }

  ManagedDevice& device_;
  tn_dtype dtype_;
  Dims dims_;
  size_t bytes_;
  void* data_;
  mutable std::list<Dims> views_;  // What arguments point to.
};

inline Argument host_float(const float& value) { return Argument::host(&value, TN_FLOAT32); }
inline Argument host_double(const double& value) { return Argument::host(&value, TN_FLOAT64); }

// 0, 1, 2, ... as floats.
std::vector<float> counting(size_t count, float first = 0);

// Each test runs in each memory mode of the reference device.
class DeviceTest : public testing::TestWithParam<const char*> {
 protected:
  DeviceTest() : context_(Context::create({GetParam()})), device_(context_->device(0)) {}

  Stream& stream() { return device_.default_stream(); }
  void run(const Operation& operation, std::vector<Argument> inputs,
           std::vector<Argument> outputs) {
    device_.run(operation, inputs, outputs, stream());
  }
  uint64_t copies(const std::string& name) {
    for (const OperatorCount& row : device_.operator_counts()) {
      if (row.name == name) return row.copies;
    }
    return 0;
  }

  std::unique_ptr<Context> context_;
  ManagedDevice& device_;
};

constexpr const char* kMemoryModes[] = {"cpu", "cpu?memory=discrete", "cpu?memory=mapped"};
std::string mode_name(const testing::TestParamInfo<const char*>& info);

#define TENON_IN_ALL_MEMORY_MODES(suite) \
  INSTANTIATE_TEST_SUITE_P(Modes, suite, testing::ValuesIn(kMemoryModes), mode_name)

}  // namespace tenon::runtime
