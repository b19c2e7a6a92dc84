// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <numeric>
#include <utility>

namespace tenon::runtime {
namespace {

size_t dense_bytes(tn_dtype dtype, const Dims& dims) {
  size_t bits = tn_dtype_bits(dtype);
  for (int64_t dim : dims) bits *= static_cast<size_t>(dim);
  return (bits + 7) / 8;
}

}  // namespace

Tensor::Tensor(ManagedDevice& device, Dims dims, Stream* stream, tn_dtype dtype)
    : device_(device), dtype_(dtype), dims_(std::move(dims)), bytes_(dense_bytes(dtype, dims_)) {
  data_ = device.allocate(bytes_, stream != nullptr ? *stream : device.default_stream());
}

Tensor::Tensor(ManagedDevice& device, Dims dims, const std::vector<float>& values)
    : Tensor(device, TN_FLOAT32, std::move(dims)) {
  write(values);
}

Tensor::Tensor(Tensor&& other) noexcept
    : device_(other.device_),
      dtype_(other.dtype_),
      dims_(std::move(other.dims_)),
      bytes_(other.bytes_),
      data_(std::exchange(other.data_, nullptr)) {}

Tensor::~Tensor() { device_.deallocate(data_); }

void Tensor::write(const std::vector<float>& values) {
  ASSERT_EQ(values.size() * sizeof(float), bytes_);
  device_.copy_to_device(data_, values.data(), bytes_, device_.default_stream());
  device_.default_stream().synchronize();
}

std::vector<float> Tensor::read() const {
  std::vector<float> values(bytes_ / sizeof(float));
  device_.copy_to_host(values.data(), data_, bytes_, device_.default_stream());
  device_.default_stream().synchronize();
  return values;
}

std::vector<float> counting(size_t count, float first) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

std::string mode_name(const testing::TestParamInfo<const char*>& info) {
  const std::string spec = info.param;
  const size_t equals = spec.find('=');
  return equals == std::string::npos ? "unified" : spec.substr(equals + 1);
}

}  // namespace tenon::runtime
