// SPDX-License-Identifier: Apache-2.0
//
// Descriptions of kernels with owned storage: Argument, Attribute and KernelDesc. Plain values that
// can be copied and stored before anything is created.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tenon/cpp/constant.hpp"
#include "tenon/cpp/tensor.hpp"

namespace tenon {

// One input or output.
struct Argument {
  tn_argument_kind kind = TN_ARGUMENT_ABSENT;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  int32_t rank = 0;
  int32_t alias = 0;              // See tn_argument.
  std::vector<int64_t> dims;      // Empty: all dynamic.
  std::vector<int64_t> min_dims;  // Empty: 0.
  std::vector<int64_t> max_dims;  // Empty: no bounds known.
  std::vector<int32_t> symbols;   // Empty: no dims are known to be equal.
  std::vector<int64_t> strides;   // Empty: all dynamic.
  uint32_t flags = 0;             // TN_ARGUMENT_DENSE
  uint32_t alignment = 0;         // Bytes that offsets are a multiple of; 0: the element's size.
  tn_layout layout = TN_LAYOUT_STRIDED;
  Constant constant;
  const void* host_data = nullptr;  // Borrowed until the kernel has been created.

  static Argument absent() { return {}; }
  // Dense row-major, all dims known.
  static Argument device(tn_dtype dtype, std::vector<int64_t> dims) {
    Argument argument = make(TN_ARGUMENT_DEVICE, dtype, std::move(dims));
    argument.strides = dense_strides(argument.dims);
    return argument;
  }
  // Dims and strides are given at launch.
  static Argument dynamic(tn_dtype dtype, int32_t rank) {
    Argument argument;
    argument.kind = TN_ARGUMENT_DEVICE;
    argument.dtype = dtype;
    argument.rank = rank;
    return argument;
  }
  // Values on the host, given at launch.
  static Argument host(tn_dtype dtype, std::vector<int64_t> dims = {}) {
    return make(TN_ARGUMENT_HOST, dtype, std::move(dims));
  }
  static Argument of_constant(Constant value, tn_dtype dtype, std::vector<int64_t> dims,
                              tn_layout layout = TN_LAYOUT_STRIDED) {
    Argument argument = make(TN_ARGUMENT_CONSTANT, dtype, std::move(dims));
    argument.constant = std::move(value);
    argument.layout = layout;
    return argument;
  }
  // Dense row-major host memory, borrowed until the kernel has been created.
  static Argument of_constant(const void* data, tn_dtype dtype, std::vector<int64_t> dims) {
    Argument argument = make(TN_ARGUMENT_CONSTANT, dtype, std::move(dims));
    argument.host_data = data;
    return argument;
  }

  Argument& with_strides(std::vector<int64_t> value) {
    strides = std::move(value);
    return *this;
  }
  Argument& with_layout(tn_layout value) {
    layout = value;
    if (layout != TN_LAYOUT_STRIDED) strides.clear();
    return *this;
  }
  Argument& with_min_dims(std::vector<int64_t> value) {
    min_dims = std::move(value);
    return *this;
  }
  Argument& with_max_dims(std::vector<int64_t> value) {
    max_dims = std::move(value);
    return *this;
  }
  // A number for each dim; equal ones, other than 0, stand for equal dims throughout the kernel.
  Argument& with_symbols(std::vector<int32_t> value) {
    symbols = std::move(value);
    return *this;
  }
  // Dense row-major, whatever the dims are at launch.
  Argument& dense() {
    flags |= TN_ARGUMENT_DENSE;
    strides.clear();
    return *this;
  }
  Argument& with_alignment(uint32_t bytes) {
    alignment = bytes;
    return *this;
  }
  // An output that replaces this input, or an input that is the same view as it.
  Argument& aliasing(int32_t input) {
    alias = input + 1;
    return *this;
  }

  // Row-major strides; TN_DYNAMIC where a dynamic dim comes after.
  static std::vector<int64_t> dense_strides(const std::vector<int64_t>& dims) {
    std::vector<int64_t> strides(dims.size());
    int64_t stride = 1;
    for (size_t i = dims.size(); i-- > 0;) {
      strides[i] = stride;
      stride = stride == TN_DYNAMIC || dims[i] == TN_DYNAMIC ? TN_DYNAMIC : stride * dims[i];
    }
    return strides;
  }

 private:
  static Argument make(tn_argument_kind kind, tn_dtype dtype, std::vector<int64_t> dims) {
    Argument argument;
    argument.kind = kind;
    argument.dtype = dtype;
    argument.rank = static_cast<int32_t>(dims.size());
    argument.dims = std::move(dims);
    return argument;
  }
};

// An attribute's host tensor, owned.
struct AttributeTensor {
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  std::vector<int64_t> dims;
  std::vector<unsigned char> data;
};

using AttributeValue =
    std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
                 std::vector<std::string>, AttributeTensor, std::vector<AttributeTensor>>;

struct Attribute {
  std::string name;
  AttributeValue value;
};

// What to make a kernel of.
struct KernelDesc {
  std::string domain;  // "" is ONNX's own.
  std::string name;
  int32_t version = 0;
  uint32_t flags = 0;
  tn_math_mode math_mode = TN_MATH_STRICT;
  std::vector<Argument> inputs = {};
  std::vector<Argument> outputs = {};
  std::vector<Attribute> attributes = {};

  KernelDesc& input(Argument argument) {
    inputs.push_back(std::move(argument));
    return *this;
  }
  KernelDesc& output(Argument argument) {
    outputs.push_back(std::move(argument));
    return *this;
  }
  KernelDesc& attribute(std::string attribute_name, AttributeValue value) {
    attributes.push_back({std::move(attribute_name), std::move(value)});
    return *this;
  }
};

}  // namespace tenon
