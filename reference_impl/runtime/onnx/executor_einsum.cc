// SPDX-License-Identifier: Apache-2.0
//
// Einsum nodes: see einsum.h.
#include "runtime/onnx/einsum.h"
#include "runtime/onnx/executor.h"
#include "runtime/onnx/executor_parts.h"

namespace tenon::runtime::onnx_import {

class Executor::Contractions final : public EinsumCalls {
 public:
  Contractions(Executor& executor, bool host) : executor_(executor), host_(host) {}

  Tensor multiply(const Tensor& a, const Tensor& b, std::vector<int64_t> dims) override {
    static const Operation operation{"Mul"};
    return of_two(operation, a, b, std::move(dims));
  }
  Tensor matmul(const Tensor& a, const Tensor& b, std::vector<int64_t> dims) override {
    static const Operation operation{"MatMul"};
    return of_two(operation, a, b, std::move(dims));
  }
  Tensor sum(const Tensor& x, std::vector<int64_t> axes, std::vector<int64_t> dims) override {
    static const Operation operation{"ReduceSum", {{"keepdims", int64_t{0}}}};
    const auto count = static_cast<int64_t>(axes.size());
    const Argument in[] = {x.argument(), Argument::host(axes.data(), TN_INT64, {&count, 1})};
    const Tensor tensors[] = {x, {}};
    return call(operation, in, tensors, x.dtype, std::move(dims));
  }
  Tensor dense(const Tensor& x) override { return executor_.dense(x); }
  Ran ran() const { return ran_; }

 private:
  Tensor of_two(const Operation& operation, const Tensor& a, const Tensor& b,
                std::vector<int64_t> dims) {
    const Argument in[] = {a.argument(), b.argument()};
    const Tensor tensors[] = {a, b};
    return call(operation, in, tensors, a.dtype, std::move(dims));
  }
  Tensor call(const Operation& operation, std::span<const Argument> in,
              std::span<const Tensor> tensors, tn_dtype dtype, std::vector<int64_t> dims) {
    Tensor made = executor_.allocate(dtype, std::move(dims), host_);
    const Argument out = made.argument();
    const Ran ran = executor_.run_on(host_, operation, in, tensors, {&out, 1}, {&made, 1});
    if (ran == Ran::kFallback) ran_ = ran;
    return made;
  }

  Executor& executor_;
  bool host_;
  Ran ran_ = Ran::kDevice;
};

Ran Executor::run_einsum(const Node& node, std::span<Tensor> inputs, bool host, Values& values) {
  for (size_t i = 0; i < inputs.size(); ++i)
    inputs[i] = host ? on_host(inputs[i]) : placed_on_device(node.inputs[i], inputs[i]);
  Contractions calls(*this, host);
  if (const auto equation = given_attribute<std::string>(node, "equation"))
    values[static_cast<size_t>(node.outputs[0])] = einsum(*equation, inputs, calls);
  return calls.ran();
}

}  // namespace tenon::runtime::onnx_import
