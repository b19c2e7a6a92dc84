// SPDX-License-Identifier: Apache-2.0
//
// A network of two layers on one device, and its training step: forward, backward and update, made
// of the seven operators that the plugin template has. Weights, data and gradients stay on the
// device; the host sees the loss alone.
//
// Kernels are described once, for tensors of any dims and strides: a transposed matrix is a view.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "tenon/tenon.hpp"

namespace example {

// A matrix of a device, in memory of its own.
struct Matrix {
  tenon::Buffer buffer;
  tenon::Tensor view;

  Matrix(const tenon::Device& device, int64_t rows, int64_t columns, tn_dtype dtype = TN_FLOAT32)
      : buffer(device, static_cast<uint64_t>(rows * columns) * tn_dtype_bits(dtype) / 8),
        view(tenon::Tensor::device(buffer.get(), dtype, {rows, columns})) {}

  // The same memory, read by columns.
  tenon::Tensor transposed() const {
    const int64_t strides[] = {1, view.dims()[1]};
    return tenon::Tensor::device(buffer.get(), view.dtype(), {view.dims()[1], view.dims()[0]})
        .with_strides(strides);
  }
};

class Network {
 public:
  // `device` outlives the network. Weights and data are the same everywhere.
  explicit Network(const tenon::Device& device) : device_(device) {
    fill(x_, 1, 1.0f);
    fill(weights_[0], 2, 0.4f);
    fill(weights_[1], 3, 0.4f);
    fill(biases_[0], 4, 0.1f);
    fill(biases_[1], 5, 0.1f);
    write(ones_, std::vector<float>(kRows, 1.0f));
    write(minus_target_, targets(values(1, kRows * kInputs, 1.0f)));
  }

  // One step of gradient descent; the loss before it.
  double step() {
    // Forward: p = relu(x * w0 + b0) * w1 + b1.
    multiply(x_.view, weights_[0].view, hidden_);
    add_.launch(stream_, {hidden_.view, biases_[0].view}, hidden_.view);
    relu_.launch(stream_, {hidden_.view}, active_.view);
    multiply(active_.view, weights_[1].view, error_);
    add_.launch(stream_, {error_.view, biases_[1].view}, error_.view);
    // The loss is the mean of (p - target)^2.
    add_.launch(stream_, {error_.view, minus_target_.view}, error_.view);
    multiply(error_.transposed(), error_.view, loss_);

    // Backward. Relu lets through what it was positive for.
    scale(error_, 2.0f / kRows);
    multiply(active_.transposed(), error_.view, weight_gradients_[1]);
    multiply(ones_.transposed(), error_.view, bias_gradients_[1]);
    multiply(error_.view, weights_[1].transposed(), hidden_);
    to_bool_.launch(stream_, {active_.view}, positive_.view);
    to_float_.launch(stream_, {positive_.view}, active_.view);
    mul_.launch(stream_, {hidden_.view, active_.view}, hidden_.view);
    multiply(x_.transposed(), hidden_.view, weight_gradients_[0]);
    multiply(ones_.transposed(), hidden_.view, bias_gradients_[0]);

    for (int layer = 0; layer < 2; ++layer) {
      update(weights_[layer], weight_gradients_[layer]);
      update(biases_[layer], bias_gradients_[layer]);
    }
    float loss = 0;
    stream_.read(&loss, loss_.buffer, 0, sizeof(loss));
    stream_.synchronize();
    return loss / kRows;
  }

 private:
  static constexpr int64_t kRows = 64, kInputs = 8, kHidden = 16;
  static constexpr float kRate = 0.1f;

  // An operator of any dims and strides. With `in_place` the output replaces the first input.
  class Operator {
   public:
    Operator(const tenon::Device& device, const char* name, int32_t version,
             std::initializer_list<tenon::Argument> inputs, tn_dtype result = TN_FLOAT32,
             bool in_place = false)
        : device_(device), kernel_(device, describe(name, version, inputs, result, in_place)) {}

    void launch(const tenon::Stream& stream, std::initializer_list<tenon::Tensor> inputs,
                const tenon::Tensor& output) const {
      std::vector<const tn_tensor*> pointers;
      for (const tenon::Tensor& input : inputs) pointers.push_back(input.get());
      const tn_tensor* result = output.get();
      tn_launch launch = tenon::launch_of(pointers, {&result, 1});
      // Memory for the kernel's own use. It may go while the launch is queued.
      tenon::Buffer workspace{nullptr};
      if (kernel_.needs_workspace()) {
        if (const uint64_t size = kernel_.workspace_size(launch); size != 0)
          workspace = tenon::Buffer(device_, size);
        launch.workspace = workspace.get();
      }
      kernel_.launch(stream, launch);
    }

   private:
    static tenon::KernelDesc describe(const char* name, int32_t version,
                                      std::initializer_list<tenon::Argument> inputs,
                                      tn_dtype result, bool in_place) {
      tenon::KernelDesc desc{"", name, version};
      for (const tenon::Argument& input : inputs) desc.input(input);
      tenon::Argument output = tenon::Argument::dynamic(result, 2);
      desc.output(in_place ? output.aliasing(0) : output);
      if (std::string(name) == "Cast") desc.attribute("to", int64_t{result});
      return desc;
    }

    const tenon::Device& device_;
    const tenon::Kernel kernel_;
  };

  static tenon::Argument matrix(tn_dtype dtype = TN_FLOAT32) {
    return tenon::Argument::dynamic(dtype, 2);
  }

  // The same pseudo-random values in [-range, range] for the same seed.
  static std::vector<float> values(uint32_t seed, int64_t count, float range) {
    std::vector<float> result;
    for (uint32_t state = seed * 2654435761u; count > 0; --count) {
      state = state * 1664525u + 1013904223u;
      result.push_back((static_cast<float>(state >> 8) / (1 << 23) - 1) * range);
    }
    return result;
  }
  // What is to be learned: the larger of two of the inputs, negated.
  static std::vector<float> targets(const std::vector<float>& x) {
    std::vector<float> result;
    for (size_t row = 0; row < x.size(); row += kInputs)
      result.push_back(-std::max(x[row], x[row + 1]));
    return result;
  }

  void write(const Matrix& matrix, const std::vector<float>& from) {
    stream_.write(matrix.buffer, 0, from.data(), from.size() * sizeof(float));
    stream_.synchronize();
  }
  void fill(const Matrix& matrix, uint32_t seed, float range) {
    write(matrix, values(seed, matrix.view.element_count(), range));
  }

  void multiply(const tenon::Tensor& a, const tenon::Tensor& b, const Matrix& result) {
    matmul_.launch(stream_, {a, b}, result.view);
  }
  // The factor is a value of the host, given at launch.
  void scale(const Matrix& matrix, float factor) {
    scale_.launch(stream_, {matrix.view, tenon::Tensor::scalar(factor)}, matrix.view);
  }
  void update(const Matrix& parameter, const Matrix& gradient) {
    scale(gradient, -kRate);
    add_.launch(stream_, {parameter.view, gradient.view}, parameter.view);
  }

  const tenon::Device& device_;
  tenon::Stream stream_{device_};
  const Operator matmul_{device_, "MatMul", 13, {matrix(), matrix()}};
  const Operator relu_{device_, "Relu", 14, {matrix()}};
  const Operator add_{device_, "Add", 14, {matrix(), matrix()}, TN_FLOAT32, true};
  const Operator mul_{device_, "Mul", 14, {matrix(), matrix()}, TN_FLOAT32, true};
  const Operator scale_{device_,    "Mul", 14, {matrix(), tenon::Argument::host(TN_FLOAT32)},
                        TN_FLOAT32, true};
  const Operator to_bool_{device_, "Cast", 25, {matrix()}, TN_BOOL};
  const Operator to_float_{device_, "Cast", 25, {matrix(TN_BOOL)}};

  const Matrix x_{device_, kRows, kInputs}, minus_target_{device_, kRows, 1},
      ones_{device_, kRows, 1};
  const Matrix weights_[2] = {{device_, kInputs, kHidden}, {device_, kHidden, 1}},
               biases_[2] = {{device_, 1, kHidden}, {device_, 1, 1}},
               weight_gradients_[2] = {{device_, kInputs, kHidden}, {device_, kHidden, 1}},
               bias_gradients_[2] = {{device_, 1, kHidden}, {device_, 1, 1}};
  const Matrix hidden_{device_, kRows, kHidden}, active_{device_, kRows, kHidden},
      positive_{device_, kRows, kHidden, TN_BOOL}, error_{device_, kRows, 1}, loss_{device_, 1, 1};
};

}  // namespace example
